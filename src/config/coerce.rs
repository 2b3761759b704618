//! A variable's value is always a text: where a number or a switch belongs, `"${PORT}"` means the number in it.

use serde_json::Value;

use super::schema::{alternatives, types};

/// Turns texts into the numbers and switches that the schema wants in their places; everything else stays.
pub(super) fn coerce(value: &mut Value, schema: &Value) {
    match value {
        Value::String(text) => {
            if let Some(meant) = meant(text, &types(schema)) {
                *value = meant;
            }
        }
        Value::Object(map) => map.iter_mut().for_each(|(key, item)| with_schema(item, schema, |schema| below(schema, key))),
        Value::Array(items) => items.iter_mut().for_each(|item| with_schema(item, schema, |schema| schema.get("items"))),
        _ => {}
    }
}

/// Goes on below a schema, or below each of its alternatives that has something there.
fn with_schema<'a>(item: &mut Value, schema: &'a Value, step: impl Fn(&'a Value) -> Option<&'a Value>) {
    std::iter::once(schema).chain(alternatives(schema)).filter_map(step).for_each(|below| coerce(item, below));
}

fn below<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    let named = schema.get("properties").and_then(|properties| properties.get(key));
    named.or_else(|| schema.get("additionalProperties"))
}

fn meant(text: &str, types: &[&str]) -> Option<Value> {
    let text = text.trim();
    if types.contains(&"string") {
        return None;
    }
    match text {
        "true" | "false" if types.contains(&"boolean") => Some(Value::Bool(text == "true")),
        _ if types.contains(&"integer") => text.parse::<i64>().ok().map(Value::from),
        _ if types.contains(&"number") => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        _ => None,
    }
}
