//! `messages.*`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Messages on their way to and from the agents.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Messages {
    /// What becomes of messages that come while a turn runs. A session's own word (`/queue`, `sessions.patch`) goes before these.
    pub queue: Queue,
    /// Groups and rooms, on every channel.
    pub group_chat: GroupChat,
    /// With which emoji a message is marked that was taken in, where the channel can (rocketchat): a name or a character. Empty marks none.
    #[schemars(length(max = 64))]
    pub ack_reaction: String,
    /// Which messages are marked so.
    pub ack_reaction_scope: AckReactionScope,
    /// Whether the mark is taken off once the last part of the answer is sent. Both are at best effort: a message may keep its mark.
    pub remove_ack_after_reply: bool,
}

/// Groups and rooms, on every channel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GroupChat {
    /// How many messages of a group that were not for the agent it is told with the next one that is; a channel's own `historyLimit` goes
    /// before. They are kept in memory, 64 KiB a group.
    #[schemars(range(min = 0, max = 500))]
    pub history_limit: u32,
}

impl Default for GroupChat {
    fn default() -> Self {
        Self { history_limit: 50 }
    }
}

/// Which messages are marked when they are taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AckReactionScope {
    /// Those of groups that address the agent.
    #[default]
    GroupMentions,
    /// Those of groups.
    GroupAll,
    /// Those of direct chats.
    Direct,
    /// All.
    All,
    /// None.
    Off,
    /// The same as `off`.
    None,
}

/// What becomes of messages that come while a turn runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Queue {
    /// What becomes of them where nothing else is said.
    pub mode: QueueMode,
    /// The mode of single integrations, by their kind, for example `socket-chat`.
    pub by_channel: BTreeMap<String, QueueMode>,
    /// How long it has to be quiet before collected messages are answered, in milliseconds. The first message to a session that
    /// has nothing to do is answered at once.
    #[schemars(range(min = 0, max = 60_000))]
    pub debounce_ms: u64,
    /// The quiet of single integrations, by their kind, in milliseconds.
    pub debounce_ms_by_channel: BTreeMap<String, u64>,
    /// How many messages one turn answers where several share a turn.
    #[schemars(range(min = 1, max = 200))]
    pub cap: usize,
    /// Which of more go.
    pub drop: QueueDrop,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            mode: QueueMode::default(),
            by_channel: BTreeMap::new(),
            debounce_ms: 1_000,
            debounce_ms_by_channel: BTreeMap::new(),
            cap: 20,
            drop: QueueDrop::default(),
        }
    }
}

/// What becomes of messages that come while a turn runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueMode {
    /// They wait, and are answered together in one turn.
    #[default]
    Collect,
    /// They wait, and each is answered in a turn of its own. None is ever left out: `cap` and `drop` have no effect.
    Followup,
    /// The running turn is given them at its next round of tools; what it does not take is answered as in `followup`.
    Steer,
    /// The same as `steer`.
    Queue,
    /// As `steer`, and each is answered in a turn of its own as well.
    SteerBacklog,
    /// The same as `steer-backlog`.
    #[serde(rename = "steer+backlog")]
    SteerAndBacklog,
    /// The running turn is ended, and they are answered together.
    Interrupt,
}

/// Which messages go when more wait than one turn answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueDrop {
    /// The oldest, without an answer.
    Old,
    /// The newest, without an answer.
    New,
    /// The oldest, of each of which a line stands in the next turn.
    #[default]
    Summarize,
}
