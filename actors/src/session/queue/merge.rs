//! Several rows as the one message that their turn answers.

use super::plan::Batch;
use crate::message::{ChatKind, InboxId, Media};
use crate::ports::InboxRow;

/// How many of the messages that were left out have a line.
const SUMMED_LINES_MAX: usize = 20;

/// How long such a line is, characters.
const SUMMED_CHARS_MAX: usize = 160;

/// Rows as one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) struct Merged {
    /// The first of them, with the text of all.
    pub(in crate::session) row: InboxRow,
    /// What came with the others.
    pub(in crate::session) media: Vec<Media>,
    /// The others, which its turn ends too.
    pub(in crate::session) also: Vec<InboxId>,
    /// Who wrote them.
    pub(in crate::session) writers: Writers,
}

/// Who wrote what a turn answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Writers {
    /// The peer of the row.
    One,
    /// Others as well.
    Several,
}

/// Merges the rows of a turn; `None` of an empty batch. A row alone stays as it is.
#[must_use]
pub(in crate::session) fn merge(batch: Batch) -> Option<Merged> {
    let Batch { summed, rows, .. } = batch;
    let several = !summed.is_empty() || rows.len() > 1;
    // What waited for each other is told line by line, as it was said in the room.
    let waited = several && summed.is_empty() && rows.iter().all(|row| row.inbound.hold.is_some());
    let in_room = rows.first().is_some_and(|row| row.inbound.route.chat.kind != ChatKind::Direct);
    let one_writer = all_of_one(summed.iter().chain(&rows));
    let named = several && if waited { in_room } else { !one_writer };
    let mut parts: Vec<String> = summary(&summed, named).into_iter().collect();
    parts.extend(rows.iter().map(|row| told(row, named)));
    let rows_last = rows.last().map(|row| (row.inbound.route.peer.clone(), row.inbound.at_ms));
    let mut all = summed.into_iter().chain(rows);
    let mut row = all.next()?;
    let (mut media, mut also) = (Vec::new(), Vec::new());
    let last = if waited { rows_last } else { None };
    for other in all {
        also.push(other.id);
        row.crashes = row.crashes.max(other.crashes);
        media.extend(other.inbound.media);
    }
    if several {
        row.inbound.text = parts.join(if waited { "\n" } else { "\n\n" });
    }
    if let Some((peer, at_ms)) = last {
        (row.inbound.route.peer, row.inbound.at_ms) = (peer, at_ms);
    }
    Some(Merged { row, media, also, writers: if several && !one_writer { Writers::Several } else { Writers::One } })
}

fn all_of_one<'a>(mut rows: impl Iterator<Item = &'a InboxRow>) -> bool {
    let first = rows.next().map(|row| row.inbound.route.peer.id.as_str());
    rows.all(|row| Some(row.inbound.route.peer.id.as_str()) == first)
}

/// Returns a message's text, behind its writer's name where several wrote.
fn told(row: &InboxRow, named: bool) -> String {
    let text = &row.inbound.text;
    let peer = &row.inbound.route.peer;
    match (named, peer.name.trim()) {
        (false, _) => text.clone(),
        (true, "") => format!("{}: {text}", peer.id),
        (true, name) => format!("{name}: {text}"),
    }
}

fn summary(summed: &[InboxRow], named: bool) -> Option<String> {
    let count = summed.len();
    if count == 0 {
        return None;
    }
    let mut lines = vec![format!("[{count} earlier {}, cut short]", if count == 1 { "message" } else { "messages" })];
    lines.extend(summed.iter().take(SUMMED_LINES_MAX).map(|row| format!("- {}", short(&told(row, named)))));
    if count > SUMMED_LINES_MAX {
        lines.push(format!("- and {} more", count - SUMMED_LINES_MAX));
    }
    Some(lines.join("\n"))
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SUMMED_CHARS_MAX {
        return line;
    }
    line.chars().take(SUMMED_CHARS_MAX - 1).chain(['…']).collect()
}
