use serde_json::json;

use super::super::api::Me;
use super::super::mention::{mentions, without};
use super::super::message::Message;

pub(super) fn me() -> Me {
    Me { id: "bot-id".into(), username: "Call.Bot".into(), name: Some("The Bot".into()) }
}

fn message(text: &str, mentioned: &[&str]) -> Message {
    let mentions: Vec<_> = mentioned.iter().map(|id| json!({ "_id": id })).collect();
    let document = json!({ "_id": "m", "rid": "r", "msg": text, "ts": 1, "u": { "_id": "u" }, "mentions": mentions });
    Message::read(&document).unwrap()
}

#[test]
fn a_mention_is_the_servers_word_or_the_name_as_a_word() {
    let cases: [(&str, &[&str], bool); 12] = [
        ("hello", &[], false),
        ("hello", &["bot-id"], true),
        ("hello", &["all"], false),
        ("@all hello", &["all", "here"], false),
        ("@call.bot hello", &[], true),
        ("hi @CALL.BOT, there", &[], true),
        ("hi @call.bot.", &[], true),
        ("@call.bot2 hello", &[], false),
        ("@call.bot.two hello", &[], false),
        ("@call.bot-two", &[], false),
        ("mail me@call.bot now", &[], false),
        ("call.bot", &[], false),
    ];
    for (text, ids, expected) in cases {
        assert_eq!(mentions(&message(text, ids), &me()), expected, "{text} {ids:?}");
    }
}

#[test]
fn only_the_mention_is_taken_out() {
    for (text, left) in [
        ("@call.bot hello", "hello"),
        ("@call.bot: hello", "hello"),
        ("hello @call.bot", "hello"),
        ("hey @call.bot what now", "hey what now"),
        ("@call.bot\n```\n  let a = 1;\n\n  b\n```", "```\n  let a = 1;\n\n  b\n```"),
        ("@call.bot @call.bot hi", "hi"),
        ("@call.bot", ""),
        ("a  b @other", "a  b @other"),
        ("@call.bot2 hello", "@call.bot2 hello"),
        ("grüße @call.bot", "grüße"),
    ] {
        assert_eq!(without(text, &me()), left, "{text}");
    }
}
