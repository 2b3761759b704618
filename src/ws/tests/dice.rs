//! Parameters made by chance from a method's schema: such as fit, and such as nearly do.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How often something is tried; far more with `CALLBOARD_TEST_FULL`.
pub(crate) fn cases() -> u64 {
    if std::env::var_os("CALLBOARD_TEST_FULL").is_some() { 5_000 } else { 64 }
}

/// Returns where chance begins: the same each time, and elsewhere in the long form.
fn seed() -> u64 {
    if std::env::var_os("CALLBOARD_TEST_FULL").is_some() { Uuid::new_v4().as_u64_pair().0 } else { 7 }
}

/// How deep what is made may be.
const DEPTH_MAX: usize = 6;

/// Chance that can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    /// Returns the chance of one case.
    pub(crate) fn of_case(case: u64) -> Self {
        Self(seed().wrapping_add(case).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below another: xorshift, good enough for this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Makes what a schema asks for; what it asks for in words that are not known here may not fit.
    pub(crate) fn make(&mut self, root: &Value, schema: &Value, depth: usize) -> Value {
        if let Some(path) = schema["$ref"].as_str() {
            let schema = root.pointer(path.trim_start_matches('#')).expect("a schema within the same");
            return self.make(root, schema, depth + 1);
        }
        for several in ["anyOf", "oneOf"] {
            if let Some(schemas) = schema[several].as_array() {
                let schema = self.pick(schemas).clone();
                return self.make(root, &schema, depth + 1);
            }
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(options) = schema["enum"].as_array() {
            return self.pick(options).clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.pick(kinds).clone(),
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("object") => self.object(root, schema, depth),
            Some("array") => {
                let (least, most) = bounds(schema, "minItems", "maxItems", 3);
                let most = if depth > DEPTH_MAX { least } else { most };
                let count = least + self.below(most - least + 1);
                (0..count).map(|_| self.make(root, &schema["items"], depth + 1)).collect()
            }
            Some("string") => self.text(schema).into(),
            Some("integer") => self.integer(schema),
            Some("number") => self.pick(&[json!(0.0), json!(0.5), json!(-1.5), json!(1e300), json!(7)]).clone(),
            Some("boolean") => (self.below(2) == 0).into(),
            Some("null") => Value::Null,
            _ => self.anything(),
        }
    }

    fn object(&mut self, root: &Value, schema: &Value, depth: usize) -> Value {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || (depth <= DEPTH_MAX && self.below(2) == 0) {
                made.insert(name.clone(), self.make(root, part, depth + 1));
            }
        }
        if let more @ Value::Object(_) = &schema["additionalProperties"] {
            for number in 0..self.below(3) {
                made.insert(format!("k{number}"), self.make(root, more, depth + 1));
            }
        }
        made.into()
    }

    fn text(&mut self, schema: &Value) -> String {
        let (least, most) = bounds(schema, "minLength", "maxLength", 24);
        let count = least + self.below(most - least + 1);
        let marks = ['a', 'Z', '0', ' ', ':', '/', '.', '-', '\n', '\0', '"', '\\', 'ß', '語', '\u{1f600}', '\u{202e}'];
        (0..count).map(|_| *self.pick(&marks)).collect()
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let least = schema["minimum"].as_f64().unwrap_or(-9e15).max(-9e15) as i64;
        let most = schema["maximum"].as_f64().unwrap_or(9e15).min(9e15) as i64;
        let any = least.saturating_add(i64::try_from(self.below(1000)).unwrap()).min(most);
        // A number like 3.0 is whole too.
        self.pick(&[json!(least), json!(most), json!(any), json!(any as f64)]).clone()
    }

    /// Makes something of no form.
    pub(crate) fn anything(&mut self) -> Value {
        let long = "x".repeat(self.below(2) * 70_000);
        self.pick(&[
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(1e308),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(""),
            json!(long),
            json!("\0\u{202e}"),
            json!([]),
            json!({}),
            json!([[[[[]]]]]),
            json!({ "": { "": null } }),
        ])
        .clone()
    }

    /// Changes something, anywhere.
    pub(crate) fn spoil(&mut self, value: &mut Value) {
        let inner = self.below(3) > 0;
        match value {
            Value::Object(fields) if inner && !fields.is_empty() => {
                let at = self.below(fields.len());
                if let Some(field) = fields.values_mut().nth(at) {
                    self.spoil(field);
                }
            }
            Value::Array(items) if inner && !items.is_empty() => {
                let at = self.below(items.len());
                self.spoil(&mut items[at]);
            }
            Value::Object(fields) if self.below(2) == 0 => {
                fields.insert("unexpected".to_owned(), self.anything());
            }
            Value::Object(fields) if self.below(2) == 0 => {
                let gone = fields.keys().next().cloned();
                gone.map(|name| fields.remove(&name));
            }
            other => *other = self.anything(),
        }
    }
}

fn bounds(schema: &Value, least: &str, most: &str, more: usize) -> (usize, usize) {
    let bound = |name: &str| schema[name].as_u64().map(|bound| usize::try_from(bound).unwrap());
    let least = bound(least).unwrap_or(0);
    (least, bound(most).unwrap_or(usize::MAX).min(least + more))
}
