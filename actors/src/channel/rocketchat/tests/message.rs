use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::message::{Message, Trace, at_ms};

fn document(changes: Value) -> Value {
    let mut document = json!({
        "_id": "m1", "rid": "r1", "msg": "hello", "ts": { "$date": 1000 }, "u": { "_id": "u1", "username": "ann", "name": "Ann" },
        "_updatedAt": { "$date": 1001 }, "mentions": [], "urls": [], "md": []
    });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    document
}

fn read(changes: Value) -> Message {
    Message::read(&document(changes.clone())).unwrap_or_else(|reason| panic!("{changes}: {reason}"))
}

#[test]
fn moments_are_read_in_every_form() {
    for (value, expected) in [
        (json!({ "$date": 1_700_000_000_123_i64 }), Some(1_700_000_000_123)),
        (json!("2023-11-14T22:13:20.123Z"), Some(1_700_000_000_123)),
        (json!(1_700_000_000_123_i64), Some(1_700_000_000_123)),
        (json!({ "$date": { "$date": 1 } }), None),
        (json!("yesterday"), None),
        (json!(null), None),
    ] {
        assert_eq!(at_ms(&value), expected, "{value}");
    }
}

#[test]
fn what_shows_that_a_document_was_changed() {
    for (changes, trace) in [
        (json!({}), Trace::Fresh),
        (json!({ "editedAt": { "$date": 5 }, "editedBy": {} }), Trace::Edited),
        (json!({ "reactions": { ":+1:": { "usernames": ["ann"] } } }), Trace::Touched),
        (json!({ "reactions": {} }), Trace::Fresh),
        (json!({ "urls": [{ "url": "http://h", "meta": { "pageTitle": "x" } }] }), Trace::Touched),
        (json!({ "urls": [{ "url": "http://h", "meta": {} }] }), Trace::Fresh),
        (json!({ "tcount": 1, "replies": ["u"] }), Trace::Touched),
        (json!({ "tcount": 0, "replies": [] }), Trace::Fresh),
        (json!({ "pinned": true }), Trace::Touched),
        (json!({ "starred": [] }), Trace::Fresh),
    ] {
        assert_eq!(read(changes.clone()).trace, trace, "{changes}");
    }
}

#[test]
fn one_upload_is_one_file() {
    let file = json!({ "_id": "f1", "name": "a.png", "type": "image/png" });
    for (changes, files) in [
        (json!({ "file": file, "files": [file], "attachments": [{ "image_url": "/file-upload/f1/a.png" }] }), 1),
        (json!({ "file": file }), 1),
        (json!({ "files": [file, { "_id": "f2", "name": "thumb-a.png", "type": "image/png" }] }), 1),
        (json!({ "files": [file, { "_id": "f3", "name": "b.txt", "type": "text/plain" }, file] }), 2),
        (json!({ "files": ["x", 7], "file": "y" }), 0),
    ] {
        assert_eq!(read(changes.clone()).files.len(), files, "{changes}");
    }
}

#[test]
fn a_quote_is_what_the_server_wrote_into_the_message() {
    let quote = |text: &str| json!({ "message_link": "http://h/direct/x?msg=m0", "author_name": "Ben", "text": text });
    let long = "x".repeat(3000);
    for (changes, text, quotes) in [
        (json!({ "msg": "[ ](http://h/direct/x?msg=m0) agreed", "attachments": [quote("one")] }), "agreed", vec!["one"]),
        (
            json!({ "msg": "[ ](http://h?msg=a) [ ](http://h?msg=b)\nboth", "attachments": [quote("a"), quote("b")] }),
            "both",
            vec!["a", "b"],
        ),
        (json!({ "msg": "x", "attachments": [quote("[ ](http://h?msg=c) deep")] }), "x", vec!["deep"]),
        (json!({ "msg": "[ ] not a link", "attachments": [{ "text": "a file's" }, 7, quote(" ")] }), "[ ] not a link", vec![]),
        (
            json!({ "msg": " as it is", "attachments": [quote("1"), quote("2"), quote("3"), quote("4")] }),
            " as it is",
            vec!["1", "2", "3"],
        ),
    ] {
        let message = read(changes.clone());
        assert_eq!(message.text, text, "{changes}");
        assert_eq!(message.quotes.iter().map(|quote| quote.text.as_str()).collect::<Vec<_>>(), quotes, "{changes}");
    }
    assert_eq!(read(json!({ "attachments": [quote(&long)] })).quotes[0].text.chars().count(), 2001, "it is cut");
}

#[test]
fn what_is_missing_is_named() {
    for (changes, reason) in [
        (json!({ "_id": 7 }), "`_id`"),
        (json!({ "_id": " " }), "empty `_id`"),
        (json!({ "rid": null }), "`rid`"),
        (json!({ "rid": "a\u{0}b" }), "control characters"),
        (json!({ "_id": "x".repeat(600) }), "longer than 512"),
        (json!({ "u": "ann" }), "`u._id`"),
        (json!({ "ts": "soon" }), "`ts`"),
    ] {
        let found = Message::read(&document(changes.clone())).expect_err("a reason");
        assert!(found.contains(reason), "{changes}: {found}");
    }
}

proptest! {
    #[test]
    fn any_document_is_survived(key in "(_id|rid|ts|u|msg|mentions|files|file|urls|t|tmid|reactions|attachments)", text in "\\PC{0,40}", number in any::<f64>()) {
        for value in [json!(text), json!(number), json!([text, number]), json!({ text.clone(): number }), json!(null)] {
            let _ = Message::read(&document(json!({ key.clone(): value })));
        }
    }
}

/// Messages that wait are bounded by their bytes: those of their files were left out.
#[test]
fn what_is_said_of_files_counts_as_memory() {
    let path = format!("/file-upload/x/{}", "y".repeat(4000));
    let file = json!({ "attachments": [{ "title": "t".repeat(100), "image_url": path, "image_type": "image/png" }] });
    let more = read(file).bytes() - read(json!({})).bytes();
    assert!(more >= 4100, "{more}");
}
