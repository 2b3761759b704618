//! `session.*`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reset, ResetByType, SendPolicy};

/// Conversations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Session {
    /// How far apart the direct chats of different people are kept. With `main` everybody shares one conversation.
    pub dm_scope: DmScope,
    /// The main session's name.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9_-]{0,63}$"))]
    pub main_key: String,
    /// One name for the same person on several channels: from the name to `channel:peer` entries.
    pub identity_links: BTreeMap<String, Vec<String>>,
    /// How long a session with nothing to do stays in memory, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub passivate_sec: u64,
    /// How many actors may be in memory before no more sessions are started; what waits for one stays in its row.
    #[schemars(range(min = 100, max = 1_000_000))]
    pub actors_max: usize,
    /// How many lines of the transcript a provider gets.
    #[schemars(range(min = 0, max = 10_000))]
    pub history_entries_max: usize,
    /// What happens when the provider fails: a short honest reply at once, or the turn again first.
    pub on_provider_failure: OnProviderFailure,
    /// How often a failed turn is run again with `onProviderFailure: "retry"`.
    #[schemars(range(min = 0, max = 20))]
    pub turn_retries_max: u32,
    /// When a session begins anew by itself: at the first message after the hour or the silence. Its transcript goes to
    /// `<state>/archive`. Daily at 4 without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// Resets by the kind of conversation; count before `reset`.
    pub reset_by_type: ResetByType,
    /// Resets of single integrations, by their kind; count before all others.
    pub reset_by_channel: BTreeMap<String, Reset>,
    /// The older form of a reset after a silence, in minutes; counts where `reset` is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5_256_000))]
    pub idle_minutes: Option<u32>,
    /// Words that begin a session anew as the first of a message, beside `/new` and `/reset`. What follows is answered in it.
    #[schemars(length(max = 100))]
    pub reset_triggers: Vec<String>,
    /// Whether the agent greets in a session that was begun anew by a word of a chat that nothing follows: a turn of its own. Without, or
    /// where it cannot, the gateway says that the session begins anew; so it is with `echo`, which knows nothing but to repeat.
    pub reset_greeting: bool,
    /// Which sessions' answers are sent.
    pub send_policy: SendPolicy,
    /// What becomes of sessions that are silent, and of transcripts that were begun anew.
    pub maintenance: Maintenance,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            dm_scope: DmScope::default(),
            main_key: "main".to_owned(),
            identity_links: BTreeMap::new(),
            passivate_sec: 300,
            actors_max: 20_000,
            history_entries_max: 100,
            on_provider_failure: OnProviderFailure::default(),
            turn_retries_max: 3,
            reset: None,
            reset_by_type: ResetByType::default(),
            reset_by_channel: BTreeMap::new(),
            idle_minutes: None,
            reset_triggers: vec!["/new".to_owned(), "/reset".to_owned()],
            reset_greeting: true,
            send_policy: SendPolicy::default(),
            maintenance: Maintenance::default(),
        }
    }
}

/// What becomes of sessions that are silent, and of transcripts that were begun anew: files in `<state>/archive`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Maintenance {
    /// Whether sessions and files go that are older than they are to be kept: `warn` only says in the log how many there are.
    pub mode: MaintenanceMode,
    /// How long a session may be silent: a number with `h`, `d` or `w` behind it, or a number of days; `false` is for ever. Its lines go
    /// to the archive. Never a main session, one that somebody set by hand, or one in which something waits.
    pub prune_after: Retention,
    /// How many sessions there may be; of more, the most silent go as after `pruneAfter`, but none within an hour of its last turn.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_entries: u32,
    /// How long the files of resets and of pruned sessions are kept: a number with `h`, `d` or `w` behind it, or a number of days; `false` is for ever.
    pub reset_archive_retention: Retention,
}

impl Default for Maintenance {
    fn default() -> Self {
        let month = || Retention::For("30d".to_owned());
        Self { mode: MaintenanceMode::default(), prune_after: month(), max_entries: 5_000, reset_archive_retention: month() }
    }
}

/// What is done about sessions and files that are older than they are to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MaintenanceMode {
    /// It is said that they are there.
    #[default]
    Warn,
    /// They go.
    Enforce,
}

/// How long something is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Retention {
    /// So many days.
    Days(u32),
    /// So long, `30d`.
    For(String),
    /// For ever; `true` is refused.
    Kept(bool),
}

/// How far apart direct chats are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DmScope {
    /// All in one session.
    Main,
    /// One session a person.
    PerPeer,
    /// One session a person and channel.
    #[default]
    PerChannelPeer,
    /// One session a person, channel and account.
    PerAccountChannelPeer,
}

/// What happens when the provider fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnProviderFailure {
    /// A short honest reply.
    #[default]
    Reply,
    /// The turn again, then the reply.
    Retry,
}
