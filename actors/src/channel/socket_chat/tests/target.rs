use proptest::prelude::*;

use super::super::target::{Parsed, bare_group, bare_peer, parse};

fn peer(id: &str) -> Parsed {
    Parsed::Peer(id.into())
}

fn group(id: &str, mentions: &[&str]) -> Parsed {
    Parsed::Group { id: id.into(), mentions: mentions.iter().map(|id| (*id).to_owned()).collect() }
}

#[test]
fn every_form_is_read() {
    let cases = [
        ("wxid_abc", peer("wxid_abc")),
        ("  Socket-Chat:wxid_Abc ", peer("wxid_Abc")),
        ("SC: wxid_abc", peer("wxid_abc")),
        ("group:roomid_x", group("roomid_x", &[])),
        ("socket-chat:GROUP:roomid_x", group("roomid_x", &[])),
        ("socket-chat:room:roomid_x", group("roomid_x", &[])),
        ("group:roomid_x@wxid_a,wxid_b", group("roomid_x", &["wxid_a", "wxid_b"])),
        ("group:roomid_x@ wxid_a , ,wxid_b,", group("roomid_x", &["wxid_a", "wxid_b"])),
        ("group:roomid_x@", group("roomid_x", &[])),
        ("group:1@chatroom", group("1@chatroom", &[])),
        ("group:1@Chatroom", group("1@Chatroom", &[])),
        ("group:1@im.chatroom", group("1@im.chatroom", &[])),
        ("group:1@chatroom@wxid_a", group("1@chatroom", &["wxid_a"])),
        ("group:1@chatroom@wxid_a,wxid_b", group("1@chatroom", &["wxid_a", "wxid_b"])),
        ("group:1@chatroom|wxid_a, wxid_b", group("1@chatroom", &["wxid_a", "wxid_b"])),
        ("group:roomid_x|", group("roomid_x", &[])),
        ("group:1@chatroom|a@openim,b", group("1@chatroom", &["a@openim", "b"])),
        ("用户", peer("用户")),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_names_nobody_is_refused_with_the_forms() {
    for text in
        ["", "  ", "socket-chat:", "group:", "socket-chat:group:", "group:@wxid_a", "group:|wxid_a", "a\nb", &"x".repeat(600)]
    {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with("Invalid socket-chat target: \""), "{text}: {error}");
        assert!(error.contains("group:roomid_xxx|wxid_a") && error.len() < 500, "{text}: {error}");
    }
    assert!(parse("").unwrap_err().to_string().starts_with("Invalid socket-chat target: \"\""));
}

#[test]
fn list_entries_lose_their_prefixes() {
    assert_eq!(bare_peer(" SC:wxid_a "), "wxid_a");
    assert_eq!(bare_peer("socket-chat:wxid_a"), "wxid_a");
    assert_eq!(bare_peer("*"), "*");
    assert_eq!(bare_group("socket-chat:group:1@chatroom"), "1@chatroom");
    assert_eq!(bare_group("Room:1@chatroom"), "1@chatroom");
}

proptest! {
    #[test]
    fn any_text_is_safe(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn what_the_bar_form_says_comes_back(id in "[a-z0-9_]{1,20}(@chatroom)?", mentions in prop::collection::vec("wxid_[a-z0-9]{1,8}", 0..5)) {
        let text = format!("group:{id}|{}", mentions.join(","));
        prop_assert_eq!(parse(&text), Ok(Parsed::Group { id, mentions }));
    }

    #[test]
    fn what_the_at_form_says_comes_back(id in "[a-z0-9_]{1,20}(@chatroom)?", mentions in prop::collection::vec("wxid_[a-z0-9]{1,8}", 1..5)) {
        let text = format!("socket-chat:group:{id}@{}", mentions.join(","));
        prop_assert_eq!(parse(&text), Ok(Parsed::Group { id, mentions }));
    }
}
