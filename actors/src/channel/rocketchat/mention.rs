//! Whether a message addresses the account, and its text without that.

use super::api::Me;
use super::message::Message;

/// Returns whether a message mentions the account: by the server's list, or by its name after an `@`, as a word of its own.
/// `@all` and `@here` do not count.
pub(super) fn mentions(message: &Message, me: &Me) -> bool {
    message.mentions.contains(&me.id) || find(&message.text, &me.username).is_some()
}

/// Returns the text without the mentions of the account; all else stays as it is, line ends and code included.
pub(super) fn without(text: &str, me: &Me) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((from, to)) = find(rest, &me.username) {
        kept.push_str(rest.get(..from).unwrap_or_default());
        rest = rest.get(to..).unwrap_or_default();
        if kept.is_empty() || kept.ends_with([' ', '\n', '\t']) {
            rest = rest.strip_prefix([' ', ',', ':']).unwrap_or(rest);
            rest = if kept.is_empty() { rest.trim_start_matches(' ') } else { rest };
        }
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

/// Returns where `@name` stands in a text, any case, not inside a longer name or address.
fn find(text: &str, name: &str) -> Option<(usize, usize)> {
    if name.is_empty() {
        return None;
    }
    text.match_indices('@').find_map(|(at, _)| {
        let after = text.get(at + 1..)?;
        let (head, tail) = after.split_at_checked(name.len())?;
        let ends = |mark: char| !mark.is_alphanumeric() && !matches!(mark, '_' | '-');
        // A dot ends a sentence, or goes on with a name.
        let mut marks = tail.chars();
        let closed = match marks.next() {
            None => true,
            Some('.') => marks.next().is_none_or(ends),
            Some(mark) => ends(mark),
        };
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let open = before.is_none_or(|mark| !mark.is_alphanumeric());
        (head.eq_ignore_ascii_case(name) && closed && open).then_some((at, at + 1 + name.len()))
    })
}
