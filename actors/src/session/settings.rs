//! What a session actor reads from the configuration, at each turn.

use std::collections::BTreeMap;
use std::time::Duration;

use super::commands::CommandRules;
use super::compaction::CompactionRules;
use super::lanes::LaneLimits;
use super::memory::Verbose;
use super::queue::QueueRules;
use super::resets::ResetRules;
use super::sending::SendRules;
use super::speaking::{Pause, SpeechSettings};

/// What the peer hears when the provider fails for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnProviderFailure {
    /// A short honest reply.
    Reply,
    /// Another turn later, until the attempts are used up; then the reply.
    Retry,
}

/// The settings of sessions and their turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// How long a turn may take in all (`agents.defaults.timeoutSeconds`).
    pub turn_timeout: Duration,
    /// How long a turn may be silent before it counts as stuck: the longest wait for a token, with some to spare.
    pub turn_silence: Duration,
    /// How long a session with nothing to do stays in memory (`session.passivateSec`).
    pub passivate_after: Duration,
    /// How many lines of the transcript a provider gets (`session.historyEntriesMax`).
    pub history_entries_max: usize,
    /// Which model answers, `provider/model`; `None` is the default provider (`agents.defaults.model.primary`).
    pub model: Option<String>,
    /// How much models think where nothing else is said (`agents.defaults.thinkingDefault`).
    pub thinking: Option<String>,
    /// Whether listeners hear of tools where nothing else is said (`agents.defaults.verboseDefault`).
    pub verbose: Verbose,
    /// Instructions for every turn (`agents.defaults.systemPrompt`).
    pub system: Option<String>,
    /// What happens when the provider fails (`session.onProviderFailure`).
    pub on_provider_failure: OnProviderFailure,
    /// How often a failed turn is run again (`session.turnRetriesMax`).
    pub turn_retries_max: u32,
    /// How many actors may be in memory before no more sessions are started (`session.actorsMax`).
    pub actors_max: usize,
    /// How messages are dealt with that come while a turn runs (`messages.queue`).
    pub queue: QueueRules,
    /// How many turns run at a time (`agents.defaults.maxConcurrent` and others).
    pub lanes: LaneLimits,
    /// Who may order what in a chat (`commands`).
    pub commands: CommandRules,
    /// When sessions begin anew by themselves (`session.reset`).
    pub resets: ResetRules,
    /// Which sessions' answers are sent (`session.sendPolicy`).
    pub sending: SendRules,
    /// When and how long conversations are summed up (`agents.defaults.compaction`).
    pub compaction: CompactionRules,
    /// How answers leave while their turns run (`agents.defaults.blockStreamingDefault` and others).
    pub speech: SpeechSettings,
    /// How long single agents wait between parts (`agents.list[].humanDelay`), by the agent's name; others as `speech` has it.
    pub pauses: BTreeMap<String, Pause>,
    /// The models that people can name, `provider/model`.
    pub models: Vec<String>,
    /// How many crashes a message survives (`deadletters.crashesMax`).
    pub crashes_max: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            turn_timeout: Duration::from_secs(600),
            turn_silence: Duration::from_secs(150),
            passivate_after: Duration::from_secs(300),
            history_entries_max: 100,
            model: None,
            thinking: None,
            verbose: Verbose::Off,
            system: None,
            on_provider_failure: OnProviderFailure::Reply,
            turn_retries_max: 3,
            actors_max: 20_000,
            crashes_max: 3,
            queue: QueueRules::default(),
            commands: CommandRules::default(),
            resets: ResetRules::default(),
            sending: SendRules::default(),
            compaction: CompactionRules::default(),
            speech: SpeechSettings::default(),
            pauses: BTreeMap::new(),
            models: Vec::new(),
            lanes: LaneLimits::default(),
        }
    }
}
