//! Labels and help for forms, made from the schema.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::config::reload::class_of;
use crate::config::schema::{types, walk_known};
use crate::config::secret;

/// Words that are not written as they are spoken.
const SHORT: [&str; 14] = ["api", "ui", "url", "id", "http", "tls", "ca", "mqtt", "dm", "ms", "ip", "pem", "qos", "ttl"];

/// How a form shows a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hint {
    /// What it is called.
    pub label: String,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether its value is a secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// The group that it belongs to.
    pub group: String,
    /// Its place within the page.
    pub order: usize,
    /// What a change of it needs: `none`, `hot`, `account`, `gateway`.
    pub reload: &'static str,
}

/// Returns the hints by key path; `*` is any key, `[]` any element.
pub(super) fn hints() -> BTreeMap<String, Hint> {
    let mut hints = BTreeMap::new();
    walk_known(&mut |path, schema| {
        let order = hints.len();
        // A key that stands in several alternatives is the first one's.
        hints.entry(path.to_owned()).or_insert_with(|| hint(path, schema, order));
    });
    hints
}

fn hint(path: &str, schema: &Value, order: usize) -> Hint {
    let name = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
    let help = schema.get("description").and_then(Value::as_str);
    Hint {
        label: label(name),
        help: help.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")),
        sensitive: secret::is_secret(name) && types(schema).contains(&"string"),
        group: label(path.split('.').next().unwrap_or(path)),
        order,
        reload: class_of(path).as_str(),
    }
}

/// Returns a key's name as people write it: `trustedProxies` is `Trusted proxies`.
fn label(name: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || matches!(letter, '-' | '_') {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    let spoken = words.into_iter().filter(|word| !word.is_empty()).enumerate().map(|(place, word)| match (place, &*word) {
        (_, word) if SHORT.contains(&word) => word.to_uppercase(),
        (0, word) => word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect(),
        _ => word,
    });
    spoken.collect::<Vec<_>>().join(" ")
}
