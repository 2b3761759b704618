//! Targets as people and agents write them.

use crate::channel::TargetError;
use crate::message::{ChatKind, ChatRef};

/// The longest id or name, bytes.
pub(super) const ID_BYTES_MAX: usize = 512;
/// What stands before a room's id, in any case.
const ROOM_PREFIXES: [&str; 2] = ["channel:", "group:"];
/// What stands before a person's id, in any case.
const USER_PREFIXES: [&str; 2] = ["user:", "rocketchat:"];
/// How the chat is called that a visitor's conversation is: it has no person that could be written to elsewhere.
pub(super) const VISIT_PREFIX: &str = "room:";

/// Reads `channel:ROOM_ID`, `group:ROOM_ID`, `#name`, `@username`, `user:USER_ID`, `rocketchat:USER_ID` and a bare room id.
pub(super) fn parse(text: &str) -> Result<ChatRef, TargetError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TargetError("Delivering to Rocket.Chat requires --to <roomId|@username|user:ID|channel:ID>".to_owned()));
    }
    let (kind, id) = if let Some(id) = strip_any(text, &USER_PREFIXES) {
        (ChatKind::Direct, id)
    } else if let Some(id) = strip_any(text, &ROOM_PREFIXES) {
        (ChatKind::Channel, id)
    } else if text.starts_with('@') {
        (ChatKind::Direct, text)
    } else {
        (ChatKind::Channel, text)
    };
    let bare = id.trim_start_matches(['@', '#']);
    if bare.is_empty() || id.len() > ID_BYTES_MAX || id.chars().any(|mark| mark.is_control() || mark.is_whitespace()) {
        let shown: String = text.chars().take(80).collect();
        return Err(TargetError(format!(
            "Invalid rocketchat target: \"{shown}\" (expected <roomId|user:ID|channel:ID|@username|#name>)"
        )));
    }
    Ok(ChatRef { kind, id: id.to_owned() })
}

fn strip_any<'a>(text: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| {
        let (head, tail) = text.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| tail.trim())
    })
}
