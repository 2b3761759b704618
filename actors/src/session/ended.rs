//! How a turn came out, for its client, its listeners and whoever ordered it.

use super::compaction::Transcript;
use super::speaking::Left;
use crate::agent::{AskedModel, Ending, ProviderError, RunOutcome};
use crate::message::{BegunRound, Code, Delta, RunVerdict, ToolCall, TurnEnd, TurnFailure, Usage};

/// A turn that is over.
#[derive(Debug)]
pub(super) struct Ended {
    /// All that was written; in bounds as the run's own answer is.
    pub(super) text: String,
    /// What the model thought aloud; bounded.
    pub(super) thoughts: String,
    /// The calls of the client's tools that it ended with; empty when it ended otherwise.
    pub(super) calls: Vec<ToolCall>,
    /// The rounds of the gateway's own tools that it had, over all its tries.
    pub(super) rounds: Vec<BegunRound>,
    /// How much of the text has left.
    pub(super) left: Left,
    pub(super) how: How,
    /// What its provider counted, also where the answer is not whole.
    pub(super) spent: Usage,
    /// The model that was asked last, where it may be another than the one chosen.
    pub(super) by: Option<AskedModel>,
    /// What became of the lines that it had read.
    pub(super) transcript: Transcript,
}

/// How a turn came out.
#[derive(Debug)]
pub(super) enum How {
    /// Its answer is whole, or up to its client's tools.
    Done(Ending),
    /// Its answer is not whole.
    Failed(ProviderError),
    /// Its time was over before its answer was whole.
    Late(ProviderError),
    /// It was ended: `rpc`, `stop` or `timeout`.
    Aborted(&'static str),
}

impl Ended {
    /// A turn that wrote nothing.
    pub(super) fn silent(how: How) -> Self {
        Self::saying(String::new(), how)
    }

    /// A turn that called no tool of its client.
    pub(super) fn saying(text: String, how: How) -> Self {
        let (calls, rounds, left) = (Vec::new(), Vec::new(), Left::Nothing);
        Self {
            text,
            thoughts: String::new(),
            calls,
            rounds,
            left,
            how,
            spent: Usage::default(),
            by: None,
            transcript: Transcript::default(),
        }
    }

    /// Has a turn that failed end with this, behind what has left of it for good: nobody asked for more than that.
    pub(super) fn fall_back(&mut self, say: &str) {
        self.text = match &self.left {
            Left::Parts(parts) => format!("{}\n\n{say}", parts.concat()),
            Left::Nothing | Left::Draft(_) => say.to_owned(),
        };
        self.how = How::Done(Ending { finish_reason: "stop".into(), usage: Usage::default() });
    }

    /// Returns the last that a waiting client hears.
    pub(super) fn delta(&self) -> Delta {
        match &self.how {
            How::Done(ending) => {
                let finish_reason = ending.finish_reason.clone();
                Delta::End(TurnEnd { finish_reason, calls: self.calls.clone(), usage: ending.usage })
            }
            How::Failed(error) | How::Late(error) => Delta::Failed(failure(error)),
            How::Aborted(_) => Delta::Failed(TurnFailure { code: Code::Aborted, message: "the turn was aborted".into() }),
        }
    }
}

impl How {
    /// Returns the last that whoever ordered the turn hears.
    pub(super) fn verdict(&self) -> RunVerdict {
        match self {
            Self::Done(_) => RunVerdict::Done,
            Self::Failed(error) | Self::Late(error) => RunVerdict::Failed(failure(error)),
            Self::Aborted(why) => RunVerdict::Aborted(why),
        }
    }
}

impl From<RunOutcome> for How {
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Done(ending) => Self::Done(ending),
            RunOutcome::Failed(error) => Self::Failed(error),
            RunOutcome::Late(error) => Self::Late(error),
            // Whoever hangs up says stop.
            RunOutcome::Gone => Self::Aborted("stop"),
        }
    }
}

fn failure(error: &ProviderError) -> TurnFailure {
    TurnFailure { code: error.code, message: error.message.clone() }
}
