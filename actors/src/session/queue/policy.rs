//! How messages that come while a turn runs are dealt with, and whose word on it counts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The longest quiet that may be waited for before collected messages are answered.
pub const QUEUE_DEBOUNCE_MAX: Duration = Duration::from_secs(60);

/// The most messages that one turn may answer.
pub const QUEUE_CAP_MAX: usize = 200;

/// What becomes of messages that come while a turn runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueMode {
    /// They wait, and are answered together in one turn.
    #[default]
    Collect,
    /// They wait, and each is answered in a turn of its own. None is ever left out.
    Followup,
    /// The running turn is given them at its next round of tools; what it does not take is answered as in `followup`.
    Steer,
    /// As `steer`, and each is answered in a turn of its own as well.
    SteerBacklog,
    /// The running turn is ended, and they are answered together.
    Interrupt,
}

impl QueueMode {
    /// Every mode.
    pub const ALL: [Self; 5] = [Self::Collect, Self::Followup, Self::Steer, Self::SteerBacklog, Self::Interrupt];

    /// Returns the name in settings and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Followup => "followup",
            Self::Steer => "steer",
            Self::SteerBacklog => "steer-backlog",
            Self::Interrupt => "interrupt",
        }
    }

    /// Reads a name, in any case; `queue` is another name of `steer`, `steer+backlog` of `steer-backlog`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        match word.as_str() {
            "queue" => Some(Self::Steer),
            "steer+backlog" => Some(Self::SteerBacklog),
            other => Self::ALL.into_iter().find(|mode| mode.as_str() == other),
        }
    }
}

/// Which messages go when more wait than one turn may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueDrop {
    /// The oldest, without an answer.
    Old,
    /// The newest, without an answer.
    New,
    /// The oldest, of each of which a line stands in the next turn.
    #[default]
    Summarize,
}

impl QueueDrop {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Old, Self::New, Self::Summarize];

    /// Returns the name in settings and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Summarize => "summarize",
        }
    }

    /// Reads a name, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }
}

/// How the messages of one chat are dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// What becomes of them.
    pub mode: QueueMode,
    /// How long it has to be quiet before collected messages are answered, at most [`QUEUE_DEBOUNCE_MAX`].
    pub debounce: Duration,
    /// How many messages one turn answers, 1 to [`QUEUE_CAP_MAX`]. Holds where several share a turn.
    pub cap: usize,
    /// Which of more go.
    pub drop: QueueDrop,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self { mode: QueueMode::default(), debounce: Duration::from_secs(1), cap: 20, drop: QueueDrop::default() }
    }
}

impl fmt::Display for QueuePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mode, debounce, cap, drop } = self;
        let (mode, drop) = (mode.as_str(), drop.as_str());
        write!(f, "mode={mode}, debounce={}ms, cap={cap}, drop={drop}", debounce.as_millis())
    }
}

/// What somebody wants different of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueWish {
    /// The mode.
    pub mode: Option<QueueMode>,
    /// The quiet.
    pub debounce: Option<Duration>,
    /// The most messages.
    pub cap: Option<usize>,
    /// Which of more go.
    pub drop: Option<QueueDrop>,
}

/// Why a wish is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` is nothing a queue knows: use collect, followup, steer, steer-backlog or interrupt, then debounce:2s cap:25 drop:old|new|summarize"
)]
pub struct QueueWishError {
    /// The word, cut short.
    pub word: String,
}

impl QueueWish {
    /// Reads words such as `collect debounce:2s cap:25 drop:summarize`, in any order.
    ///
    /// # Errors
    /// Names the first word that is none of these, or out of its bounds.
    pub fn parse(text: &str) -> Result<Self, QueueWishError> {
        let mut wish = Self::default();
        for word in text.split_whitespace() {
            if !wish.take(word) {
                const CHARS_MAX: usize = 40;
                return Err(QueueWishError { word: word.chars().take(CHARS_MAX).collect() });
            }
        }
        Ok(wish)
    }

    /// Takes one word; answers whether it is one.
    pub(in crate::session) fn take(&mut self, word: &str) -> bool {
        let lower = word.to_lowercase();
        let Some((name, value)) = lower.split_once([':', '=']) else {
            let mode = QueueMode::parse(&lower);
            self.mode = mode.or(self.mode);
            return mode.is_some();
        };
        match name {
            "debounce" => set(&mut self.debounce, duration(value).filter(|quiet| *quiet <= QUEUE_DEBOUNCE_MAX)),
            "cap" => set(&mut self.cap, value.parse().ok().filter(|cap| (1..=QUEUE_CAP_MAX).contains(cap))),
            "drop" => set(&mut self.drop, QueueDrop::parse(value)),
            _ => false,
        }
    }

    /// Returns whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns a policy with what is wanted different.
    #[must_use]
    pub fn over(&self, policy: QueuePolicy) -> QueuePolicy {
        QueuePolicy {
            mode: self.mode.unwrap_or(policy.mode),
            debounce: self.debounce.unwrap_or(policy.debounce),
            cap: self.cap.unwrap_or(policy.cap),
            drop: self.drop.unwrap_or(policy.drop),
        }
    }

    /// Returns this wish with a later one over it.
    #[must_use]
    pub fn with(&self, later: &Self) -> Self {
        Self {
            mode: later.mode.or(self.mode),
            debounce: later.debounce.or(self.debounce),
            cap: later.cap.or(self.cap),
            drop: later.drop.or(self.drop),
        }
    }
}

/// Writes the words that [`QueueWish::parse`] reads.
impl fmt::Display for QueueWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.mode.map(|mode| mode.as_str().to_owned()),
            self.debounce.map(|quiet| format!("debounce:{}ms", quiet.as_millis())),
            self.cap.map(|cap| format!("cap:{cap}")),
            self.drop.map(|rule| format!("drop:{}", rule.as_str())),
        ];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    *place = value.or(place.take());
    found
}

/// Reads `500ms`, `2s`, `1m`, or a number of milliseconds.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|mark: char| !mark.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let ms = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(ms)?))
}

/// The settings of `messages.queue`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueRules {
    /// What holds where nothing else is said.
    pub usual: QueuePolicy,
    /// Modes of single integrations, by their kind in lower case.
    pub by_channel: BTreeMap<String, QueueMode>,
    /// The quiet of single integrations.
    pub debounce_by_channel: BTreeMap<String, Duration>,
    /// Whether messages of any account wait for others: then rows are looked at before they are taken.
    pub holds: bool,
}

impl QueueRules {
    /// Returns the policy for a message: its own words count before the session's, those before its integration's, and those
    /// before the usual.
    #[must_use]
    pub fn policy(&self, channel: &str, session: Option<&QueueWish>, inline: Option<&QueueWish>) -> QueuePolicy {
        let channels = QueueWish {
            mode: self.by_channel.get(channel).copied(),
            debounce: self.debounce_by_channel.get(channel).copied(),
            ..QueueWish::default()
        };
        let wishes = [Some(&channels), session, inline];
        wishes.into_iter().flatten().fold(self.usual, |policy, wish| wish.over(policy))
    }

    /// Returns whether every message of a session has a turn of its own, whatever integration it comes by.
    #[must_use]
    pub fn one_by_one(&self, session: Option<&QueueWish>) -> bool {
        match session.and_then(|wish| wish.mode) {
            _ if self.holds => false,
            Some(mode) => mode == QueueMode::Followup,
            None => {
                let mut modes = self.by_channel.values().chain([&self.usual.mode]);
                modes.all(|mode| *mode == QueueMode::Followup)
            }
        }
    }
}
