//! Targets as people and agents write them, and ids as they stand in lists.

use crate::channel::TargetError;

/// The prefixes that name this channel, in any case.
const PREFIXES: &[&str] = &["socket-chat:", "sc:"];
/// What stands before a group's id, in any case.
const GROUP_PREFIXES: &[&str] = &["group:", "room:"];
/// What follows an `@` that belongs to the group's own id.
const GROUP_ID_ENDS: &[&str] = &["chatroom", "im.chatroom"];
/// The longest id, bytes.
pub(super) const ID_BYTES_MAX: usize = 512;

/// A target, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// One person.
    Peer(String),
    /// A group and the people to address in it.
    Group {
        /// The group's id.
        id: String,
        /// The ids of the people.
        mentions: Vec<String>,
    },
}

/// Reads `wxid_xxx`, `group:roomid_xxx`, `group:roomid_xxx@wxid_a,wxid_b` and `group:roomid_xxx|wxid_a,wxid_b`, each with or
/// without `socket-chat:` before it.
pub(super) fn parse(text: &str) -> Result<Parsed, TargetError> {
    let bare = without(text, PREFIXES);
    let parsed = match strip_any(bare, GROUP_PREFIXES) {
        Some(group) => {
            let (id, mentions) = cut_mentions(group);
            Parsed::Group { id: id.trim().to_owned(), mentions: list(mentions) }
        }
        None => Parsed::Peer(bare.to_owned()),
    };
    let id = match &parsed {
        Parsed::Peer(id) | Parsed::Group { id, .. } => id,
    };
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err(TargetError(format!(
            "Invalid socket-chat target: \"{}\" (expected wxid_xxx, group:roomid_xxx, group:roomid_xxx@wxid_a,wxid_b or group:roomid_xxx|wxid_a,wxid_b)",
            shortened(text)
        )));
    }
    Ok(parsed)
}

/// Returns a person's id as it stands in a list, without the channel's prefix.
pub(super) fn bare_peer(entry: &str) -> &str {
    without(entry, PREFIXES)
}

/// Returns a group's id as it stands in a list, without prefixes.
pub(super) fn bare_group(entry: &str) -> &str {
    without(bare_peer(entry), GROUP_PREFIXES)
}

/// Cuts a group target into its id and its list of people. An id may itself hold an `@` (`123@chatroom`), so `|` wins, and
/// an `@` counts only when what follows is not such an ending.
fn cut_mentions(group: &str) -> (&str, &str) {
    if let Some(cut) = group.split_once('|') {
        return cut;
    }
    match group.rsplit_once('@') {
        Some((_, end)) if GROUP_ID_ENDS.iter().any(|known| end.trim().eq_ignore_ascii_case(known)) => (group, ""),
        Some(cut) => cut,
        None => (group, ""),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

fn without<'a>(text: &'a str, prefixes: &[&str]) -> &'a str {
    strip_any(text, prefixes).unwrap_or_else(|| text.trim())
}

fn strip_any<'a>(text: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    let text = text.trim();
    prefixes.iter().find_map(|prefix| {
        let (head, tail) = text.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| tail.trim())
    })
}

/// Returns the first characters of a text that somebody else wrote, for an error.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
