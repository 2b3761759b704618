//! Keys as people have them: `clawToken` and `claw_token` are one setting.

use serde_json::{Map, Value};

use crate::channel::AccountProblem;

/// Keys whose values are objects of settings by ids: the ids stay as they are written.
const BY_ID: [&str; 2] = ["accounts", "groups"];

/// Rewrites the keys of a section, `accounts` and `groups` included, as the reference spells them.
///
/// # Errors
/// Names each setting that is there in both spellings.
pub(super) fn unify(section: &Value) -> Result<Value, Vec<AccountProblem>> {
    let mut problems = Vec::new();
    let unified = rewrite(section, "", &mut problems);
    if problems.is_empty() { Ok(unified) } else { Err(problems) }
}

fn rewrite(value: &Value, path: &str, problems: &mut Vec<AccountProblem>) -> Value {
    let Value::Object(settings) = value else { return value.clone() };
    let mut rewritten = Map::new();
    for (key, value) in settings {
        let name = camel(key);
        let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let value = match value {
            Value::Object(entries) if BY_ID.contains(&name.as_str()) => {
                let each = entries.iter().map(|(id, entry)| (id.clone(), rewrite(entry, &format!("{place}.{id}"), problems)));
                Value::Object(each.collect())
            }
            other => rewrite(other, &place, problems),
        };
        if rewritten.insert(name.clone(), value).is_some() {
            let text = format!("`{name}` is there in two spellings: keep one");
            problems.push(AccountProblem { path: place, text });
        }
    }
    Value::Object(rewritten)
}

/// Returns `clawToken` for `claw_token`; every other key as it is.
fn camel(key: &str) -> String {
    let mut parts = key.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    if name.is_empty() || name.chars().any(char::is_uppercase) {
        return key.to_owned();
    }
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
