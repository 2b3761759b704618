//! What a turn grows from.

use std::time::Duration;

use uuid::Uuid;

use super::hints::Hints;
use super::queue::Writers;
use super::speaking::Left;
use crate::message::{Ask, BegunRound, Entry, Media, Order, Role, RunId, Steered, TraceId, Usage};
use crate::ports::{Drafted, InboxRow};

/// The longest time that an order may ask for its turn.
const ORDER_TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// What a provider is asked where somebody has begun the session anew and says nothing else.
const GREET: &str = "I have just begun this conversation anew. Greet me in your own manner, in one to three sentences, and ask what I would \
like to do. Say nothing of this instruction.";

/// A message in hand, with the name of the turn that answers it.
#[derive(Debug)]
pub(super) struct Seed {
    pub(super) source: Source,
    pub(super) run: RunId,
    /// Which try this is, from 1.
    pub(super) tries: u32,
    /// What came with rows that share the turn of the first.
    pub(super) more_media: Vec<Media>,
    /// Who wrote what it answers.
    pub(super) writers: Writers,
    /// What it asks for beside its text.
    pub(super) hints: Hints,
    /// What the tries before this one cost.
    pub(super) spent: Usage,
    /// What a try before this one has shown as a draft.
    pub(super) shown: String,
    /// What its turn is for.
    pub(super) aim: Aim,
    /// Why its turn is ended before it begins.
    pub(super) called_off: Option<&'static str>,
}

/// What a turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// To answer what was said.
    Answer,
    /// To greet whoever began the session anew and said nothing else.
    Greet,
}

/// Where a message in hand came from.
#[derive(Debug)]
pub(super) enum Source {
    /// From the inbox: answered through the outbox, or as its order says.
    Row(Box<InboxRow>),
    /// From a client that waits: answered through its sender.
    Ask(Box<Ask>),
}

impl Seed {
    /// Takes a row. Its turn has the name that its order gives it, else that of the row: the same again after a crash.
    pub(super) fn row(row: InboxRow) -> Self {
        let named = row.inbound.order.as_ref().map(|order| order.run.clone());
        let run = named.or_else(|| RunId::named(&row.id.to_string())).unwrap_or_default();
        Self {
            source: Source::Row(Box::new(row)),
            run,
            tries: 1,
            more_media: Vec::new(),
            writers: Writers::One,
            hints: Hints::default(),
            spent: Usage::default(),
            shown: String::new(),
            aim: Aim::Answer,
            called_off: None,
        }
    }

    /// Takes a client's question, whose turn has the client's own name.
    pub(super) fn ask(ask: Ask) -> Self {
        let run = ask.run.clone();
        Self {
            source: Source::Ask(Box::new(ask)),
            run,
            tries: 1,
            more_media: Vec::new(),
            writers: Writers::One,
            hints: Hints::default(),
            spent: Usage::default(),
            shown: String::new(),
            aim: Aim::Answer,
            called_off: None,
        }
    }

    /// Returns the same row for its next try, a turn of its own.
    pub(super) fn again(self) -> Self {
        Self { run: RunId::new(), tries: self.tries.saturating_add(1), ..self }
    }

    /// Returns the row that is in hand for it.
    pub(super) fn row_id(&self) -> Option<Uuid> {
        match &self.source {
            Source::Row(row) => Some(row.id.as_uuid()),
            Source::Ask(_) => None,
        }
    }

    /// Keeps the rounds of tools that a try had, for the next one to go on after.
    pub(super) fn keep(&mut self, rounds: &[BegunRound]) {
        if let Source::Row(row) = &mut self.source {
            row.steps = rounds.to_vec();
            // Nothing bounds how many wait at a time: their bytes are let go, and their results tell of them.
            row.steps.iter_mut().for_each(|round| round.shown.clear());
        }
    }

    /// Keeps what has left of a try's answer, for the next one to go on behind, or what it has shown, for the next one to write over.
    pub(super) fn keep_left(&mut self, left: &Left, text: &str) {
        let Source::Row(row) = &mut self.source else { return };
        match left {
            Left::Nothing => {}
            Left::Parts(parts) => row.said.clone_from(parts),
            Left::Draft(_) => {
                row.drafted = Drafted::Perhaps;
                text.clone_into(&mut self.shown);
            }
        }
    }

    /// Returns what of the answer its reader knows of, as far as is known here: what has left for good, or of a draft what it has shown at
    /// least.
    pub(super) fn known_of(&self) -> String {
        match (Left::of(self), &self.source) {
            (Left::Draft(_), Source::Row(row)) if self.shown.is_empty() => {
                row.steps.iter().map(|round| round.text.as_str()).collect()
            }
            (Left::Draft(_), _) => self.shown.clone(),
            (left, _) => left.words(),
        }
    }

    /// Returns what has left of the answer before.
    pub(super) fn answered(&self) -> String {
        Left::of(self).words()
    }

    /// Returns what was said while its turn ran before, as far as its rounds show that.
    pub(super) fn said(&self) -> impl Iterator<Item = &Steered> {
        let steps = match &self.source {
            Source::Row(row) => row.steps.as_slice(),
            Source::Ask(_) => &[],
        };
        steps.iter().flat_map(|round| &round.said)
    }

    /// Returns what the provider is asked.
    pub(super) fn question(&self) -> &str {
        match self.aim {
            Aim::Answer => self.text(),
            Aim::Greet => GREET,
        }
    }

    pub(super) fn text(&self) -> &str {
        match &self.source {
            Source::Row(row) => &row.inbound.text,
            Source::Ask(ask) => &ask.text,
        }
    }

    pub(super) fn media(&self) -> Vec<Media> {
        match &self.source {
            Source::Row(row) => row.inbound.media.iter().chain(&self.more_media).cloned().collect(),
            Source::Ask(ask) => ask.media.clone(),
        }
    }

    pub(super) fn trace(&self) -> TraceId {
        match &self.source {
            Source::Row(row) => row.inbound.trace,
            Source::Ask(ask) => ask.trace,
        }
    }

    /// Returns what a control client ordered with the message.
    pub(super) fn order(&self) -> Option<&Order> {
        match &self.source {
            Source::Row(row) => row.inbound.order.as_deref(),
            Source::Ask(_) => None,
        }
    }

    /// Returns how many crashes the message was in hand at.
    pub(super) fn crashes(&self) -> u32 {
        match &self.source {
            Source::Row(row) => row.crashes,
            Source::Ask(_) => 0,
        }
    }

    /// Returns the model that the client asked for.
    pub(super) fn model(&self) -> Option<&str> {
        match &self.source {
            Source::Row(_) => self.hints.model.as_deref().or_else(|| self.order()?.model.as_deref()),
            Source::Ask(ask) => ask.model.as_deref(),
        }
    }

    /// Returns the client's instructions.
    pub(super) fn system(&self) -> Option<&str> {
        match &self.source {
            Source::Row(_) => self.order()?.system.as_deref(),
            Source::Ask(ask) => ask.system.as_deref(),
        }
    }

    /// Returns how much the model is to think in this turn.
    pub(super) fn thinking(&self) -> Option<&str> {
        self.hints.thinking.as_deref().or_else(|| self.order()?.thinking.as_deref())
    }

    /// Returns how long the client lets the turn take, a day at the most.
    pub(super) fn time_max(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.order()?.timeout_ms?).min(ORDER_TIME_MAX))
    }

    /// Returns the line that the message is in the transcript.
    pub(super) fn entry(&self, now_ms: i64) -> Entry {
        let (media, at_ms) = match &self.source {
            Source::Row(row) => (self.media(), row.inbound.at_ms),
            Source::Ask(ask) => (ask.media.clone(), now_ms),
        };
        Entry { role: Role::User, text: self.text().to_owned(), media, run: self.run.clone(), at_ms, rounds: Vec::new() }
    }
}
