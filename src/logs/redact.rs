//! The last line of defence: what looks like a secret is not written, whoever let it get this far.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands in a secret's place.
const HIDDEN: &str = "[hidden]";
/// What stands where a secret was hidden before, here or by the configuration.
const MARKS: &[&str] = &[HIDDEN, "[redacted]"];
/// Words after which, with `=` or `:` between, a secret stands; and that make a field one.
const NAMES: &[&str] =
    &["token", "password", "passwd", "secret", "apikey", "api_key", "api-key", "authorization", "cookie", "credential"];
/// Words before a secret in the value of a header; the first is also a mark of its own.
const SCHEMES: &[&str] = &["bearer ", "basic "];
/// How keys of well-known services begin.
const PREFIXES: &[&str] = &["sk-", "ghp_", "gho_", "xoxb-", "xoxp-", "glpat-", "eyJ"];
/// A shorter run behind a prefix or a word is a word itself.
const KEY_BYTES_MIN: usize = 16;
/// A shorter run behind a name is prose, like "password: too short".
const VALUE_BYTES_MIN: usize = 6;
/// A shorter known secret would hide ordinary words.
const KNOWN_BYTES_MIN: usize = 6;

/// Hides secrets: those that are known word for word, and what looks like one.
#[derive(Debug, Default)]
pub(super) struct Redactor(ArcSwap<Vec<SecretString>>);

impl Redactor {
    /// Sets the secrets that are known word for word.
    pub(super) fn know(&self, secrets: Vec<SecretString>) {
        let mut long = secrets;
        long.retain(|secret| secret.expose_secret().len() >= KNOWN_BYTES_MIN);
        // The longest first: of one that begins with another no rest is left.
        long.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        self.0.store(Arc::new(long));
    }

    /// Returns a field's value as it may be written.
    pub(super) fn value<'a>(&self, name: &str, value: &'a Value) -> Cow<'a, Value> {
        let Value::String(text) = value else { return Cow::Borrowed(value) };
        if NAMES.iter().any(|secret| ends_with_word(name, secret)) {
            return Cow::Owned(HIDDEN.into());
        }
        match self.text(text) {
            Cow::Borrowed(_) => Cow::Borrowed(value),
            Cow::Owned(text) => Cow::Owned(text.into()),
        }
    }

    /// Returns a text as it may be written.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.load().iter().map(ExposeSecret::expose_secret) {
            if text.contains(secret) {
                text = Cow::Owned(text.replace(secret, HIDDEN));
            }
        }
        match scan(&text) {
            Some(clean) => Cow::Owned(clean),
            None => text,
        }
    }
}

/// Returns a text with what looks like a secret hidden; `None` when nothing in it does.
#[must_use]
pub fn hide_what_looks_secret(text: &str) -> Option<String> {
    scan(text)
}

/// A field is named for a secret when its name ends with one of the names: `apiKey`, `http_token`, not `tokens`.
fn ends_with_word(name: &str, secret: &str) -> bool {
    let from = name.len().checked_sub(secret.len());
    from.and_then(|from| name.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(secret))
}

/// Goes once over the text; `None` when there is nothing to hide.
fn scan(text: &str) -> Option<String> {
    let mut clean = String::new();
    let (mut kept, mut at) = (0, 0);
    while at < text.len() {
        let Some(rest) = text.get(at..) else {
            at += 1;
            continue;
        };
        let inside = text.as_bytes().get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_alphanumeric);
        match secret_at(rest, if inside { Place::InWord } else { Place::WordStart }) {
            Some(hide) => {
                clean.push_str(text.get(kept..at + hide.start)?);
                clean.push_str(HIDDEN);
                kept = at + hide.end;
                at = kept;
            }
            None => at += 1,
        }
    }
    if kept == 0 {
        return None;
    }
    clean.push_str(text.get(kept..)?);
    Some(clean)
}

/// Where a mark stands: names may be the end of a longer one (`httpToken=`), keys and schemes stand for themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    WordStart,
    InWord,
}

/// Returns where in the text, which begins with a secret's mark, the secret stands.
fn secret_at(text: &str, place: Place) -> Option<Range<usize>> {
    // Most places are none, and this tells by one byte.
    match text.as_bytes().first()?.to_ascii_lowercase() {
        b':' => after_colon(text),
        b't' | b'p' | b'a' | b'c' | b'b' | b's' | b'g' | b'x' | b'e' => {
            let alone = (place == Place::WordStart).then(|| prefixed(text).or_else(|| schemed(text))).flatten();
            alone.or_else(|| named(text))
        }
        _ => None,
    }
}

fn prefixed(text: &str) -> Option<Range<usize>> {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
    let end = run(text, prefix.len());
    (end >= KEY_BYTES_MIN).then_some(0..end)
}

fn schemed(text: &str) -> Option<Range<usize>> {
    let scheme = SCHEMES.first().filter(|scheme| starts_with(text, scheme))?;
    let end = run(text, scheme.len());
    (end - scheme.len() >= VALUE_BYTES_MIN).then_some(scheme.len()..end)
}

fn named(text: &str) -> Option<Range<usize>> {
    let name = NAMES.iter().find(|name| starts_with(text, name))?;
    let after = skip(text, name.len(), &['"', '\'', ' ', '\\']);
    if !text.get(after..)?.starts_with(['=', ':']) {
        return None;
    }
    let mut from = skip(text, after + 1, &['"', '\'', ' ', '\\']);
    if let Some(scheme) = SCHEMES.iter().find(|scheme| text.get(from..).is_some_and(|rest| starts_with(rest, scheme))) {
        from += scheme.len();
    }
    let end = run(text, from);
    (end - from >= VALUE_BYTES_MIN && !is_mark(text.get(from..end))).then_some(from..end)
}

/// The password of `scheme://user:password@host`.
fn after_colon(text: &str) -> Option<Range<usize>> {
    let authority = text.strip_prefix("://")?;
    let authority = authority.split(['/', ' ', '"', '?']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let from = "://".len() + name.len() + 1;
    (!is_mark(Some(password))).then_some(from..from + password.len())
}

fn is_mark(text: Option<&str>) -> bool {
    text.is_some_and(|text| MARKS.contains(&text))
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

/// Returns the end of the run that a secret could be.
fn run(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`,;&{}()<>\\".contains(c);
    from + rest.find(ends).unwrap_or(rest.len())
}

fn skip(text: &str, from: usize, what: &[char]) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start_matches(what).len())
}
