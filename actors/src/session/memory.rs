//! What a session has read of itself from the store: its own settings, and the newest lines of its transcript.

use std::time::Duration;

use super::queue::QueueWish;
use crate::message::{Entry, Role, Tenure};
use crate::ports::{SessionRow, SessionTraits};

/// Whether answers may be sent to a platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SendPolicy {
    #[default]
    Allow,
    Deny,
}

/// Whether listeners hear of the tools that a turn calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbose {
    /// They do not.
    #[default]
    Off,
    /// They do.
    On,
}

impl Verbose {
    /// Reads a level; `full` is as good as `on`.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "on" | "full" => Some(Self::On),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// Whether reasoning is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reasoning {
    #[default]
    Off,
    /// In a message of its own, before the answer.
    On,
    /// To listeners, while it is made.
    Stream,
}

impl Reasoning {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "on" => Some(Self::On),
            "stream" => Some(Self::Stream),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// Whether answers end with what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum UsageLine {
    #[default]
    Off,
    Tokens,
    Full,
}

impl UsageLine {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "tokens" | "on" => Some(Self::Tokens),
            "full" => Some(Self::Full),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// Those of a session's own settings that a turn looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    pub(super) model: Option<Box<str>>,
    pub(super) thinking: Option<Box<str>>,
    /// Its own word on that; `None` leaves it to the rules.
    pub(super) send: Option<SendPolicy>,
    pub(super) queue: Option<QueueWish>,
    /// Its own word on that; `None` leaves it to the settings.
    pub(super) verbose: Option<Verbose>,
    pub(super) reasoning: Reasoning,
    pub(super) usage: UsageLine,
}

impl Manner {
    pub(super) fn of(traits: SessionTraits) -> Self {
        let send = traits.send_policy.map(|word| if word == "deny" { SendPolicy::Deny } else { SendPolicy::Allow });
        let boxed = |text: Option<String>| text.map(String::into_boxed_str);
        // What is kept was read before it was kept; what a later version kept counts as not said.
        let queue = traits.queue.as_deref().and_then(|words| QueueWish::parse(words).ok());
        let verbose = traits.verbose_level.as_deref().and_then(Verbose::parse);
        let reasoning = traits.reasoning_level.as_deref().and_then(Reasoning::parse).unwrap_or_default();
        let usage = traits.response_usage.as_deref().and_then(UsageLine::parse).unwrap_or_default();
        Self { model: boxed(traits.model), thinking: boxed(traits.thinking_level), send, queue, verbose, reasoning, usage }
    }
}

/// What a session knows of itself.
pub(super) struct Memory {
    /// As they were read last.
    pub(super) manner: Manner,
    /// When it last said something, milliseconds since 1970; `None` for a transcript without lines.
    pub(super) spoken_ms: Option<i64>,
    /// Whether `manner` is what the store has.
    manner_age: Age,
    /// The newest lines of the transcript, while there is work that needs them.
    pub(super) lines: Option<Vec<Entry>>,
    /// Whether lines are on their way to the disk that nobody waited for.
    behind: bool,
    /// How often somebody changed what the store has: an answer that was under way meanwhile is not to be believed.
    changes: u32,
    /// Until when a conversation that could not be summed up is left as it is, on the clock of the process.
    pub(super) too_long_until: Option<Duration>,
    /// How often in a row it could not begin anew.
    pub(super) not_anew: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// It was never read.
    Unread,
    Stale,
    Fresh,
}

impl Memory {
    pub(super) fn new(tenure: Tenure) -> Self {
        // Whoever is asked only once has no past to read, and nobody can have set anything for it.
        let (manner_age, lines) = match tenure {
            Tenure::Once => (Age::Fresh, Some(Vec::new())),
            Tenure::Kept => (Age::Unread, None),
        };
        Self {
            manner: Manner::default(),
            spoken_ms: None,
            manner_age,
            lines,
            behind: false,
            changes: 0,
            too_long_until: None,
            not_anew: 0,
        }
    }

    /// Somebody changed what the store has.
    pub(super) fn changed(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        if self.manner_age == Age::Fresh {
            self.manner_age = Age::Stale;
        }
        self.lines = None;
    }

    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// Returns whether its own settings have to be read before the next turn.
    pub(super) fn wants_manner(&self) -> bool {
        self.manner_age != Age::Fresh
    }

    /// Returns whether its own settings were ever read.
    pub(super) fn knows_manner(&self) -> bool {
        self.manner_age != Age::Unread
    }

    /// Takes what the store has of the session; `None` where it has nothing.
    pub(super) fn learn(&mut self, row: Option<SessionRow>) {
        let spoken = row.as_ref().filter(|row| row.entries > 0).map(|row| row.updated_ms);
        self.spoken_ms = spoken.max(self.spoken_ms);
        self.manner = row.map(|row| Manner::of(row.traits)).unwrap_or_default();
        self.manner_age = Age::Fresh;
    }

    /// Adds lines that a turn wrote, if older ones are known, and keeps the newest; a summary in front of them stays.
    pub(super) fn remember(&mut self, entries: &[Entry], max: usize) {
        if let Some(lines) = &mut self.lines {
            lines.extend_from_slice(entries);
            let summed = usize::from(lines.first().is_some_and(|line| line.role == Role::Summary));
            let over = lines.len().saturating_sub(max.saturating_add(summed));
            lines.drain(summed..summed.saturating_add(over));
        }
    }

    /// Lines were handed to the store without waiting for it.
    pub(super) fn fell_behind(&mut self) {
        self.behind = true;
    }

    /// The store has answered a write that came after all lines.
    pub(super) fn caught_up(&mut self) {
        self.behind = false;
    }

    /// Returns whether a read may miss lines.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }
}
