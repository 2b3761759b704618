//! How an answer leaves while its turn still runs.

use std::time::Duration;

use super::{Outbound, OutboxId, TraceId};

/// What an account says of it; what it leaves open, the settings of agents decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// The way.
    pub way: Option<SpeechWay>,
    /// How many characters are gathered before a part leaves.
    pub min_chars: Option<usize>,
    /// The most characters of a part that is gathered of several paragraphs.
    pub max_chars: Option<usize>,
    /// How long nothing may be added before what there is leaves.
    pub idle: Option<Duration>,
    /// Whether paragraphs are gathered.
    pub paragraphs: Paragraphs,
}

/// In which way an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeechWay {
    /// All of it when the turn is over.
    Whole,
    /// Part by part, each for good.
    Parts,
    /// As one message that is written over as it grows.
    Edits,
}

/// Whether several paragraphs leave together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paragraphs {
    /// They are gathered.
    #[default]
    Gathered,
    /// Each leaves when it is whole.
    Single,
}

/// How much of a text that still grows may leave at a time, characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceRules {
    /// The most of a part.
    pub chars_max: usize,
    /// What a part of a paragraph has at the least, where it is cut at a line or a sentence.
    pub piece_min: usize,
    /// How long a paragraph may grow before a part of it counts as whole.
    pub piece_max: usize,
    /// Where a paragraph that still grows may be cut.
    pub cut: PieceCut,
}

/// Where a paragraph that still grows may be cut before it is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PieceCut {
    /// Nowhere.
    #[default]
    Nowhere,
    /// Behind a line.
    Line,
    /// Behind a line or a sentence.
    Sentence,
}

/// What a turn has of its answer so far, to be shown in the place of the message to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The row that the answer will have.
    pub id: OutboxId,
    /// The first payload of what there is.
    pub outbound: Outbound,
    /// The thread through the logs.
    pub trace: TraceId,
}

/// Whether a turn speaks: parts of its answer have left or may leave, and more is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// It does.
    Taken,
    /// It does no more.
    Left,
}
