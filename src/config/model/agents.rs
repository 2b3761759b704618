//! `agents.*` and `bindings[]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AgentTools;

/// The agents that answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Agents {
    /// What holds for every agent that does not say otherwise.
    pub defaults: AgentDefaults,
    /// The agents; without any there is one named `main`.
    #[schemars(length(max = 1000))]
    pub list: Vec<AgentEntry>,
}

/// What holds for every agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AgentDefaults {
    /// Which model answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Instructions for every turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub system_prompt: Option<String>,
    /// How much models think where neither the session nor the message says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_default: Option<ThinkingLevel>,
    /// Whether listeners hear of the tools that a turn calls, where neither the session nor the message says it.
    pub verbose_default: VerboseLevel,
    /// How long a turn may take in all, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_seconds: u64,
    /// How many turns of ordinary sessions run at a time; more wait in order. Clients that wait over HTTP are not counted.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_concurrent: usize,
    /// Sessions that agents make.
    pub subagents: Subagents,
    /// When and how long conversations are summed up, so that they go on within what a model reads.
    pub compaction: Compaction,
    /// The folder that the default agent works in, `~` being the home folder; others work in `<folder>-<id>`. Without it `callboard`
    /// in the home folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub workspace: Option<String>,
    /// Whether paragraphs of an answer are sent while its turn still runs, on accounts that do not say so themselves.
    pub block_streaming_default: OnOff,
    /// Where such a part of an answer may end.
    pub block_streaming_break: BlockBreak,
    /// How such parts are cut.
    pub block_streaming_chunk: BlockChunk,
    /// How paragraphs are gathered before they are sent, on accounts that do not say so themselves.
    pub block_streaming_coalesce: BlockCoalesce,
    /// How large a picture or file may be, in MiB, on accounts that do not say so themselves, and what agents and clients send. Without
    /// it 8; 5,000,000 bytes for attachments of control clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub media_max_mb: Option<u32>,
    /// How long is waited between such parts.
    pub human_delay: HumanDelay,
}

/// A switch in the words of the public configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnOff {
    /// It is on.
    On,
    /// It is off.
    #[default]
    Off,
}

/// Where a part of an answer may end that is sent before the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockBreak {
    /// Behind every paragraph.
    #[default]
    TextEnd,
    /// Where the model ends what it has to say: before it calls tools, and at the end.
    MessageEnd,
}

/// How parts of an answer are cut that are sent before the end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BlockChunk {
    /// How many characters a part has at the least that is sent before the model ends what it has to say; no more than `maxChars`
    /// counts.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_chars: usize,
    /// How long a paragraph may grow before a part of it is sent, characters.
    #[schemars(range(min = 64, max = 100_000))]
    pub max_chars: usize,
    /// Where a part may end.
    pub break_preference: BreakPreference,
}

impl Default for BlockChunk {
    fn default() -> Self {
        Self { min_chars: 1, max_chars: 1200, break_preference: BreakPreference::Paragraph }
    }
}

/// Where a part of an answer may end that is sent before the end. Never in the middle of a code block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BreakPreference {
    /// Behind a paragraph.
    #[default]
    Paragraph,
    /// Behind a line too, once there is as much as `minChars`.
    Newline,
    /// Behind a sentence too, once there is as much as `minChars`.
    Sentence,
}

/// How long is waited between the parts of an answer that are sent before the end, as if somebody wrote. What is left when the answer
/// is made is sent at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct HumanDelay {
    /// Whether.
    pub mode: HumanDelayMode,
    /// The shortest wait of `custom`, milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub min_ms: u64,
    /// The longest wait of `custom`, milliseconds; no less than `minMs`.
    #[schemars(range(min = 0, max = 60_000))]
    pub max_ms: u64,
}

impl Default for HumanDelay {
    fn default() -> Self {
        Self { mode: HumanDelayMode::Off, min_ms: 800, max_ms: 2500 }
    }
}

/// How long one agent waits between the parts of an answer; what it leaves open, `agents.defaults.humanDelay` says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AgentHumanDelay {
    /// Whether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<HumanDelayMode>,
    /// The shortest wait of `custom`, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 60_000))]
    pub min_ms: Option<u64>,
    /// The longest wait of `custom`, milliseconds; no less than `minMs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 60_000))]
    pub max_ms: Option<u64>,
}

impl AgentHumanDelay {
    /// Returns it with what it leaves open.
    #[must_use]
    pub fn over(&self, usual: &HumanDelay) -> HumanDelay {
        HumanDelay {
            mode: self.mode.unwrap_or(usual.mode),
            min_ms: self.min_ms.unwrap_or(usual.min_ms),
            max_ms: self.max_ms.unwrap_or(usual.max_ms),
        }
    }
}

/// How long is waited between parts of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HumanDelayMode {
    /// Not at all.
    #[default]
    Off,
    /// Between 800 and 2500 ms.
    Natural,
    /// Between `minMs` and `maxMs`.
    Custom,
}

/// How paragraphs are gathered before they are sent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BlockCoalesce {
    /// How many characters are gathered.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_chars: usize,
    /// The most characters of what is gathered.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_chars: usize,
    /// How long nothing may be added before what there is leaves, milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub idle_ms: u64,
}

impl Default for BlockCoalesce {
    fn default() -> Self {
        Self { min_chars: 800, max_chars: 4000, idle_ms: 1000 }
    }
}

/// When and how long conversations are summed up. `/compact` and `sessions.compact` do it by hand.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Compaction {
    /// Whether it happens by itself.
    pub mode: CompactionMode,
    /// How many of the tokens that a model reads (`models.providers.*.models[].contextWindow`) are kept free for its answer and for
    /// tools; at most half of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub reserve_tokens: Option<u64>,
    /// What is kept free at the least, whatever `reserveTokens` says.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub reserve_tokens_floor: u64,
    /// How many tokens of the newest turns stay as they are; at most a quarter of what the model reads.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub keep_recent_tokens: u64,
    /// Which model sums up, `provider/model`; without it the one that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub model: Option<String>,
    /// What summaries are to look at besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16_384))]
    pub custom_instructions: Option<String>,
    /// How long it may take, in seconds; of a turn's own time at most half.
    #[schemars(range(min = 1, max = 3_600))]
    pub timeout_seconds: u64,
}

/// Whether conversations are summed up by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompactionMode {
    /// They are, a long one piece by piece.
    #[default]
    Safeguard,
    /// The same as `safeguard`.
    Default,
    /// Only when somebody asks for it.
    Off,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            mode: CompactionMode::default(),
            reserve_tokens: None,
            reserve_tokens_floor: 20_000,
            keep_recent_tokens: 20_000,
            model: None,
            custom_instructions: None,
            timeout_seconds: 180,
        }
    }
}

/// How much a model thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThinkingLevel {
    /// Not at all.
    Off,
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl ThinkingLevel {
    /// Returns the level as providers are told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether tools are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerboseLevel {
    /// They are not.
    #[default]
    Off,
    /// They are.
    On,
    /// The same as `on`.
    Full,
}

/// Sessions that agents make.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Subagents {
    /// How many turns of them run at a time; more wait in order.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_concurrent: usize,
    /// Which other agents turns begin them of (`sessions_spawn`, `agentId`); `*` is any. Agents say it for themselves in `subagents.allowAgents`.
    #[schemars(length(max = 256))]
    pub allow_agents: Vec<String>,
}

impl Default for Subagents {
    fn default() -> Self {
        Self { max_concurrent: 8, allow_agents: Vec::new() }
    }
}

impl Default for AgentDefaults {
    fn default() -> Self {
        Self {
            model: None,
            system_prompt: None,
            thinking_default: None,
            verbose_default: VerboseLevel::Off,
            timeout_seconds: 600,
            max_concurrent: 4,
            subagents: Subagents::default(),
            compaction: Compaction::default(),
            workspace: None,
            block_streaming_default: OnOff::Off,
            block_streaming_break: BlockBreak::TextEnd,
            block_streaming_chunk: BlockChunk::default(),
            block_streaming_coalesce: BlockCoalesce::default(),
            media_max_mb: None,
            human_delay: HumanDelay::default(),
        }
    }
}

/// One agent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentEntry {
    /// The agent's id, part of its session keys.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9_-]{0,63}$"))]
    pub id: String,
    /// Whether it answers what no binding matches; else the first of the list does.
    #[serde(default)]
    pub default: bool,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its model, instead of the one in `agents.defaults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Its instructions, instead of those in `agents.defaults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub system_prompt: Option<String>,
    /// How long it waits between the parts of an answer, instead of what `agents.defaults` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_delay: Option<AgentHumanDelay>,
    /// The folder that it works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub workspace: Option<String>,
    /// Its tools: what more holds for them than `tools` says of everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<AgentTools>,
    /// Sessions that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagents: Option<AgentSubagents>,
}

/// Sessions that one agent makes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AgentSubagents {
    /// Which other agents its turns begin them of, instead of those in `agents.defaults`; `*` is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub allow_agents: Option<Vec<String>>,
}

/// A model, alone or with those that step in for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModelName {
    /// `provider/model`.
    Name(String),
    /// With those that step in.
    Choice(ModelChoice),
}

/// A model with those that step in for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ModelChoice {
    /// The model that answers, `provider/model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// Models that are asked in turn when the one before fails for good.
    #[schemars(length(max = 16))]
    pub fallbacks: Vec<String>,
}

impl ModelName {
    /// Returns the model that is asked first.
    #[must_use]
    pub fn primary(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Choice(choice) => choice.primary.as_deref(),
        }
    }

    /// Returns the models that step in, in order.
    #[must_use]
    pub fn fallbacks(&self) -> &[String] {
        match self {
            Self::Name(_) => &[],
            Self::Choice(choice) => &choice.fallbacks,
        }
    }
}

/// A rule that gives matching messages to an agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingEntry {
    /// The agent; one of `agents.list`.
    pub agent_id: String,
    /// Which messages.
    #[serde(rename = "match")]
    pub matches: BindingMatch,
}

/// Which messages a binding matches.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingMatch {
    /// The integration.
    pub channel: String,
    /// The account; without it the default one, `*` is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// One chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<BindingPeer>,
}

/// One chat.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingPeer {
    /// What kind of chat.
    pub kind: PeerKind,
    /// Its id on the platform.
    pub id: String,
}

/// What kind of chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeerKind {
    /// One person and the agent.
    Dm,
    /// The same as `dm`.
    Direct,
    /// A closed group.
    Group,
    /// A room that anyone may join.
    Channel,
}
