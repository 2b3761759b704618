use super::super::target::parse;
use crate::message::ChatKind;

#[test]
fn targets_as_people_write_them() {
    for (text, kind, id) in [
        ("session_1", ChatKind::Direct, "session_1"),
        ("mochat:session_1", ChatKind::Direct, "session_1"),
        ("panel:session_1", ChatKind::Direct, "session_1"),
        ("Session: abc", ChatKind::Direct, "abc"),
        ("p1", ChatKind::Channel, "p1"),
        ("MOCHAT:Group:p1", ChatKind::Channel, "p1"),
        ("channel: p1", ChatKind::Channel, "p1"),
        ("panel:p1", ChatKind::Channel, "p1"),
    ] {
        let chat = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((chat.kind, chat.id.as_str()), (kind, id), "{text}");
    }
    for text in ["", "  ", "mochat:", "panel:", "a b", "panel:a\u{7}"] {
        let error = parse(text).unwrap_err();
        assert!(error.0.contains("expected"), "{error}");
    }
}
