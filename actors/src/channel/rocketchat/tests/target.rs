use super::super::target::parse;
use crate::message::ChatKind;

#[test]
fn targets_are_read_in_every_form() {
    for (text, kind, id) in [
        ("GENERAL", ChatKind::Channel, "GENERAL"),
        ("channel:RoomId", ChatKind::Channel, "RoomId"),
        ("Channel: RoomId ", ChatKind::Channel, "RoomId"),
        ("group:RoomId", ChatKind::Channel, "RoomId"),
        ("#general", ChatKind::Channel, "#general"),
        ("channel:#general", ChatKind::Channel, "#general"),
        ("@ann", ChatKind::Direct, "@ann"),
        ("user:UserId", ChatKind::Direct, "UserId"),
        ("user:@ann", ChatKind::Direct, "@ann"),
        ("rocketchat:UserId", ChatKind::Direct, "UserId"),
    ] {
        let chat = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((chat.kind, chat.id.as_str()), (kind, id), "{text}");
    }
    for text in ["", " ", "@", "#", "user:", "channel: ", "two words", "a\u{0}b", &"x".repeat(600)] {
        let error = parse(text).expect_err(text).0;
        assert!(error.contains("Rocket.Chat requires --to") || error.contains("Invalid rocketchat target"), "{error}");
    }
}
