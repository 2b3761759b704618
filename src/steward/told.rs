//! How things are told in a chat.

use serde_json::Value;

use crate::config::desk::{DeskError, Issue};

/// How many characters of a part of the configuration are shown.
const SHOWN_CHARS_MAX: usize = 3_000;

/// How many things that are wrong, or worth knowing, are told.
const ISSUES_MAX: usize = 5;

/// Returns a part of the configuration as people read it; it has to be without secrets.
pub(super) fn value(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}\n… cut: name a path to see more of it", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Returns why the desk did not do something.
pub(super) fn refusal(error: &DeskError) -> String {
    match error {
        DeskError::Invalid(issues) | DeskError::Broken(issues) => format!("Nothing was changed: {error}{}", lines(issues)),
        other => format!("Nothing was changed: {other}"),
    }
}

/// Returns what is wrong or worth knowing, a line each.
pub(super) fn lines(issues: &[Issue]) -> String {
    let mut text: String = issues.iter().take(ISSUES_MAX).map(line).collect();
    if issues.len() > ISSUES_MAX {
        text.push_str(&format!("\n- and {} more", issues.len() - ISSUES_MAX));
    }
    text
}

fn line(issue: &Issue) -> String {
    match issue.path.as_str() {
        "" => format!("\n- {}", issue.message),
        path => format!("\n- {path} {}", issue.message),
    }
}

/// Returns a wait in whole seconds, rounded up.
pub(super) const fn seconds(wait_ms: u64) -> u64 {
    wait_ms.div_ceil(1_000)
}
