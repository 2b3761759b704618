//! The settings of one account, as they stand under `channels.socket-chat`.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::target;
use crate::channel::{
    Access, ChunkMode, Coalesce, DmPolicy, GroupPolicy, Groups, NameMatching, Reconnect, RoomContext, section,
};

/// Where the config call goes when nothing else is set.
pub(super) const DEFAULT_API_BASE_URL: &str = "https://api-bot.aibotk.com";
/// The longest wait between two tries to connect, before jitter.
const RECONNECT_DELAY_MAX: Duration = Duration::from_secs(60);

/// The settings of one account. Those at the top of `channels.socket-chat` are the account `default`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AccountConfig {
    /// The key of the config call. Without it the account is not configured.
    #[schemars(with = "Option<String>")]
    pub(super) api_key: Option<SecretString>,
    /// Where the config call goes: http or https. One trailing slash is ignored.
    #[schemars(url)]
    pub(super) api_base_url: String,
    /// The account's name for people.
    pub(super) name: Option<String>,
    /// Whether the account runs.
    pub(super) enabled: bool,
    /// The target of messages that name none.
    pub(super) default_to: Option<String>,
    /// Who may write in a direct chat.
    pub(super) dm_policy: DmPolicy,
    /// Who may write in a direct chat without pairing: ids, with or without `socket-chat:`, or `*`.
    pub(super) allow_from: Vec<String>,
    /// Whether a group message must address the robot.
    pub(super) require_mention: bool,
    /// In which groups the agent listens.
    pub(super) group_policy: GroupPolicy,
    /// The groups of `groupPolicy: "allowlist"`: ids or `*`, or an object of groups by id with the tools of each.
    pub(super) groups: Groups,
    /// Who may write in a group: ids or `*`; empty is everybody.
    pub(super) group_allow_from: Vec<String>,
    /// How many messages of a group that were not for the agent it is told with the next one that is;
    /// `messages.groupChat.historyLimit` without.
    #[schemars(range(min = 0, max = 500))]
    pub(super) history_limit: Option<u32>,
    /// Whether paragraphs of an answer are sent while its turn still runs; without it `agents.defaults.blockStreamingDefault` counts.
    pub(super) block_streaming: Option<bool>,
    /// How paragraphs are gathered before they are sent; what it leaves open, `agents.defaults.blockStreamingCoalesce` says.
    pub(super) block_streaming_coalesce: Coalesce,
    /// Whether a text that is too long is cut where a piece is well filled, or between paragraphs first.
    pub(super) chunk_mode: ChunkMode,
    /// Whether `allowFrom` and `groupAllowFrom` may name people by the shown name, which anybody can take.
    pub(super) allow_name_matching: bool,
    /// How large an attachment may be that is taken in, MiB; 8 without.
    #[schemars(range(min = 1, max = 1024))]
    pub(super) media_max_mb: Option<u32>,
    /// How long an answer of the config call may be used again while the link stands, seconds.
    #[schemars(range(min = 0, max = 86_400))]
    pub(super) mqtt_config_ttl_sec: u64,
    /// How many failures in a row before the link is blocked and tried slowly; 0 or less is never.
    pub(super) max_reconnect_attempts: i64,
    /// The first wait before a new try, milliseconds; it doubles up to a minute.
    #[schemars(range(min = 10, max = 60_000))]
    pub(super) reconnect_base_delay_ms: u64,
    /// How often a blocked link is tried again, seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) reconnect_slow_sec: u64,
    /// Whether the broker is spoken to over TLS, where its host carries no scheme.
    pub(super) use_tls: bool,
    /// A PEM file of certificates to trust, for a self-hosted broker or backend. Read when the configuration is loaded.
    pub(super) ca_file: Option<String>,
    /// The certificates themselves, PEM. Wins over `caFile`.
    pub(super) ca_pem: Option<String>,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            api_key: None,
            api_base_url: DEFAULT_API_BASE_URL.to_owned(),
            name: None,
            enabled: true,
            default_to: None,
            dm_policy: DmPolicy::Pairing,
            allow_from: Vec::new(),
            require_mention: true,
            group_policy: GroupPolicy::Open,
            groups: Groups::default(),
            group_allow_from: Vec::new(),
            history_limit: None,
            block_streaming: None,
            block_streaming_coalesce: Coalesce::default(),
            chunk_mode: ChunkMode::Length,
            allow_name_matching: false,
            media_max_mb: None,
            mqtt_config_ttl_sec: 300,
            max_reconnect_attempts: 10,
            reconnect_base_delay_ms: 2000,
            reconnect_slow_sec: 300,
            use_tls: false,
            ca_file: None,
            ca_pem: None,
        }
    }
}

impl AccountConfig {
    /// Returns the key, where one is set.
    pub(super) fn key(&self) -> Option<&SecretString> {
        self.api_key.as_ref().filter(|key| !key.expose_secret().trim().is_empty())
    }

    /// Returns where the config call goes, without its trailing slash.
    pub(super) fn base(&self) -> &str {
        let base = self.api_base_url.trim();
        base.strip_suffix('/').unwrap_or(base)
    }

    /// Returns how long an answer of the config call may be used again.
    pub(super) const fn ttl(&self) -> Duration {
        Duration::from_secs(self.mqtt_config_ttl_sec)
    }

    /// Returns who may talk.
    pub(super) fn access(&self) -> Access {
        Access {
            dm: self.dm_policy,
            allow_from: entries(&self.allow_from, target::bare_peer),
            group: self.group_policy,
            groups: entries(&self.groups.ids(), target::bare_group),
            group_allow_from: entries(&self.group_allow_from, target::bare_peer),
            require_mention: self.require_mention,
            names: if self.allow_name_matching { NameMatching::NamesToo } else { NameMatching::IdsOnly },
            context: RoomContext::of(self.history_limit),
            ..Access::default()
        }
    }

    /// Returns how a dropped link comes back.
    pub(super) fn reconnect(&self) -> Reconnect {
        Reconnect {
            base: Duration::from_millis(self.reconnect_base_delay_ms),
            max: RECONNECT_DELAY_MAX,
            attempts_max: u32::try_from(self.max_reconnect_attempts.max(0)).unwrap_or(u32::MAX),
            slow: Duration::from_secs(self.reconnect_slow_sec),
        }
    }

    /// Returns a number that changes exactly when a setting changes that needs a new link.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.key().map(|key| key.expose_secret().trim()).hash(&mut hasher);
        self.base().hash(&mut hasher);
        (self.use_tls, self.media_max_mb).hash(&mut hasher);
        self.ca_pem.hash(&mut hasher);
        hasher.finish()
    }
}

/// Returns the entries of a list lower-cased and without prefix, blanks and repeats left out.
fn entries(list: &[String], bare: fn(&str) -> &str) -> Vec<String> {
    let mut seen = HashSet::new();
    list.iter()
        .map(|entry| bare(entry).to_lowercase())
        .filter(|entry| !entry.is_empty() && seen.insert(entry.clone()))
        .collect()
}

/// Returns the JSON Schema of `channels.socket-chat`.
pub(super) fn schema() -> serde_json::Value {
    section::schema::<AccountConfig>(
        "SocketChat",
        "The whole of `channels.socket-chat`, for the schema.",
        section::Heritage::None,
    )
}
