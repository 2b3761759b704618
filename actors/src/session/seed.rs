//! What a turn grows from.

use crate::message::{Ask, Entry, Media, Role, RunId, TraceId};
use crate::ports::InboxRow;

/// A message in hand.
#[derive(Debug)]
pub(super) enum Seed {
    /// From the inbox: answered through the outbox.
    Row(Box<InboxRow>),
    /// From a client that waits: answered through its sender.
    Ask(Box<Ask>),
}

impl Seed {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Row(row) => &row.inbound.text,
            Self::Ask(ask) => &ask.text,
        }
    }

    pub(super) fn media(&self) -> Vec<Media> {
        match self {
            Self::Row(row) => row.inbound.media.iter().cloned().collect(),
            Self::Ask(ask) => ask.media.clone(),
        }
    }

    pub(super) fn trace(&self) -> TraceId {
        match self {
            Self::Row(row) => row.inbound.trace,
            Self::Ask(ask) => ask.trace,
        }
    }

    /// Returns the turn's id: the client's own, a new one for a row.
    pub(super) fn run(&self) -> RunId {
        match self {
            Self::Row(_) => RunId::new(),
            Self::Ask(ask) => ask.run,
        }
    }

    /// Returns the model that the client asked for.
    pub(super) fn model(&self) -> Option<&str> {
        match self {
            Self::Row(_) => None,
            Self::Ask(ask) => ask.model.as_deref(),
        }
    }

    /// Returns the client's instructions.
    pub(super) fn system(&self) -> Option<&str> {
        match self {
            Self::Row(_) => None,
            Self::Ask(ask) => ask.system.as_deref(),
        }
    }

    /// Returns the line that the message is in the transcript.
    pub(super) fn entry(&self, run: RunId, now_ms: i64) -> Entry {
        match self {
            Self::Row(row) => question(row, run),
            Self::Ask(ask) => {
                let media = ask.media.first().cloned();
                Entry { role: Role::User, text: ask.text.clone(), media, run, at_ms: now_ms }
            }
        }
    }
}

/// Returns the line that a row's message is in the transcript.
pub(super) fn question(row: &InboxRow, run: RunId) -> Entry {
    let inbound = &row.inbound;
    Entry { role: Role::User, text: inbound.text.clone(), media: inbound.media.clone(), run, at_ms: inbound.at_ms }
}
