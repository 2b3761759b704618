//! The content of an item: a text, or parts of text, pictures and files, in the spelling of OpenResponses and in that of OpenAI.

use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::fields::kind;
use crate::http::openai::attached::{Attached, Sort};
use crate::http::openai::content::Content;

/// Reads a content; `at` names it.
///
/// # Errors
/// Names the part that cannot be used.
pub(super) fn read(content: &Value, at: &str) -> Result<Content, ApiError> {
    let mut read = Content::default();
    match content {
        Value::String(text) => text.clone_into(&mut read.text),
        Value::Array(parts) => {
            for (index, part) in parts.iter().enumerate() {
                add(&mut read, part, &format!("{at}[{index}]"))?;
            }
        }
        other => return Err(ApiError::field(at, format!("`{at}` must be a string or a list of parts, not {}", kind(other)))),
    }
    Ok(read)
}

fn add(content: &mut Content, part: &Value, at: &str) -> Result<(), ApiError> {
    match part.get("type").and_then(Value::as_str) {
        Some("input_text" | "output_text" | "text") => {
            let text = part.get("text").and_then(Value::as_str);
            content.add_text(text.ok_or_else(|| wrong(at, "text", "must be a string"))?);
        }
        Some("refusal") => {}
        Some("input_image") => content.attached.push(picture(part, at)),
        Some("input_file") => content.attached.push(Attached::file(part, at)),
        _ => {
            let text = "is not known: there are `input_text`, `output_text`, `input_image` and `input_file`";
            return Err(wrong(at, "type", text));
        }
    }
    Ok(())
}

fn wrong(at: &str, field: &str, text: &str) -> ApiError {
    let param = format!("{at}.{field}");
    ApiError::field(param.clone(), format!("`{param}` {text}"))
}

/// Reads a picture: `{image_url}`, or `{source: {type: "url", url}}` or `{source: {type: "base64", media_type, data}}`.
fn picture(part: &Value, at: &str) -> Attached {
    let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str);
    if let Some(url) = text("/image_url").or(text("/image_url/url")) {
        return Attached::at_address(format!("{at}.image_url"), Sort::Picture, url, None);
    }
    if part.get("file_id").is_some_and(|id| !id.is_null()) {
        let why = "names a picture that is not kept here: send it as `image_url`";
        return Attached::odd(format!("{at}.file_id"), Sort::Picture, why);
    }
    Attached::of_source(part, at, Sort::Picture, None).unwrap_or_else(|| {
        Attached::odd(
            format!("{at}.image_url"),
            Sort::Picture,
            "must be an http or https URL, or a `data:` address with base64",
        )
    })
}
