//! One event with what the spans around it know.

use std::fmt;

use serde_json::Value;
use tracing::Level;
use tracing::field::{Field, Visit};

/// The most bytes of one text; the rest is cut off, so that no line outgrows its queue.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// What a log line says.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) at_ms: i64,
    pub(super) level: Level,
    pub(super) fields: Fields,
}

/// Names and values in the order in which they came; a name that comes again is left as it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Returns a text, if there is one of that name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Adds what is not there yet.
    pub(super) fn extend(&mut self, more: &Self) {
        for (name, value) in &more.0 {
            self.add(name, || value.clone());
        }
    }

    fn add(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        if !self.0.iter().any(|(known, _)| *known == name) {
            self.0.push((name, value()));
        }
    }

    fn add_text(&mut self, name: &'static str, mut text: String) {
        if text.len() > TEXT_BYTES_MAX {
            let end = text.floor_char_boundary(TEXT_BYTES_MAX);
            text.truncate(end);
            text.push('…');
        }
        self.add(name, || Value::String(text));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field.name(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add_text(field.name(), value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), || value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), || value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), || value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), || value.into());
    }
}
