//! `session.reset*` and `session.sendPolicy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a session begins anew by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Reset {
    /// How: at an hour of each day, or after a silence.
    pub mode: ResetMode,
    /// At which hour, local time; 4 without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 23))]
    pub at_hour: Option<i8>,
    /// After how many minutes of silence; 60 without in the mode `idle`. With the mode `daily` the earlier of the two counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5_256_000))]
    pub idle_minutes: Option<u32>,
}

/// How a session begins anew by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResetMode {
    /// At an hour of each day.
    #[default]
    Daily,
    /// After a silence.
    Idle,
    /// Never.
    Off,
}

/// Resets by the kind of conversation.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ResetByType {
    /// Direct chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dm: Option<Reset>,
    /// Groups and rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Reset>,
    /// Threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<Reset>,
}

/// Which sessions' answers are sent, where a session's own word (`/send`, `sessions.patch`) says nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SendPolicy {
    /// What holds where no rule fits.
    pub default: SendAction,
    /// The rules; one that denies counts before all that allow.
    #[schemars(length(max = 1000))]
    pub rules: Vec<SendRule>,
}

/// Whether answers are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SendAction {
    /// They are.
    #[default]
    Allow,
    /// They are kept in the transcript.
    Deny,
}

/// A rule about answers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendRule {
    /// What holds for what fits.
    pub action: SendAction,
    /// What it fits; without, everything.
    #[serde(default, rename = "match")]
    pub matches: SendMatch,
}

/// What a rule fits.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SendMatch {
    /// An integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// A kind of conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_type: Option<ChatType>,
    /// How the session's key begins, whole or behind `agent:<id>:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
}

/// A kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChatType {
    /// One person and the agent.
    Direct,
    /// The same as `direct`.
    Dm,
    /// A closed group.
    Group,
    /// A room that anyone may join.
    Room,
    /// The same as `room`.
    Channel,
}
