//! Keeps base64 away from the agent: a picture in a text costs a model a fortune and tells it nothing.

use std::borrow::Cow;

/// A run of more base64 characters than this is taken for data, not for words.
pub(super) const RUN_CHARS_MAX: usize = 256;
/// What stands in the place of what was left out.
pub(super) const LEFT_OUT: &str = "[base64 data left out]";
/// A line of at least so many base64 characters may be one of many: MIME wraps at 76, PEM at 64.
const WRAPPED_LINE_MIN: usize = 60;
/// The farthest that `data:` may stand before `;base64,`, bytes: a MIME type with its parameters.
const DATA_HEAD_MAX: usize = 128;
const MARK: &[u8] = b";base64,";

/// Returns the text without `data:…;base64,…` addresses and without long runs of base64. Linear in its length.
pub(super) fn strip_base64(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut kept_from = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (from, to) = match byte {
            b';' if starts_with_ignore_case(bytes, at, MARK) => {
                let run = run_from(bytes, at + MARK.len(), is_base64_in_address);
                match data_head(bytes, kept_from, at) {
                    Some(head) => (head, run.end),
                    None => (at, at),
                }
            }
            _ if is_base64(byte) => {
                let run = run_from(bytes, at, is_base64);
                if run.is_data() { (at, run.end) } else { (run.end, run.end) }
            }
            _ => (at, at),
        };
        if from < to {
            // All bounds stand beside ASCII, so they are bounds of characters too.
            out.push_str(text.get(kept_from..from).unwrap_or_default());
            out.push_str(LEFT_OUT);
            kept_from = to;
        }
        at = to.max(at + 1);
    }
    if kept_from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept_from..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns whether a text is nothing but base64, as some platforms put a picture where its address should be.
pub(super) fn is_bare_base64(text: &str) -> bool {
    /// Shorter ones are ids or names.
    const CHARS_MIN: usize = 64;
    text.len() >= CHARS_MIN && text.bytes().all(|byte| is_base64(byte) || byte.is_ascii_whitespace())
}

struct Run {
    end: usize,
    chars: usize,
    has_word: bool,
}

impl Run {
    /// Rules of dashes and the like are long too, but hold no letter.
    const fn is_data(&self) -> bool {
        self.chars > RUN_CHARS_MAX && self.has_word
    }
}

/// Measures the run of base64 from here on, over the ends of full lines.
fn run_from(bytes: &[u8], start: usize, alphabet: fn(u8) -> bool) -> Run {
    let mut run = Run { end: start, chars: 0, has_word: false };
    let mut line_chars = 0;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if alphabet(byte) {
            run.chars += 1;
            line_chars += 1;
            run.has_word |= byte.is_ascii_alphanumeric();
            at += 1;
            run.end = at;
        } else if line_chars >= WRAPPED_LINE_MIN && matches!(byte, b'\r' | b'\n') {
            at += if starts_with_ignore_case(bytes, at, b"\r\n") { 2 } else { 1 };
            line_chars = 0;
        } else {
            break;
        }
    }
    run
}

/// Returns where the `data:` begins that belongs to a `;base64,`.
fn data_head(bytes: &[u8], kept_from: usize, mark: usize) -> Option<usize> {
    let floor = kept_from.max(mark.saturating_sub(DATA_HEAD_MAX));
    let head = bytes.get(floor..mark)?;
    let at = head.windows(5).rposition(|window| window.eq_ignore_ascii_case(b"data:"))?;
    let mime = head.get(at + 5..)?;
    mime.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',').then_some(floor + at)
}

fn starts_with_ignore_case(bytes: &[u8], at: usize, what: &[u8]) -> bool {
    bytes.get(at..at + what.len()).is_some_and(|head| head.eq_ignore_ascii_case(what))
}

/// The standard alphabet, the one for addresses, and padding.
const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// In a `data:` address some of the alphabet may be percent-encoded.
const fn is_base64_in_address(byte: u8) -> bool {
    is_base64(byte) || byte == b'%'
}
