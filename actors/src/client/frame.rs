//! Frames of the control plane: gateway-protocol §1.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::methods::{Answer, Payload};
use super::{Refusal, WireError};

/// How long a client's name for a request may be, bytes.
const ID_BYTES_MAX: usize = 256;
/// Up to which length it is said what is wrong with a frame that is no request, bytes.
const BLAMED_BYTES_MAX: usize = 512 * 1024;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client's name for it.
    pub id: String,
    /// What is called.
    pub method: String,
    /// With what.
    pub params: Option<Box<RawValue>>,
}

/// What a text frame turned out to be.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A request.
    Request(Request),
    /// JSON that is no request: what is wrong with it, and the id to answer under.
    Invalid {
        /// Its id, `invalid` when it has none.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// No JSON.
    NotJson,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    r#type: String,
    id: String,
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

impl Incoming {
    /// Reads a frame.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match serde_json::from_str::<Shape>(text) {
            Ok(Shape { r#type, id, method, params })
                if r#type == "req" && (1..=ID_BYTES_MAX).contains(&id.len()) && !method.is_empty() =>
            {
                Self::Request(Request { id, method, params })
            }
            _ => Self::blame(text),
        }
    }

    /// Finds what is wrong. Only failures come here, so reading the frame again costs nobody; a large one would cost memory.
    fn blame(text: &str) -> Self {
        if text.len() > BLAMED_BYTES_MAX {
            let why =
                "at root: must be a request (type, id, method, params); a frame this long is not looked at further".to_owned();
            return Self::Invalid { id: "invalid".to_owned(), why };
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Self::NotJson };
        let Value::Object(fields) = value else {
            return Self::Invalid { id: "invalid".to_owned(), why: "at root: must be object".to_owned() };
        };
        let id = fields.get("id").and_then(Value::as_str).filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()));
        Self::Invalid { id: id.unwrap_or("invalid").to_owned(), why: faults(&fields).join("; ") }
    }
}

fn faults(fields: &Map<String, Value>) -> Vec<String> {
    let mut faults: Vec<String> = ["type", "id", "method"]
        .into_iter()
        .filter(|name| !fields.contains_key(*name))
        .map(|name| format!("must have required property '{name}'"))
        .collect();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("type", value) if value.as_str() != Some("req") => faults.push("at /type: must be equal to constant".to_owned()),
            ("id" | "method", Value::String(text)) if text.is_empty() => {
                faults.push(format!("at /{name}: must NOT have fewer than 1 characters"));
            }
            ("id", Value::String(text)) if text.len() > ID_BYTES_MAX => {
                faults.push(format!("at /id: must NOT have more than {ID_BYTES_MAX} characters"));
            }
            ("id" | "method", value) if !value.is_string() => faults.push(format!("at /{name}: must be string")),
            ("type" | "id" | "method" | "params", _) => {}
            _ => faults.push(format!("at root: unexpected property '{name}'")),
        }
    }
    if faults.is_empty() {
        faults.push("a property stands in it twice".to_owned());
    }
    faults
}

#[derive(Serialize)]
struct Response<'a> {
    r#type: &'static str,
    id: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a WireError>,
}

/// Writes the answer to a request.
#[must_use]
pub fn answer_frame(id: &str, answer: &Answer) -> Bytes {
    let response = match answer {
        Ok(payload) => Response { r#type: "res", id, ok: true, payload: Some(payload.raw()), error: None },
        Err(Refusal { error, payload }) => {
            Response { r#type: "res", id, ok: false, payload: payload.as_ref().map(Payload::raw), error: Some(error) }
        }
    };
    serde_json::to_vec(&response).unwrap_or_default().into()
}

/// Writes a refusal that carries nothing else.
#[must_use]
pub fn refusal_frame(id: &str, error: &WireError) -> Bytes {
    let response = Response { r#type: "res", id, ok: false, payload: None, error: Some(error) };
    serde_json::to_vec(&response).unwrap_or_default().into()
}
