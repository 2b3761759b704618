//! Checks a tree against the schema, saying where, what and how to mend it. Everything wrong is found in one pass.

use callboard_actors::channel::UNDERSCORES_KEY;
use serde_json::Value;

use super::schema::{Effect, alternatives, effect, known_paths, types};
use super::{KeyPath, Problem, secret};

/// How much of a wrong value is shown.
pub(super) const SHOWN_CHARS_MAX: usize = 40;

/// What a check found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// Keys that are known and have no effect yet.
    pub(super) later: Vec<KeyPath>,
    /// Groups of nothing but such keys.
    pub(super) later_groups: Vec<KeyPath>,
}

/// Checks a value against its schema.
pub(super) fn check(value: &Value, schema: &Value, path: &KeyPath) -> Findings {
    let mut findings = Findings::default();
    findings.value(value, schema, path);
    findings
}

impl Findings {
    fn value(&mut self, value: &Value, schema: &Value, path: &KeyPath) {
        match effect(schema) {
            Effect::Later => return self.later.push(path.clone()),
            Effect::LaterGroup => self.later_groups.push(path.clone()),
            Effect::Real => {}
        }
        if let Some(choices) = choices(schema) {
            self.choice(value, &choices, schema, path);
        } else if alternatives(schema).is_empty() {
            self.plain(value, schema, path);
        } else {
            self.any_of(value, schema, path);
        }
    }

    fn wrong(&mut self, path: &KeyPath, text: impl Into<String>) {
        self.problems.push(Problem::new(path.clone(), text));
    }

    fn any_of(&mut self, value: &Value, schema: &Value, path: &KeyPath) {
        let found: Vec<_> = alternatives(schema).iter().map(|one| (one, check(value, one, path))).collect();
        let good = found.iter().position(|(_, found)| found.problems.is_empty());
        // When none fits, the one of the same type is the one that was meant.
        let meant = good.or_else(|| found.iter().position(|(one, _)| fits_type(value, &types(one))));
        match meant.and_then(|place| found.into_iter().nth(place)) {
            Some((_, found)) => {
                self.problems.extend(found.problems);
                self.later.extend(found.later);
                self.later_groups.extend(found.later_groups);
            }
            None => self.wrong(path, wrong_type(value, &types(schema))),
        }
    }

    fn choice(&mut self, value: &Value, choices: &[&str], schema: &Value, path: &KeyPath) {
        match value {
            Value::String(text) if choices.contains(&text.as_str()) => {}
            Value::Null if types(schema).contains(&"null") => {}
            Value::String(text) => {
                let hint = nearest(text, choices.iter().copied())
                    .map(|near| format!(", did you mean \"{near}\"?"))
                    .unwrap_or_default();
                self.wrong(path, format!("{} is not one of {}{hint}", shown(value, path), quoted(choices)));
            }
            _ => self.wrong(path, format!("has to be one of {}", quoted(choices))),
        }
    }

    fn plain(&mut self, value: &Value, schema: &Value, path: &KeyPath) {
        let types = types(schema);
        if !types.is_empty() && !fits_type(value, &types) {
            return self.wrong(path, wrong_type(value, &types));
        }
        match value {
            Value::Object(map) => self.object(map, schema, path),
            Value::Array(items) => self.array(items, schema, path),
            Value::Number(number) => self.number(number, schema, path),
            Value::String(text) => self.text(text, schema, path),
            _ => {}
        }
    }

    fn object(&mut self, map: &serde_json::Map<String, Value>, schema: &Value, path: &KeyPath) {
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let spelled = schema.get(UNDERSCORES_KEY).is_some().then(|| known.into_iter().flatten());
        let spelled = |key: &str| spelled.clone()?.find(|(name, _)| with_underscores(name) == key).map(|(_, below)| below);
        for (key, value) in map {
            let here = path.key(key);
            match (known.and_then(|known| known.get(key)).or_else(|| spelled(key)), others) {
                (Some(below), _) => self.value(value, below, &here),
                (None, Some(Value::Bool(false))) => self.wrong(&here, unknown(&here, known)),
                (None, Some(below)) => self.value(value, below, &here),
                (None, None) => {}
            }
        }
        for key in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(key) {
                self.wrong(&path.key(key), "is missing");
            }
        }
    }

    fn array(&mut self, items: &[Value], schema: &Value, path: &KeyPath) {
        if let Some(max) = schema.get("maxItems").and_then(Value::as_u64)
            && items.len() as u64 > max
        {
            self.wrong(path, format!("has {} entries, at most {max} are possible", items.len()));
        }
        if let Some(below) = schema.get("items") {
            items.iter().enumerate().for_each(|(place, item)| self.value(item, below, &path.index(place)));
        }
    }

    fn number(&mut self, number: &serde_json::Number, schema: &Value, path: &KeyPath) {
        let Some(number) = number.as_f64() else { return };
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let outside = bound("minimum").is_some_and(|min| number < min) || bound("maximum").is_some_and(|max| number > max);
        match (outside, bound("minimum"), bound("maximum")) {
            (true, Some(min), Some(max)) => self.wrong(path, format!("{number} is out of bounds: choose {min} to {max}")),
            (true, Some(min), None) => self.wrong(path, format!("{number} is out of bounds: choose {min} or more")),
            (true, None, Some(max)) => self.wrong(path, format!("{number} is out of bounds: choose {max} or less")),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, schema: &Value, path: &KeyPath) {
        if let Some(max) = schema.get("maxLength").and_then(Value::as_u64)
            && text.chars().count() as u64 > max
        {
            self.wrong(path, format!("is longer than {max} characters: shorten it"));
        }
    }
}

/// Returns `claw_token` for `clawToken`.
pub(crate) fn with_underscores(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    for mark in name.chars() {
        if mark.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(mark.to_ascii_lowercase());
    }
    spelled
}

/// Returns the texts that a schema lists, when it lists nothing else.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(listed) = schema.get("enum").and_then(Value::as_array) {
        return listed.iter().filter(|one| !one.is_null()).map(Value::as_str).collect();
    }
    if let Some(only) = schema.get("const") {
        return only.as_str().map(|only| vec![only]);
    }
    let alternatives = alternatives(schema).iter().filter(|one| types(one) != ["null"]);
    let listed = alternatives.map(choices).collect::<Option<Vec<_>>>()?;
    (!listed.is_empty()).then(|| listed.concat())
}

fn fits_type(value: &Value, types: &[&str]) -> bool {
    types.iter().any(|kind| match (*kind, value) {
        ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
        ("boolean", Value::Bool(_)) | ("null", Value::Null) | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    })
}

fn wrong_type(value: &Value, types: &[&str]) -> String {
    let mut wanted: Vec<_> = types.iter().filter(|kind| **kind != "null").map(|kind| in_words(kind)).collect();
    wanted.dedup();
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => in_words("boolean"),
        Value::Number(number) if number.is_f64() => in_words("number"),
        Value::Number(_) => in_words("integer"),
        Value::String(_) => in_words("string"),
        Value::Array(_) => in_words("array"),
        Value::Object(_) => in_words("object"),
    };
    format!("has to be {}, not {found}", wanted.join(" or "))
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "a value",
    }
}

fn unknown(path: &KeyPath, known: Option<&serde_json::Map<String, Value>>) -> String {
    let name = path.name().unwrap_or_default();
    let siblings = || known.into_iter().flat_map(|known| known.keys().map(String::as_str));
    let parent = path.parent().unwrap_or_default();
    if let Some(near) = nearest(name, siblings()) {
        return format!("unknown key, did you mean `{}`?", parent.key(near));
    }
    // The right key at the wrong place.
    let elsewhere = known_paths().iter().filter(|known| known.rsplit('.').next() == Some(name)).min_by_key(|known| known.len());
    if let Some(elsewhere) = elsewhere {
        return format!("unknown key, did you mean `{elsewhere}`?");
    }
    let here = siblings().collect::<Vec<_>>();
    if here.is_empty() { "unknown key: remove it".to_owned() } else { format!("unknown key, known here: {}", here.join(", ")) }
}

/// Returns the name that is nearest, if one is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = (name.chars().count() / 3).max(2);
    let name = name.to_lowercase();
    let measured = known.map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known));
    measured
        .filter(|(distance, known)| *distance <= far && *distance < known.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn quoted(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value, path: &KeyPath) -> String {
    if path.name().is_some_and(secret::is_secret) {
        return secret::REDACTED.to_owned();
    }
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text;
    }
    text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}
