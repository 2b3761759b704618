use proptest::prelude::*;
use serde_json::json;

use crate::client::Incoming;

/// Returns the id to answer under and what is wrong.
fn fault(text: &str) -> (String, String) {
    match Incoming::parse(text) {
        Incoming::Invalid { id, why } => (id, why),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn requests_are_read() {
    let long = "i".repeat(256);
    for (text, id, method, params) in [
        (r#"{"type":"req","id":"1","method":"health"}"#, "1", "health", None),
        (r#" {"params":null,"method":"m","id":"a b","type":"req"} "#, "a b", "m", None),
        (r#"{"type":"req","id":"1","method":"m","params":[1, 2]}"#, "1", "m", Some("[1, 2]")),
        (&json!({ "type": "req", "id": long, "method": "m", "params": "x" }).to_string(), &*long, "m", Some("\"x\"")),
    ] {
        let Incoming::Request(request) = Incoming::parse(text) else { panic!("{text} is a request") };
        let found = request.params.as_ref().map(|params| params.get());
        assert_eq!((&*request.id, &*request.method, found.filter(|found| *found != "null")), (id, method, params), "{text}");
    }
}

#[test]
fn what_is_no_request_is_told_under_its_id() {
    let long = json!({ "type": "req", "id": "i".repeat(257), "method": "m" }).to_string();
    for (text, id, why) in [
        (r#"{"type":"req","method":"m"}"#, "invalid", "must have required property 'id'"),
        (r#"{"type":"req","id":"1"}"#, "1", "must have required property 'method'"),
        (r#"{"id":"1","method":"m"}"#, "1", "must have required property 'type'"),
        (
            "{}",
            "invalid",
            "must have required property 'type'; must have required property 'id'; must have required property 'method'",
        ),
        (r#"{"type":"res","id":"1","method":"m"}"#, "1", "at /type: must be equal to constant"),
        (r#"{"type":7,"id":"1","method":"m"}"#, "1", "at /type: must be equal to constant"),
        (r#"{"type":"req","id":"","method":"m"}"#, "invalid", "at /id: must NOT have fewer than 1 characters"),
        (r#"{"type":"req","id":1,"method":"m"}"#, "invalid", "at /id: must be string"),
        (r#"{"type":"req","id":"1","method":""}"#, "1", "at /method: must NOT have fewer than 1 characters"),
        (r#"{"type":"req","id":"1","method":null}"#, "1", "at /method: must be string"),
        (r#"{"type":"req","id":"1","method":"m","foo":1}"#, "1", "at root: unexpected property 'foo'"),
        (r#"{"type":"req","id":"1","id":"2","method":"m"}"#, "2", "a property stands in it twice"),
        (&long, "invalid", "at /id: must NOT have more than 256 characters"),
        ("[]", "invalid", "at root: must be object"),
        ("null", "invalid", "at root: must be object"),
        ("7", "invalid", "at root: must be object"),
    ] {
        assert_eq!(fault(text), (id.to_owned(), why.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_json_is_noise() {
    let deep = "[".repeat(100_000);
    for text in ["", " ", "no json", "{", "{\"type\":\"req\"", "\u{feff}{}", "{}{}", "NaN", &deep] {
        assert!(matches!(Incoming::parse(text), Incoming::NotJson), "{text:.20}");
    }
}

/// Returns JSON of any form, most of it nearly a request.
fn nearly() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        "\\PC{0,12}".prop_map(|value| json!(value)),
        Just(json!("req")),
        Just(json!("")),
    ];
    let any = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    });
    let names = prop_oneof![Just("type"), Just("id"), Just("method"), Just("params"), Just("x")].prop_map(str::to_owned);
    prop::collection::btree_map(names, any, 0..6).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = Incoming::parse(&text);
    }

    #[test]
    fn whatever_is_read_is_a_whole_request_or_says_why_not(frame in nearly()) {
        match Incoming::parse(&frame.to_string()) {
            Incoming::Request(request) => {
                prop_assert_eq!(frame["id"].as_str(), Some(&*request.id));
                prop_assert_eq!(frame["method"].as_str(), Some(&*request.method));
                prop_assert!(!request.id.is_empty() && !request.method.is_empty() && frame["type"] == "req");
            }
            Incoming::Invalid { id, why } => prop_assert!(!id.is_empty() && !why.is_empty()),
            Incoming::NotJson => prop_assert!(false, "it is JSON"),
        }
    }
}
