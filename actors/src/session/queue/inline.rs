//! `/queue` in the middle of a message: a wish for that message alone.

use super::policy::QueueWish;

/// The word that a wish follows.
const WORD: &str = "/queue";

/// Cuts a wish out of a message that says something else as well; `None` where there is none, or nothing beside it.
#[must_use]
pub(in crate::session) fn cut(text: &str) -> Option<(QueueWish, String)> {
    let at = text.match_indices(WORD).map(|(at, _)| at).find(|at| stands_alone(text, *at))?;
    let (before, after) = (text.get(..at)?, text.get(at + WORD.len()..)?);
    let (wish, rest) = take(after.strip_prefix(':').unwrap_or(after));
    let whole = match (before.trim_end(), rest.trim_start()) {
        (before, "") => before.to_owned(),
        ("", rest) => rest.to_owned(),
        (before, rest) => format!("{before} {rest}"),
    };
    (!wish.is_empty() && !whole.trim().is_empty()).then_some((wish, whole))
}

/// Takes words as long as they belong to the wish.
fn take(text: &str) -> (QueueWish, &str) {
    let (mut wish, mut rest) = (QueueWish::default(), text);
    loop {
        let from = rest.trim_start();
        let end = from.find(char::is_whitespace).unwrap_or(from.len());
        let word = from.get(..end).unwrap_or_default();
        // A second mode is a word of the message.
        let again = !word.contains([':', '=']) && wish.mode.is_some();
        if word.is_empty() || again || !wish.take(word) {
            return (wish, rest);
        }
        rest = from.get(end..).unwrap_or_default();
    }
}

fn stands_alone(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + WORD.len()..).and_then(|after| after.chars().next());
    before.is_none_or(char::is_whitespace) && after.is_none_or(|mark| mark.is_whitespace() || mark == ':')
}
