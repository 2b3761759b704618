//! Any body is read or refused.

use actix_web::ResponseError as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::attached::{BodyRules, read_texts};
use super::prompt::question;
use super::request::ChatRequest;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!({ "role": "user", "content": "x" })),
        Just(json!({ "role": "user", "content": [{ "type": "file", "file": { "file_data": "YQ==", "filename": "a.csv" } }] })),
        Just(json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://x.test/" } }] })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![
            Just("messages".to_owned()),
            Just("role".to_owned()),
            Just("content".to_owned()),
            Just("type".to_owned()),
            Just("text".to_owned()),
            Just("image_url".to_owned()),
            Just("url".to_owned()),
            "[a-z]{1,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn read(body: &[u8]) {
    let asked = ChatRequest::parse(body).and_then(|mut request| {
        read_texts(&mut request.messages, &BodyRules::chat_completions())?;
        question(request.messages)
    });
    match asked {
        Ok(question) => assert!(!question.text.trim().is_empty() || !question.attached.is_empty()),
        Err(error) => assert_eq!(error.status_code(), 400),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        read(&body);
    }

    #[test]
    fn any_messages_are_read_or_refused(messages in any_json(), whole in any_json()) {
        read(json!({ "messages": messages }).to_string().as_bytes());
        read(json!({ "messages": [messages] }).to_string().as_bytes());
        read(whole.to_string().as_bytes());
    }
}
