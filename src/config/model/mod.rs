//! The keys that have an effect, as types: their names, defaults, bounds and meaning. The schema, the check, the reference page
//! and the defaults are all made from these.
//!
//! `channels` is not here: each integration owns the type of its section, and `channel::KINDS` composes them.

mod agents;
mod auth;
mod bodies;
mod commands;
mod cron;
mod gateway;
mod logging;
mod mcp;
mod media;
mod messages;
mod models;
mod session;
mod session_reset;
mod store;
mod tools;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use agents::{
    AgentDefaults, AgentEntry, AgentHumanDelay, AgentSubagents, Agents, BindingEntry, BindingMatch, BindingPeer, BlockBreak,
    BlockChunk, BlockCoalesce, BreakPreference, Compaction, CompactionMode, HumanDelay, HumanDelayMode, ModelChoice, ModelName,
    OnOff, PeerKind, Subagents, ThinkingLevel, VerboseLevel,
};
pub use auth::{AuthProfile, ModelAuth, ProfileMode};
pub use bodies::{BodyFiles, BodyImages, ChatCompletions, Responses};
pub use commands::Commands;
pub use cron::Cron;
pub use gateway::{
    Auth, AuthMode, Bind, ControlUi, Endpoint, Endpoints, Faults, Gateway, Http, Mode, Reload, ReloadMode, Remote,
};
pub use logging::{ConsoleStyle, Level, Logging};
pub use mcp::{Mcp, McpEntry, McpTools};
pub use media::Media;
pub use messages::{AckReactionScope, Messages, Queue, QueueDrop, QueueMode};
pub use models::{AboutModel, Api, ModelCost, ModelEntry, ModelInput, Models, Provider};
pub use session::{DmScope, Maintenance, MaintenanceMode, OnProviderFailure, Retention, Session};
pub use session_reset::{ChatType, Reset, ResetByType, ResetMode, SendAction, SendMatch, SendPolicy, SendRule};
pub use store::{Deadletters, Store, Supervision};
pub use tools::{AgentToAgent, AgentTools, HttpTools, Profile, SessionTools, SessionVisibility, SubAgents, ToolRules, Tools};

/// The tree of keys that have an effect.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Model {
    /// The gateway itself: where it listens and who may use it.
    pub gateway: Gateway,
    /// Conversations.
    pub session: Session,
    /// Messages on their way to and from the agents.
    pub messages: Messages,
    /// What may be ordered from outside the configuration.
    pub commands: Commands,
    /// The agents that answer.
    pub agents: Agents,
    /// Which agent answers which messages; the first match of a tier wins. Without a match the default agent answers.
    pub bindings: Vec<BindingEntry>,
    /// Turns that the clock begins.
    pub cron: Cron,
    /// LLM backends.
    pub models: Models,
    /// Keys of LLM backends under names of their own.
    pub auth: ModelAuth,
    /// What agents and clients can have done. Lists hold names, names with `*` for any part, and the groups `group:fs`,
    /// `group:runtime`, `group:messaging`, `group:sessions`, `group:web`, `group:memory`, `group:automation`, `group:ui`,
    /// `group:nodes`, and `group:mcp`, the tools of all MCP servers.
    pub tools: Tools,
    /// Servers of the Model Context Protocol, whose tools agents have.
    pub mcp: Mcp,
    /// Log files and the console.
    pub logging: Logging,
    /// The media room: pictures and files beside the store.
    pub media: Media,
    /// Bounds and ages of the durable rows.
    pub store: Store,
    /// When a message is given up.
    pub deadletters: Deadletters,
    /// When an actor counts as stuck, and when it is given up.
    pub supervision: Supervision,
}
