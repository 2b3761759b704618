//! Headers of ours, under any of the names that clients know them by.

use actix_web::http::header::HeaderMap;

use super::error::ApiError;

/// The name that clients know this gateway by, and those of gateways that they come from.
pub(super) const NAMES: &[&str] = &["callboard", "clawdbot", "moltbot", "openclaw"];
/// The most bytes of a key, user or id that a client names.
const TEXT_BYTES_MAX: usize = 256;

/// Returns a header `x-<name>-<what>` with the name it was found under; an empty one is none.
///
/// # Errors
/// It is not readable.
pub(super) fn header<'a>(headers: &'a HeaderMap, what: &str) -> Result<Option<(String, &'a str)>, ApiError> {
    for name in NAMES {
        let name = format!("x-{name}-{what}");
        if let Some(value) = headers.get(&name) {
            let text =
                value.to_str().map_err(|_| ApiError::field(name.clone(), format!("the header `{name}` is not readable")))?;
            if !text.trim().is_empty() {
                return Ok(Some((name, text.trim())));
            }
        }
    }
    Ok(None)
}

/// Looks at a text that becomes part of a session's key.
///
/// # Errors
/// It is too long or has control characters.
pub(super) fn checked<'a>(param: &str, text: &'a str) -> Result<&'a str, ApiError> {
    if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        let reason = format!("`{param}` must have at most {TEXT_BYTES_MAX} bytes and no control characters");
        return Err(ApiError::field(param, reason));
    }
    Ok(text)
}
