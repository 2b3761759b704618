//! What of a backend's error is its own words. All else may be a piece of the conversation: some backends send back what they were sent.

use serde_json::Value;

/// The longest name of an event that is told, bytes.
const EVENT_NAME_BYTES_MAX: usize = 64;

/// Returns a backend's words for an error in the body of a refusal: those of its error object, or the few fields beside it that are
/// words wherever they are texts.
pub(super) fn of_body(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get("error").and_then(of_error).or_else(|| of_fields(&body))
}

/// Returns the words of an error, which is an object or a text; with its code where it has one in letters.
pub(super) fn of_error(error: &Value) -> Option<String> {
    let kind = || error.get("type").and_then(Value::as_str).map(str::to_owned);
    error.as_str().map(str::to_owned).or_else(|| of_fields(error)).or_else(kind)
}

fn of_fields(object: &Value) -> Option<String> {
    let text = |name| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (text("message").or_else(|| text("detail")), text("code")) {
        (Some(message), Some(code)) => Some(format!("{message} ({code})")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// Names a part of an answer without what it says.
pub(super) fn name_of(event: &str) -> String {
    let json: Option<Value> = serde_json::from_str(event).ok();
    let is_name = |kind: &&str| {
        let mark = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=EVENT_NAME_BYTES_MAX).contains(&kind.len()) && kind.bytes().all(mark)
    };
    let kind = json.as_ref().and_then(|json| json.get("type")).and_then(Value::as_str).filter(is_name);
    let kind = kind.map(|kind| format!("`{kind}` ")).unwrap_or_default();
    format!("an event {kind}of {} bytes", event.len())
}

/// Says whether a backend means by its words that the conversation is longer than the model reads.
pub(super) fn tell_overflow(said: &str) -> bool {
    const WORDS: [&str; 9] = [
        "context_length_exceeded",
        "context length",
        "context window",
        "context size",
        "context_window",
        "prompt is too long",
        "input is too long",
        "too many tokens",
        "input length and `max_tokens` exceed",
    ];
    let said = said.to_lowercase();
    WORDS.iter().any(|word| said.contains(word))
}
