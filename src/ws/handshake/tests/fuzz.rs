//! The first frame, made by chance.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::rig::{Door, TOKEN, afar, here, set};
use crate::ws::handshake::{ConnectParams, Refusal};
use crate::ws::tests::dice::{Dice, cases};

/// What a refusal may say at the most: a few clauses, each with a short name.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

fn check(refusal: &Refusal, params: &Value) {
    assert!(refusal.close_reason.len() <= 120, "{params}: {refusal:?}");
    let answer = refusal.answer.as_deref().unwrap_or_else(|| panic!("{params}: {refusal:?}"));
    assert!(answer.len() <= ANSWER_BYTES_MAX && !answer.contains(TOKEN), "{params}: {answer}");
    let answer: Value = serde_json::from_str(answer).unwrap();
    let (code, message) = (&answer["error"]["code"], answer["error"]["message"].as_str().unwrap());
    assert!(*code == "INVALID_REQUEST" || *code == "NOT_PAIRED", "{params}: {answer}");
    assert!(!message.is_empty() && !message.contains("at root: invalid"), "{params}: {answer}");
}

#[tokio::test]
async fn whatever_a_client_says_first_it_is_let_in_or_told_why_not() {
    let schema = SchemaGenerator::default().into_root_schema_for::<ConnectParams>().to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (mut let_in, mut fitting) = (0, 0);
    for case in 0..cases() * 8 {
        let mut dice = Dice::of_case(case);
        let mut params = dice.make(&schema, &schema, 0);
        if dice.below(2) == 0 {
            params = set(params, "/auth", json!({ "token": TOKEN }));
            params = set(set(params, "/minProtocol", json!(1)), "/device", Value::Null);
        }
        for _ in 0..dice.below(3) {
            dice.spoil(&mut params);
        }
        fitting += u32::from(validator.is_valid(&params));
        let caller = if dice.below(2) == 0 { here() } else { afar() };
        match Door::new().knock(&caller, &params).await {
            Ok(admitted) => {
                let_in += 1;
                assert!(validator.is_valid(&params) && [3, 4, 7].contains(&admitted.protocol), "{params}");
            }
            Err(refusal) => check(&refusal, &params),
        }
    }
    // Both ends are reached.
    assert!(let_in > 10 && u64::from(fitting) > cases() && u64::from(fitting) < cases() * 8, "{let_in} let in, {fitting} fit");
}
