//! The settings of one account, as they stand under `channels.mochat`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::channel::{Access, DmPolicy, GroupPolicy, Reconnect, RoomContext, UNDERSCORES_KEY, section};
use crate::message::{HoldRule, HoldScope};

/// Where the server is when nothing else is set.
pub(super) const DEFAULT_BASE_URL: &str = "https://mochat.io";
/// Where Socket.IO is on it.
const DEFAULT_SOCKET_PATH: &str = "/socket.io";
/// What a list holds that means everything the server has for the account.
pub(super) const EVERYTHING: &str = "*";
/// How many messages the server gives at a time at the most.
pub(super) const PAGE_MAX: u32 = 100;

/// So many times the quiet the first message waits at the longest.
const DELAYS_MAX: u64 = 3;

/// What is set for messages in panels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MentionConfig {
    /// Whether a message in a panel has to mention the account to be answered, where `groups` says nothing else.
    pub(super) require_in_groups: bool,
}

/// What is set for one group, one panel, or `*`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct GroupConfig {
    /// Whether a message in it has to mention the account to be answered.
    pub(super) require_mention: Option<bool>,
}

/// Which messages wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DelayMode {
    /// Those in panels that do not mention the account.
    NonMention,
    /// All.
    Always,
    /// None. `off` is another name of it.
    #[serde(alias = "off")]
    Never,
}

/// The settings of one account. Those at the top of `channels.mochat` hold for every account that does not say otherwise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AccountConfig {
    /// Whether the account runs. False at the top keeps every account from running.
    pub(super) enabled: bool,
    /// The account's name for people.
    pub(super) name: Option<String>,
    /// The server: http or https. Trailing slashes are ignored.
    pub(super) base_url: String,
    /// Where Socket.IO is: http or https; empty is `baseUrl`. Trailing slashes are ignored.
    pub(super) socket_url: String,
    /// The path of Socket.IO there.
    pub(super) socket_path: String,
    /// Whether packets are written as JSON and never as MessagePack.
    pub(super) socket_disable_msgpack: bool,
    /// The token of the account's agent, `claw_` and hexadecimal digits.
    #[schemars(with = "Option<String>")]
    pub(super) claw_token: Option<SecretString>,
    /// The id of the token's own user, by which the account knows its own messages and who is mentioned.
    pub(super) agent_user_id: Option<String>,
    /// The private conversations that are listened to: their ids, or `*` for all that the account has.
    #[schemars(length(max = 1000))]
    pub(super) sessions: Vec<String>,
    /// The panels that are listened to: their ids, or `*` for all text panels of the account's group.
    #[schemars(length(max = 1000))]
    pub(super) panels: Vec<String>,
    /// Whose messages are listened to: ids of users, or `*`. Without it everybody in those sessions and panels is; an empty list is
    /// nobody.
    pub(super) allow_from: Option<Vec<String>>,
    /// What is set for messages in panels.
    pub(super) mention: MentionConfig,
    /// The same for one group or panel by its id, or `*` for the others.
    pub(super) groups: BTreeMap<String, GroupConfig>,
    /// How many messages of a panel, or of a session of several, that were not for the agent it is told with the next one that is;
    /// `messages.groupChat.historyLimit` without.
    #[schemars(range(min = 0, max = 500))]
    pub(super) history_limit: Option<u32>,
    /// Which messages wait for others of their place, and are answered together with them: those in panels that do not mention the
    /// account, which a mention ends; all of them, in sessions too; none.
    pub(super) reply_delay_mode: DelayMode,
    /// How long nothing more may come of a place before what waits is answered, milliseconds; less than 0 is 0.
    #[schemars(range(max = 3_600_000))]
    pub(super) reply_delay_ms: i64,
    /// How long the first message waits at the longest, milliseconds; without it three times `replyDelayMs`.
    #[schemars(range(min = 0, max = 86_400_000))]
    pub(super) reply_delay_max_ms: Option<u64>,
    /// How often the list of sessions and panels is read again, and panels are, milliseconds.
    #[schemars(range(min = 1000, max = 3_600_000))]
    pub(super) refresh_interval_ms: u64,
    /// How long the server holds a call that waits for news of a session, milliseconds.
    #[schemars(range(min = 100, max = 120_000))]
    pub(super) watch_timeout_ms: u64,
    /// How many messages one call reads.
    #[schemars(range(min = 1, max = 500))]
    pub(super) watch_limit: u32,
    /// The first wait before a call for news is made again that failed, milliseconds; it doubles up to 30 seconds.
    #[schemars(range(min = 100, max = 30_000))]
    pub(super) retry_delay_ms: u64,
    /// The first wait before a lost connection is made again, milliseconds; it doubles up to `socketMaxReconnectDelayMs`.
    #[schemars(range(min = 100, max = 60_000))]
    pub(super) socket_reconnect_delay_ms: u64,
    /// The longest such wait, milliseconds.
    #[schemars(range(min = 100, max = 3_600_000))]
    pub(super) socket_max_reconnect_delay_ms: u64,
    /// How long a connection may take to stand, its subscriptions each, milliseconds.
    #[schemars(range(min = 1000, max = 120_000))]
    pub(super) socket_connect_timeout_ms: u64,
    /// How often in a row Socket.IO is tried before it is tried slowly only (`reconnectSlowSec`), while messages come by calls; 0 is
    /// never.
    pub(super) max_retry_attempts: u32,
    /// How long a message may have been on its way before it is looked for in its chat, where nobody knows whether it arrived,
    /// milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub(super) send_settle_ms: u64,
    /// The longest message that is sent, characters.
    #[schemars(range(min = 64, max = 100_000))]
    pub(super) text_chunk_limit: u32,
    /// The target of messages that name none.
    pub(super) default_to: Option<String>,
    /// How often a link is tried again that was refused, seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) reconnect_slow_sec: u64,
    /// A PEM file of certificates to trust besides the machine's. Read when the configuration is loaded.
    pub(super) ca_file: Option<String>,
    /// The certificates themselves, PEM. Wins over `caFile`.
    pub(super) ca_pem: Option<String>,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            name: None,
            base_url: DEFAULT_BASE_URL.to_owned(),
            socket_url: String::new(),
            socket_path: DEFAULT_SOCKET_PATH.to_owned(),
            socket_disable_msgpack: false,
            claw_token: None,
            agent_user_id: None,
            sessions: Vec::new(),
            panels: Vec::new(),
            allow_from: None,
            mention: MentionConfig::default(),
            groups: BTreeMap::new(),
            history_limit: None,
            reply_delay_mode: DelayMode::NonMention,
            reply_delay_ms: 120_000,
            reply_delay_max_ms: None,
            refresh_interval_ms: 30_000,
            watch_timeout_ms: 25_000,
            watch_limit: 100,
            retry_delay_ms: 500,
            socket_reconnect_delay_ms: 1000,
            socket_max_reconnect_delay_ms: 10_000,
            socket_connect_timeout_ms: 10_000,
            max_retry_attempts: 0,
            send_settle_ms: 2000,
            text_chunk_limit: 8000,
            default_to: None,
            reconnect_slow_sec: 300,
            ca_file: None,
            ca_pem: None,
        }
    }
}

/// Which sessions or panels are listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Those that the settings name.
    pub(super) ids: Vec<String>,
    /// Whether the server is asked for others.
    pub(super) rest: Rest,
}

/// What becomes of places that the settings do not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rest {
    /// They are listened to as well.
    Discovered,
    /// They are not.
    Unheard,
}

impl Wanted {
    fn of(list: &[String]) -> Self {
        let mut ids: Vec<String> = list.iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
        let before = ids.len();
        ids.retain(|id| id != EVERYTHING);
        let rest = if ids.len() < before { Rest::Discovered } else { Rest::Unheard };
        ids.sort();
        ids.dedup();
        Self { ids, rest }
    }

    /// Returns whether nothing at all is.
    pub(super) fn is_nothing(&self) -> bool {
        self.ids.is_empty() && self.rest == Rest::Unheard
    }
}

impl AccountConfig {
    /// Returns the server's address without trailing slashes.
    pub(super) fn base(&self) -> String {
        self.base_url.trim().trim_end_matches('/').to_owned()
    }

    /// Returns where Socket.IO is, without trailing slashes.
    pub(super) fn socket_base(&self) -> String {
        let url = self.socket_url.trim().trim_end_matches('/');
        if url.is_empty() { self.base() } else { url.to_owned() }
    }

    /// Returns the token, where one is set.
    pub(super) fn token(&self) -> Option<SecretString> {
        let token = self.claw_token.as_ref()?.expose_secret().trim();
        (!token.is_empty()).then(|| token.to_owned().into())
    }

    /// Returns the id of the token's own user, where it is set.
    pub(super) fn agent(&self) -> Option<String> {
        self.agent_user_id.as_deref().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// Returns the sessions that are listened to.
    pub(super) fn wanted_sessions(&self) -> Wanted {
        Wanted::of(&self.sessions)
    }

    /// Returns the panels that are listened to.
    pub(super) fn wanted_panels(&self) -> Wanted {
        Wanted::of(&self.panels)
    }

    /// Returns who may talk. Without `allowFrom` the lists of sessions and panels alone decide; with it exactly those on it are heard.
    pub(super) fn access(&self) -> Access {
        let mut access = Access {
            dm: DmPolicy::Open,
            group: GroupPolicy::Open,
            require_mention: self.mention.require_in_groups,
            mention_rules: self.groups.iter().filter_map(mention_rule).collect(),
            context: RoomContext::of(self.history_limit),
            ..Access::default()
        };
        if self.reply_delay_mode != DelayMode::Never {
            // What does not mention the account waits, and is not dropped.
            access.require_mention = false;
            access.mention_rules.clear();
        }
        access.hold = self.hold();
        if let Some(list) = &self.allow_from {
            let listed: Vec<_> = list.iter().map(|id| id.trim().to_lowercase()).filter(|id| !id.is_empty()).collect();
            access.dm = DmPolicy::Allowlist;
            access.allow_from.clone_from(&listed);
            // To policy an empty list of people is everybody, an empty list of groups is no group.
            access.group = if listed.is_empty() { GroupPolicy::Allowlist } else { GroupPolicy::Open };
            access.group_allow_from = listed;
        }
        access
    }

    /// Returns which messages wait for others.
    pub(super) fn hold(&self) -> Option<HoldRule> {
        let scope = match self.reply_delay_mode {
            DelayMode::NonMention => HoldScope::Unaddressed,
            DelayMode::Always => HoldScope::Everything,
            DelayMode::Never => return None,
        };
        let quiet_ms = self.reply_delay_ms.max(0).unsigned_abs();
        let longest_ms = self.reply_delay_max_ms.unwrap_or(quiet_ms.saturating_mul(DELAYS_MAX)).max(quiet_ms);
        Some(HoldRule { scope, quiet_ms, longest_ms })
    }

    /// Returns which messages wait for others, for the log.
    pub(super) fn delay_in_words(&self) -> String {
        match self.hold() {
            None => "no reply delay: everything is answered at once".to_owned(),
            Some(HoldRule { scope, quiet_ms, longest_ms }) => {
                let mode = if scope == HoldScope::Everything { "always" } else { "non-mention" };
                format!("reply delay {mode}: until nothing has come for {quiet_ms} ms, {longest_ms} ms at the most")
            }
        }
    }

    /// Returns whether the words on mentions count: under this delay they do not.
    pub(super) fn asks_for_mentions(&self) -> bool {
        self.mention.require_in_groups || self.groups.values().any(|group| group.require_mention == Some(true))
    }

    /// Returns how a dropped link comes back.
    pub(super) const fn reconnect(&self) -> Reconnect {
        Reconnect {
            base: Duration::from_millis(self.socket_reconnect_delay_ms),
            max: Duration::from_millis(self.socket_max_reconnect_delay_ms),
            attempts_max: 0,
            slow: Duration::from_secs(self.reconnect_slow_sec),
        }
    }

    /// Returns a number that changes exactly when a setting changes that needs a new link.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.base().hash(&mut hasher);
        self.token().as_ref().map(|token| token.expose_secret()).hash(&mut hasher);
        self.agent().hash(&mut hasher);
        for wanted in [self.wanted_sessions(), self.wanted_panels()] {
            (wanted.ids, wanted.rest == Rest::Discovered).hash(&mut hasher);
        }
        (self.refresh_interval_ms, self.watch_timeout_ms, self.watch_limit, self.retry_delay_ms).hash(&mut hasher);
        (self.socket_reconnect_delay_ms, self.socket_max_reconnect_delay_ms, self.send_settle_ms).hash(&mut hasher);
        (self.socket_base(), self.socket_path.trim(), self.socket_disable_msgpack).hash(&mut hasher);
        (self.socket_connect_timeout_ms, self.max_retry_attempts, self.reconnect_slow_sec).hash(&mut hasher);
        self.ca_pem.hash(&mut hasher);
        hasher.finish()
    }
}

fn mention_rule((id, group): (&String, &GroupConfig)) -> Option<(String, bool)> {
    Some((id.trim().to_lowercase(), group.require_mention?))
}

/// Returns the JSON Schema of `channels.mochat`.
pub(super) fn schema() -> serde_json::Value {
    let mut schema =
        section::schema::<AccountConfig>("Mochat", "The whole of `channels.mochat`, for the schema.", section::Heritage::Top);
    mark(&mut schema);
    schema
}

/// Marks every object whose keys may be written with underscores too.
fn mark(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(map) => {
            map.values_mut().for_each(mark);
            if map.get("properties").is_some_and(serde_json::Value::is_object) {
                map.insert(UNDERSCORES_KEY.to_owned(), true.into());
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(mark),
        _ => {}
    }
}
