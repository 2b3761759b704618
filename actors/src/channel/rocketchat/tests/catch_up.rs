use serde_json::json;

use super::super::api::Found;
use super::super::catch_up::Missed;
use super::super::message::Message;
use crate::channel::seen::Seen;

/// A list, how many are taken, those that are, and how many are left out.
type Case<'a> = (&'a [(&'a str, i64)], u32, &'a [&'a str], u64);

fn order(list: &[(&str, i64)], seen: &Seen, max: u32) -> (Vec<String>, u64) {
    let message = |(id, at): &(&str, i64)| {
        Message::read(&json!({ "_id": id, "rid": "r", "msg": "x", "ts": at, "u": { "_id": "u" } })).unwrap()
    };
    let found = Found { messages: list.iter().map(message).collect(), bad: Vec::new() };
    let missed = Missed { found, left_out: 0 }.unseen(seen, max);
    (missed.found.messages.into_iter().map(|message| message.id).collect(), missed.left_out)
}

#[test]
fn messages_of_one_millisecond_stay_as_they_were_written() {
    let cases: [Case<'_>; 6] = [
        (&[("c", 2), ("b", 2), ("a", 1)], 9, &["a", "b", "c"], 0),
        (&[("c", 1), ("b", 1), ("a", 1)], 9, &["a", "b", "c"], 0),
        (&[("a", 1), ("b", 2), ("c", 2)], 9, &["a", "b", "c"], 0),
        (&[("d", 2), ("c", 2), ("b", 1), ("a", 1)], 3, &["b", "c", "d"], 1),
        (&[("a", 1)], 9, &["a"], 0),
        (&[], 9, &[], 0),
    ];
    for (list, max, expected, left_out) in cases {
        assert_eq!(
            order(list, &Seen::default(), max),
            (expected.iter().map(|id| (*id).to_owned()).collect(), left_out),
            "{list:?}"
        );
    }
}

#[test]
fn what_went_by_already_takes_no_place_of_what_was_missed() {
    let mut seen = Seen::default();
    ["d", "c", "b"].iter().for_each(|id| assert!(!seen.again(id)));
    let list = [("d", 4), ("c", 3), ("b", 2), ("a", 1)];
    assert_eq!(order(&list, &seen, 3), (vec!["a".to_owned()], 0));
}
