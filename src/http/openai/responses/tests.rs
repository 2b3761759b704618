//! Any body is read or refused, and what was given is remembered within bounds.

use std::time::Duration;

use actix_web::ResponseError as _;
use callboard_actors::core::Clock;
use callboard_actors::message::SessionKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::book::{Given, ResponseBook};
use super::input::messages;
use super::request::ResponseRequest;
use crate::http::openai::attached::{BodyRules, read_texts};
use crate::http::openai::prompt::question;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!({ "role": "user", "content": "x" })),
        Just(json!({ "type": "function_call", "call_id": "c", "name": "n", "arguments": "{}" })),
        Just(json!({ "type": "function_call_output", "call_id": "c", "output": "o" })),
        Just(json!({ "type": "input_file", "filename": "a", "file_data": "data:text/plain;base64,YQ==" })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let names = ["type", "role", "content", "text", "call_id", "output", "source", "input"];
        let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn read(body: &[u8]) {
    let asked = ResponseRequest::parse(body).and_then(|request| {
        let mut messages = messages(&request.input, &[])?;
        read_texts(&mut messages, &BodyRules::responses())?;
        question(messages)
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
    fn any_input_is_read_or_refused(input in any_json(), items in prop::collection::vec(any_json(), 0..5)) {
        read(json!({ "input": input }).to_string().as_bytes());
        read(json!({ "input": items }).to_string().as_bytes());
        read(input.to_string().as_bytes());
    }
}

#[test]
fn files_in_what_came_of_a_call_are_read_with_it() {
    let text = json!({ "type": "output_text", "text": "two files" });
    let file = |name: &str| json!({ "type": "input_file", "filename": name, "file_data": "data:text/plain;base64,YQ==" });
    let block = |name: &str| format!("<file name=\"{name}\">\na\n</file>");
    let cases = [
        (vec![text, file("a"), file("b")], format!("two files\n{}\n{}", block("a"), block("b"))),
        (vec![file("a")], block("a")),
    ];
    for (output, told) in cases {
        let call = json!({ "type": "function_call", "call_id": "c", "name": "n", "arguments": "{}" });
        let result = json!({ "type": "function_call_output", "call_id": "c", "output": output });
        let mut read = messages(&json!([{ "role": "user", "content": "x" }, call, result]), &[]).unwrap();
        read_texts(&mut read, &BodyRules::responses()).unwrap();
        assert_eq!(read.last().unwrap().content.with_links(), told);
    }
}

fn given(id: usize, open_bytes: usize) -> Given {
    Given {
        id: id.to_string(),
        agent: "main".into(),
        session: SessionKey::new("agent:main:main"),
        open: Vec::new().into(),
        open_bytes,
    }
}

#[test]
fn answers_are_known_for_a_while_and_so_many_at_a_time() {
    let clock = Clock::manual(0);
    let book = ResponseBook::new(clock.clone());
    book.remember(given(1, 0));
    clock.advance(Duration::from_secs(3_600));
    assert!(book.find("1").is_some());
    clock.advance(Duration::from_secs(1));
    assert!(book.find("1").is_none() && book.find("2").is_none());
    for id in 0..4_097 {
        book.remember(given(id, 0));
    }
    assert!(book.find("0").is_none() && book.find("1").is_some() && book.find("4096").is_some());
    for id in 5_000..5_010 {
        book.remember(given(id, 5 * 1024 * 1024));
    }
    assert!(book.find("4096").is_none() && book.find("5003").is_none() && book.find("5004").is_some());
}
