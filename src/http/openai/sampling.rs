//! How the client wants the words to be chosen.

use callboard_actors::message::Sampling;
use serde_json::Value;

use super::request::ChatRequest;
use crate::http::error::ApiError;

/// How many texts may end an answer, and how long each may be.
const STOPS_MAX: usize = 4;
const STOP_BYTES_MAX: usize = 256;
/// The most tokens that may be asked for.
const TOKENS_MAX: u64 = 10_000_000;
/// The most bytes of a level of thinking.
const EFFORT_BYTES_MAX: usize = 32;

/// Reads what a request says of it.
///
/// # Errors
/// Names the field that is out of its bounds.
pub(super) fn sampling(request: &mut ChatRequest) -> Result<Sampling, ApiError> {
    if request.n.is_some_and(|n| n != 1) {
        return Err(ApiError::field("n", "`n` must be 1: a session gives one answer; ask again for another"));
    }
    within("temperature", request.temperature, 2.0)?;
    within("top_p", request.top_p, 1.0)?;
    for (name, tokens) in [("max_tokens", request.max_tokens), ("max_completion_tokens", request.max_completion_tokens)] {
        if tokens.is_some_and(|tokens| !(1..=TOKENS_MAX).contains(&tokens)) {
            return Err(ApiError::field(name, format!("`{name}` must be from 1 to {TOKENS_MAX}")));
        }
    }
    let word = |effort: &str| effort.len() <= EFFORT_BYTES_MAX && effort.chars().all(|mark| mark.is_ascii_alphanumeric());
    if request.reasoning_effort.as_deref().is_some_and(|effort| effort.is_empty() || !word(effort)) {
        let text = "`reasoning_effort` must be one word, such as `low`, `medium` or `high`";
        return Err(ApiError::field("reasoning_effort", text));
    }
    let response_format = request.response_format.take();
    if response_format.as_ref().is_some_and(|format| format.get("type").is_none_or(|kind| !kind.is_string())) {
        return Err(ApiError::field("response_format", "`response_format` must be an object with a `type`"));
    }
    Ok(Sampling {
        temperature: request.temperature,
        top_p: request.top_p,
        max_tokens: request.max_tokens,
        max_completion_tokens: request.max_completion_tokens,
        stop: stops(request.stop.take())?,
        response_format,
        seed: request.seed,
        reasoning_effort: request.reasoning_effort.take(),
    })
}

fn within(name: &str, value: Option<f64>, max: f64) -> Result<(), ApiError> {
    match value {
        Some(value) if !(0.0..=max).contains(&value) => Err(ApiError::field(name, format!("`{name}` must be from 0 to {max}"))),
        _ => Ok(()),
    }
}

/// Reads a text or a list of texts.
fn stops(stop: Option<Value>) -> Result<Vec<String>, ApiError> {
    let texts = match stop {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(texts)) => texts,
        Some(text) => vec![text],
    };
    let read = |text| match text {
        Value::String(text) if !text.is_empty() && text.len() <= STOP_BYTES_MAX => Some(text),
        _ => None,
    };
    let count = texts.len();
    let texts: Option<Vec<_>> = texts.into_iter().map(read).collect();
    texts.filter(|_| count <= STOPS_MAX).ok_or_else(|| {
        ApiError::field("stop", format!("`stop` must be at most {STOPS_MAX} texts of 1 to {STOP_BYTES_MAX} bytes"))
    })
}
