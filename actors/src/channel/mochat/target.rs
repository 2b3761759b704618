//! Targets as people and agents write them.

use crate::channel::TargetError;
use crate::message::{ChatKind, ChatRef};

/// The longest id, bytes.
pub(super) const ID_BYTES_MAX: usize = 256;
/// What stands before any target of this channel, in any case.
const PREFIX: &str = "mochat:";
/// What stands before a panel's id, in any case.
const PANEL_PREFIXES: [&str; 3] = ["panel:", "group:", "channel:"];
/// What stands before a session's id, in any case.
const SESSION_PREFIX: &str = "session:";
/// What the server's own ids of sessions begin with.
const SESSION_MARK: &str = "session_";

/// Reads a session's id, `panel:ID`, `group:ID`, `channel:ID` and a bare panel id, each with or without `mochat:` before it. An id
/// that begins with `session_` is a session's whatever stands before it.
pub(super) fn parse(text: &str) -> Result<ChatRef, TargetError> {
    let bare = without(text.trim(), &[PREFIX]).unwrap_or(text.trim());
    let (id, kind) = if let Some(id) = without(bare, &PANEL_PREFIXES) {
        (id, ChatKind::Channel)
    } else if let Some(id) = without(bare, &[SESSION_PREFIX]) {
        (id, ChatKind::Direct)
    } else {
        (bare, ChatKind::Channel)
    };
    if !is_id(id) {
        let shown: String = text.chars().take(80).collect();
        return Err(TargetError(format!("Invalid mochat target: \"{shown}\" (expected session_ID, panel:ID or a panel's id)")));
    }
    Ok(ChatRef { kind: if id.starts_with(SESSION_MARK) { ChatKind::Direct } else { kind }, id: id.to_owned() })
}

/// Returns whether a text can be an id of the server: it goes into no address and no header, and stands in logs.
pub(super) fn is_id(text: &str) -> bool {
    let odd = |mark: char| mark.is_control() || mark.is_whitespace();
    !text.is_empty() && text.len() <= ID_BYTES_MAX && !text.chars().any(odd)
}

fn without<'a>(text: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| {
        let (head, tail) = text.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| tail.trim())
    })
}
