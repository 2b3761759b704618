use serde_json::{Value, json};

use super::super::socket::read_payloads;

#[test]
fn what_a_subscription_answers_may_have_three_forms() {
    let one = json!({ "sessionId": "a", "events": [] });
    let ids = |data: Value| read_payloads(&data).into_iter().map(|payload| payload.unwrap().place).collect::<Vec<_>>();
    assert_eq!(ids(json!({ "sessions": [one, { "sessionId": "b" }] })), ["a", "b"]);
    assert_eq!(ids(json!([one])), ["a"]);
    assert_eq!(ids(one), ["a"]);
    for nothing in [json!(null), json!(true), json!({}), json!("text")] {
        assert!(ids(nothing).is_empty());
    }
}
