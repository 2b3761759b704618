//! What is told of parameters that do not fit: the forms of the protocol's reference, §5.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::ws::params::read;

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is of use")]
enum Mode {
    Now,
    Later,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Part {
    name: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Sample {
    #[schemars(length(min = 1, max = 4))]
    text: String,
    #[serde(default)]
    #[schemars(range(min = 1, max = 9))]
    count: Option<u32>,
    #[serde(default)]
    #[schemars(length(min = 1, max = 2))]
    list: Option<Vec<String>>,
    #[serde(default)]
    mode: Option<Mode>,
    #[serde(default)]
    flag: Option<bool>,
    #[serde(default)]
    part: Option<Part>,
    #[schemars(extend("maxProperties" = 1))]
    #[serde(default)]
    switches: Option<BTreeMap<String, bool>>,
}

fn told(protocol: u32, params: &Value) -> Result<Value, String> {
    let schema = SchemaGenerator::default().into_root_schema_for::<Sample>().to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let raw = RawValue::from_string(params.to_string()).unwrap();
    read("sample", protocol, Some(&raw), Some(&validator)).map_err(|error| error.message)
}

#[test]
fn each_fault_has_its_form() {
    let cases = [
        (json!({}), "must have required property 'text'"),
        (json!({ "text": "a", "more": 1 }), "at root: unexpected property 'more'"),
        (json!({ "text": "" }), "at /text: must NOT have fewer than 1 characters"),
        (json!({ "text": "abcde" }), "at /text: must NOT have more than 4 characters"),
        (json!({ "text": 1 }), "at /text: must be string"),
        (json!({ "text": "a", "count": 0 }), "at /count: must be >= 1"),
        (json!({ "text": "a", "count": 10 }), "at /count: must be <= 9"),
        (json!({ "text": "a", "count": 1.5 }), "at /count: must be integer"),
        (json!({ "text": "a", "list": [] }), "at /list: must NOT have fewer than 1 items"),
        (json!({ "text": "a", "list": ["a", "b", "c"] }), "at /list: must NOT have more than 2 items"),
        (json!({ "text": "a", "list": [1] }), "at /list/0: must be string"),
        (json!({ "text": "a", "flag": "yes" }), "at /flag: must be boolean"),
        (
            json!({ "text": "a", "mode": "soon" }),
            "at /mode: must be equal to constant; at /mode: must match a schema in anyOf (now, later)",
        ),
        (json!({ "text": "a", "part": {} }), "at /part: must have required property 'name'"),
        (json!({ "text": "a", "part": { "name": 1 } }), "at /part/name: must be string"),
        (json!({ "text": "a", "part": 1 }), "at /part: must be object"),
        (json!({ "text": "a", "switches": { "a": 1 } }), "at /switches/a: must be boolean"),
        (json!({ "text": "a", "switches": { "a": true, "b": true } }), "at /switches: must NOT have more than 1 properties"),
        (json!([]), "at root: must be object"),
    ];
    for (params, clause) in cases {
        assert_eq!(told(3, &params), Err(format!("invalid sample params: {clause}")), "{params}");
    }
}

#[test]
fn several_faults_are_told_at_once() {
    let told = told(3, &json!({ "count": 0, "more": 1 })).unwrap_err();
    for clause in ["must have required property 'text'", "at /count: must be >= 1", "at root: unexpected property 'more'"] {
        assert!(told.contains(clause), "{told}");
    }
    assert_eq!(told.matches("; ").count(), 2, "{told}");
}

#[test]
fn many_faults_and_long_names_are_cut_short() {
    let many: serde_json::Map<_, _> = (0..1_000).map(|n| (format!("{n}{}", "ß".repeat(1_000)), json!(n))).collect();
    for params in [json!(many), json!({ "text": "a", "switches": { "x".repeat(10_000): 1 } })] {
        let told = told(3, &params).unwrap_err();
        assert!(told.len() < 8_000 && told.matches("; ").count() < 16, "{told}");
    }
}

#[test]
fn newer_clients_may_say_more_than_is_known() {
    let params = json!({ "text": "a", "more": 1 });
    assert_eq!(told(4, &params), Ok(params));
    assert_eq!(told(4, &json!({ "more": 1 })), Err("invalid sample params: must have required property 'text'".to_owned()));
}

#[test]
fn no_parameters_and_null_are_an_empty_object() {
    for raw in [None, Some(RawValue::NULL)] {
        assert_eq!(read("sample", 3, raw, None), Ok(json!({})));
    }
}
