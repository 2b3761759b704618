//! Whether a message addresses the account.

use super::message::Message;

/// Returns whether a message mentions the account: by the server's word, by its list, or by the account's id in the text as
/// `<@ID>`, `@ID` or `[at=ID]`. `@all` does not count.
pub(super) fn mentions(message: &Message, me: &str) -> bool {
    message.mentioned || message.mentions.iter().any(|id| id == me) || in_text(&message.text, me)
}

fn in_text(text: &str, me: &str) -> bool {
    if me.is_empty() {
        return false;
    }
    let closed = |rest: &str| rest.chars().next().is_none_or(|mark| !mark.is_alphanumeric() && mark != '_' && mark != '-');
    let named = text.match_indices('@').any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let open = before.is_none_or(|mark| !mark.is_alphanumeric());
        open && text.get(at + 1..).and_then(|rest| rest.strip_prefix(me)).is_some_and(closed)
    });
    named || text.contains(&format!("[at={me}]"))
}

/// Returns a text with `@Name` for each `[at=ID]Name[/at]`, as people see it.
pub(super) fn readable(text: &str) -> String {
    const OPEN: &str = "[at=";
    const CLOSE: &str = "[/at]";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once(OPEN) {
        kept.push_str(before);
        let read = tag.split_once(']').and_then(|(id, after)| Some((id, after.split_once(CLOSE)?)));
        match read {
            // A tag reaches over no other, and no line.
            Some((id, (name, after))) if !name.contains(OPEN) && !format!("{id}{name}").contains('\n') => {
                kept.push('@');
                kept.push_str(if name.trim().is_empty() { id } else { name.trim() });
                rest = after;
            }
            _ => {
                kept.push_str(OPEN);
                rest = tag;
            }
        }
    }
    kept.push_str(rest);
    kept
}
