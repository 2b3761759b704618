//! Which messages are marked when they are taken in.

use super::stand_in::inbound;
use crate::channel::{AckReaction, AckScope, AckThen};
use crate::message::ChatKind;

#[test]
fn which_messages_are_marked() {
    use AckScope::{All, Direct, Groups, Mentions};
    for (kind, mentioned, marked) in [
        (ChatKind::Direct, true, [true, true, false, false]),
        (ChatKind::Group, false, [true, false, true, false]),
        (ChatKind::Group, true, [true, false, true, true]),
        (ChatKind::Channel, true, [true, false, true, true]),
    ] {
        let mut message = inbound("m1");
        message.route.chat.kind = kind;
        message.mentioned = mentioned;
        let is_for = [All, Direct, Groups, Mentions]
            .map(|scope| AckReaction { emoji: "eyes".into(), scope, then: AckThen::Stays }.is_for(&message));
        assert_eq!(is_for, marked, "{kind:?} {mentioned}");
    }
}
