//! JSON objects read field by field, so that an error names its field.

use callboard_actors::message::Code;
use serde_json::{Map, Value};

use super::error::ApiError;

/// An object whose fields are taken one by one; what is left over is not known.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body.
    ///
    /// # Errors
    /// It is not a JSON object, or is nested too deep.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ApiError::new(Code::InvalidRequest, "the body must be a JSON object")),
            Err(error) => Err(not_json(&error)),
        }
    }

    /// Takes a text that must be there and not be empty.
    ///
    /// # Errors
    /// Names the field.
    pub(super) fn required(&mut self, name: &str) -> Result<String, ApiError> {
        let text = self.optional(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| ApiError::field(name, format!("`{name}` is required and must not be empty")))
    }

    /// Takes a text that may be missing or null.
    ///
    /// # Errors
    /// Names the field when it is something else.
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(ApiError::field(name, format!("`{name}` must be a string, not {}", kind(&other)))),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Names a field that nobody took.
    pub(super) fn done(self, known: &str) -> Result<(), ApiError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::field(name, format!("`{name}` is not a known field: there are {known}"))),
        }
    }
}

/// What a field has to be: its name, whether a value fits, and the words for that.
pub(super) type Shape = (&'static str, fn(&Value) -> bool, &'static str);

/// Returns the failure of the first field that is there and not what it has to be.
pub(super) fn misfit(fields: &Map<String, Value>, shapes: &[Shape]) -> Option<ApiError> {
    shapes.iter().find_map(|(name, fits, wanted)| {
        let value = fields.get(*name).filter(|value| !fits(value))?;
        Some(ApiError::field(*name, format!("`{name}` must be {wanted}, not {}", kind(value))))
    })
}

/// Returns the answer to a body that is no JSON.
pub(super) fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("the body is not usable JSON: {error}"))
}

/// Returns what a value is, for people.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
