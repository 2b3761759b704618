//! The control plane over its socket, as clients meet it.

use serde_json::Value;

mod cli;
mod devices;
mod fuzz;
mod groups;
mod hello;
mod resilience;
mod socket;
mod turns;

/// Returns every method as the docs have it, by name.
fn methods() -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.schema.json")).expect("the page");
    let mut page: Value = serde_json::from_str(&text).expect("JSON");
    let Value::Object(methods) = page["methods"].take() else { panic!("methods") };
    methods.into_iter().collect()
}
