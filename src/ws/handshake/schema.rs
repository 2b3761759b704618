//! Reads the parameters of `connect` and says what is wrong with them in the protocol's words (its reference, §5). What it does
//! not know it leaves alone: newer clients send more.

use serde_json::{Map, Value};

/// How many clauses are told at the most.
const CLAUSES_MAX: usize = 8;

/// How long a text or a list may be, in characters or items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// The least.
    pub(super) min: usize,
    /// The most.
    pub(super) max: usize,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Reader {
    clauses: Vec<String>,
}

/// An object among the parameters and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// `` for the whole, `/client` for a part of it.
    path: &'static str,
    fields: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    pub(super) const fn whole(fields: &'a Map<String, Value>) -> Self {
        Self { path: "", fields }
    }

    /// Returns a field; `null` is like nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }
}

impl Reader {
    /// Returns the clauses, joined, if anything was wrong.
    pub(super) fn verdict(self) -> Result<(), String> {
        if self.clauses.is_empty() { Ok(()) } else { Err(self.clauses.join("; ")) }
    }

    fn wrong(&mut self, part: Part<'_>, name: &str, what: &str) {
        if self.clauses.len() < CLAUSES_MAX {
            self.clauses.push(format!("at {}/{name}: {what}", part.path));
        }
    }

    /// Says which fields an object must have.
    pub(super) fn require(&mut self, part: Part<'_>, names: &[&str]) {
        for name in names.iter().filter(|name| part.get(name).is_none()) {
            let place = if part.path.is_empty() { String::new() } else { format!("at {}: ", part.path) };
            if self.clauses.len() < CLAUSES_MAX {
                self.clauses.push(format!("{place}must have required property '{name}'"));
            }
        }
    }

    /// Reads an object of the whole.
    pub(super) fn part<'a>(&mut self, whole: Part<'a>, name: &'static str, path: &'static str) -> Option<Part<'a>> {
        let value = whole.get(name)?;
        let fields = value.as_object();
        if fields.is_none() {
            self.wrong(whole, name, "must be object");
        }
        fields.map(|fields| Part { path, fields })
    }

    /// Reads a text.
    pub(super) fn text<'a>(&mut self, part: Part<'a>, name: &str, length: Length) -> Option<&'a str> {
        let value = part.get(name)?;
        let Some(text) = value.as_str() else {
            self.wrong(part, name, "must be string");
            return None;
        };
        self.measure(part, name, text.chars().count(), length, "characters").then_some(text)
    }

    /// Reads one of some texts.
    pub(super) fn one_of<'a>(&mut self, part: Part<'a>, name: &str, known: &[&str]) -> Option<&'a str> {
        let found = part.get(name)?.as_str().filter(|text| known.contains(text));
        if found.is_none() {
            self.wrong(part, name, "must be equal to constant");
            self.wrong(part, name, "must match a schema in anyOf");
        }
        found
    }

    /// Reads a whole number.
    pub(super) fn integer(&mut self, part: Part<'_>, name: &str, min: i64) -> Option<i64> {
        let value = part.get(name)?;
        let Some(number) = value.as_i64().or_else(|| whole_number(value)) else {
            self.wrong(part, name, "must be integer");
            return None;
        };
        if number < min {
            self.wrong(part, name, &format!("must be >= {min}"));
            return None;
        }
        Some(number)
    }

    /// Reads a list of texts.
    pub(super) fn texts(&mut self, part: Part<'_>, name: &str, items: Length, each: Length) -> Option<Vec<String>> {
        let value = part.get(name)?;
        let Some(values) = value.as_array() else {
            self.wrong(part, name, "must be array");
            return None;
        };
        if !self.measure(part, name, values.len(), items, "items") {
            return None;
        }
        let mut texts = Vec::with_capacity(values.len());
        for (place, value) in values.iter().enumerate() {
            match value.as_str() {
                Some(text) if self.measure(part, &format!("{name}/{place}"), text.chars().count(), each, "characters") => {
                    texts.push(text.to_owned());
                }
                Some(_) => {}
                None => self.wrong(part, &format!("{name}/{place}"), "must be string"),
            }
        }
        Some(texts)
    }

    /// Reads a map of names to yes and no.
    pub(super) fn switches(&mut self, part: Part<'_>, name: &'static str, items: Length) -> Vec<(String, bool)> {
        let Some(value) = part.get(name) else { return Vec::new() };
        let Some(fields) = value.as_object() else {
            self.wrong(part, name, "must be object");
            return Vec::new();
        };
        if !self.measure(part, name, fields.len(), items, "properties") {
            return Vec::new();
        }
        let mut switches = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            match value.as_bool() {
                Some(on) => switches.push((key.clone(), on)),
                None => self.wrong(part, &format!("{name}/{}", super::refusal::cut(key, 64)), "must be boolean"),
            }
        }
        switches
    }

    fn measure(&mut self, part: Part<'_>, name: &str, count: usize, length: Length, what: &str) -> bool {
        if count < length.min {
            self.wrong(part, name, &format!("must NOT have fewer than {} {what}", length.min));
        }
        if count > length.max {
            self.wrong(part, name, &format!("must NOT have more than {} {what}", length.max));
        }
        (length.min..=length.max).contains(&count)
    }
}

/// A number like `3.0` is whole too.
fn whole_number(value: &Value) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = value.as_f64()?;
    (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(number as i64)
}
