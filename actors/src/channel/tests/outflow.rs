use crate::channel::outflow::Outflow;
use crate::message::{AccountKey, ChatKind, ChatRef, Outbound, OutboxId, Target, TraceId};
use crate::ports::OutboxRow;

fn row(kind: ChatKind, chat: &str, text: &str) -> Box<OutboxRow> {
    let target =
        Target { account: AccountKey::new("mochat", "default"), chat: ChatRef { kind, id: chat.into() }, thread: None };
    let outbound = Outbound::text(target, text.into());
    Box::new(OutboxRow {
        id: OutboxId::new(),
        seq: 1,
        attempts: 0,
        resent: false,
        created_ms: 0,
        outbound,
        trace: TraceId::new(),
    })
}

#[test]
fn one_message_of_a_chat_is_on_its_way_whatever_the_chat_is_called() {
    let mut outflow = Outflow::default();
    for (kind, chat, text) in
        [(ChatKind::Direct, "s", "1"), (ChatKind::Group, "s", "2"), (ChatKind::Channel, "p", "3"), (ChatKind::Direct, "s", "4")]
    {
        outflow.hold(row(kind, chat, text)).unwrap();
    }
    let mut next = || outflow.next().map(|row| row.outbound.text);
    assert_eq!([next(), next(), next()], [Some("1".into()), Some("3".into()), None]);
    assert!(outflow.has("p") && !outflow.has("q"));
    outflow.over("s");
    assert_eq!(outflow.next().unwrap().outbound.text, "2");
    assert!(outflow.next().is_none());
}
