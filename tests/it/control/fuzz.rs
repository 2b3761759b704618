//! Every method with parameters made by chance from the schema that the docs give: whatever they are, it answers, and nothing of
//! the gateway falls.

#[path = "../../../src/ws/tests/dice.rs"]
mod dice;

use serde_json::{Value, json};

use self::dice::{Dice, cases};
use crate::harness::control::ControlClient;
use crate::harness::gateway::Gateway;

/// How long a method may be asked to wait, milliseconds.
const WAIT_MS: u64 = 20;

/// How many requests are asked before their answers are read; whoever reads none for long is cut.
const AT_A_TIME: usize = 16;

/// The codes that clients know; `INTERNAL` is none of them, being a fault of ours.
const CODES: [&str; 6] = ["INVALID_REQUEST", "UNAVAILABLE", "NOT_FOUND", "AGENT_TIMEOUT", "NOT_LINKED", "FORBIDDEN"];

/// Makes parameters: every other time such as fit, and such as nearly do.
fn made(case: u64, schema: &Value) -> Value {
    let mut dice = Dice::of_case(case);
    let mut params = dice.make(schema, schema, 0);
    for _ in 0..(case % 2) * 2 {
        dice.spoil(&mut params);
    }
    // Without, some wait for half a minute.
    if let (Some(fields), Some(_)) = (params.as_object_mut(), schema["properties"].get("timeoutMs")) {
        let wait = fields.entry("timeoutMs").or_insert(Value::Null);
        if wait.is_number() || wait.is_null() {
            *wait = WAIT_MS.into();
        }
    }
    params
}

#[tokio::test]
async fn every_method_answers_whatever_it_is_asked() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    for (method, about) in super::methods() {
        let schema = &about["params"];
        for begin in (0..cases() / 2).step_by(AT_A_TIME) {
            let mut asked = Vec::with_capacity(AT_A_TIME);
            for case in begin..begin + AT_A_TIME as u64 {
                let params = made(case, schema);
                asked.push((client.send(&method, params.clone()).await, params));
            }
            for (id, params) in asked {
                if let Err(error) = client.answer(&id).await {
                    let (code, message) = (error["code"].as_str().expect("a code"), error["message"].as_str().expect("a text"));
                    assert!(CODES.contains(&code) && !message.is_empty(), "{method} {params}: {error}");
                }
            }
        }
    }
    let actors = client.call("actors.list", json!({})).await.expect("actors");
    for actor in actors["actors"].as_array().expect("a list") {
        assert_eq!(actor["lastError"], Value::Null, "{actor}");
    }
    let health = client.call("health", json!({})).await.expect("health");
    assert_eq!(health["ok"], json!(true), "{health}");
}
