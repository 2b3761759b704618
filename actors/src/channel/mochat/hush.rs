//! Keeps the account's token out of what is said.

use secrecy::{ExposeSecret as _, SecretString};

/// What every token begins with.
pub(super) const TOKEN_MARK: &str = "claw_";
/// So many hexadecimal digits behind that make a token of somebody.
const DIGITS_MIN: usize = 16;
/// What stands in the place of a token.
const REMOVED: &str = "[token removed]";

/// Returns a text without the account's token, and without anything else of the form of one.
pub(super) fn hush(text: &str, token: &SecretString) -> String {
    let own = token.expose_secret();
    let text = if own.is_empty() { text.to_owned() } else { text.replace(own, REMOVED) };
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(TOKEN_MARK) {
        let (before, mark) = rest.split_at(at);
        let digits = mark.get(TOKEN_MARK.len()..).unwrap_or_default();
        let end = digits.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(digits.len());
        kept.push_str(before);
        let is_token = end >= DIGITS_MIN;
        kept.push_str(if is_token { REMOVED } else { TOKEN_MARK });
        // Behind the mark of no token another may begin at once.
        rest = if is_token { digits.get(end..).unwrap_or_default() } else { digits };
    }
    kept.push_str(rest);
    kept
}

/// Returns why a text cannot be a token; repeats nothing of it.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn check(token: &SecretString) -> Result<(), &'static str> {
    let text = token.expose_secret();
    match text.strip_prefix(TOKEN_MARK) {
        None => Err("clawToken does not begin with claw_: copy it whole from the registration of the agent"),
        Some(rest)
            if rest.is_empty() || !rest.bytes().all(|mark| mark.is_ascii_alphanumeric() || mark == b'_' || mark == b'-') =>
        {
            Err("clawToken holds characters that no token has: copy it whole from the registration of the agent")
        }
        Some(_) => Ok(()),
    }
}
