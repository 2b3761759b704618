//! The settings of one account, as they stand under `channels.rocketchat`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::entries::{self, Entry};
use super::media::Caps;
use crate::channel::{
    Access, ChunkMode, Coalesce, DmPolicy, GroupPolicy, GroupRules, NameMatching, Reconnect, RoomContext, section,
};
use crate::message::{Speech, SpeechWay};
use crate::ports::media_bytes_max;

/// What addresses the agent where no prefixes are set.
const PREFIXES: [&str; 2] = [">", "!"];
const MINUTE_MS: i64 = 60_000;
/// What stands for every room.
const EVERY_ROOM: &str = "*";
/// How paragraphs are gathered where nothing is set: the server shows each message with its writer's picture, so fewer and longer
/// ones read better.
const COALESCE: Coalesce = Coalesce { min_chars: Some(1500), max_chars: None, idle_ms: Some(1000) };

/// What a message in a room needs to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum ChatMode {
    /// It has to mention the account.
    #[serde(rename = "oncall")]
    Called,
    /// Nothing: every message is for the agent.
    #[serde(rename = "onmessage")]
    Every,
    /// It has to begin with a prefix, or mention the account.
    #[serde(rename = "onchar")]
    Prefixed,
}

/// What is set for one room.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RoomConfig {
    /// The same as the account's, for this room.
    #[schemars(range(min = 0, max = 1440))]
    pub(super) conversation_window_minutes: Option<u32>,
    /// The same as the account's, for this room.
    #[schemars(range(min = 1, max = 1024))]
    pub(super) media_max_mb: Option<u32>,
    /// Which tools turns in the room have; a room without has those of the room `*`.
    #[allow(dead_code, reason = "the policy of tools reads it from the same section, as that of every integration")]
    pub(super) tools: Option<GroupRules>,
    /// Which tools turns for a writer have, instead, by the server's own id or `*`.
    #[allow(dead_code, reason = "the same")]
    pub(super) tools_by_sender: BTreeMap<String, GroupRules>,
}

/// Where an answer to a message goes that stands in no thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReplyTo {
    /// Into the room.
    Off,
    /// Its first piece into a thread on the message, the others into the room.
    First,
    /// Into a thread on the message.
    All,
}

/// How an answer is shown while its turn still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum StreamMode {
    /// Not at all, or as `blockStreaming` has it.
    Off,
    /// As one message that is edited as it grows.
    Edit,
}

/// The settings of one account. Those at the top of `channels.rocketchat` hold for every account that does not say otherwise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AccountConfig {
    /// Whether the account runs. False at the top keeps every account from running.
    pub(super) enabled: bool,
    /// The account's name for people.
    pub(super) name: Option<String>,
    /// The server: http or https. Trailing slashes and a trailing `/api/v1` are ignored.
    pub(super) base_url: Option<String>,
    /// A personal access token. Wants `userId` beside it.
    #[schemars(with = "Option<String>")]
    pub(super) auth_token: Option<SecretString>,
    /// The id of the token's user.
    pub(super) user_id: Option<String>,
    /// The name or the e-mail address to log in with, where there is no token or it has expired.
    pub(super) username: Option<String>,
    /// The password that goes with it.
    #[schemars(with = "Option<String>")]
    pub(super) password: Option<SecretString>,
    /// Who may write in a direct chat.
    pub(super) dm_policy: DmPolicy,
    /// Who may write in a direct chat without pairing: ids, `user:ID`, `rocketchat:ID`, `@name`, or `*`. Names are bound to ids
    /// when the account connects.
    #[schemars(with = "Vec<Entry>")]
    pub(super) allow_from: Vec<Entry>,
    /// Who is listened to in rooms: those on a list, everybody, nobody.
    pub(super) group_policy: GroupPolicy,
    /// The list for rooms, as `allowFrom`; while it is empty `allowFrom` counts. Pairing never lets anybody into a room.
    #[schemars(with = "Vec<Entry>")]
    pub(super) group_allow_from: Vec<Entry>,
    /// What a message in a room needs to be answered; wins over `requireMention`.
    pub(super) chatmode: Option<ChatMode>,
    /// What a message in a room may begin with under `chatmode: "onchar"`; blank ones are left out, and none is the default.
    pub(super) onchar_prefixes: Vec<String>,
    /// Whether a message in a room has to mention the account.
    pub(super) require_mention: bool,
    /// For how long after a mention the other messages of its room need none, minutes; 0 is not at all. Never lets anybody in
    /// whom the policy keeps out.
    #[schemars(range(min = 0, max = 1440))]
    pub(super) conversation_window_minutes: u32,
    /// How many messages of a room that were not for the agent it is told with the next one that is;
    /// `messages.groupChat.historyLimit` without.
    #[schemars(range(min = 0, max = 500))]
    pub(super) history_limit: Option<u32>,
    /// Whether an answer in a room opens a thread on the message that it answers. What stands in a thread is answered there.
    pub(super) reply_to_mode: ReplyTo,
    /// The longest message that is sent, characters. The server's own limit is `Message_MaxAllowedSize`, 5000 by default.
    #[schemars(range(min = 64, max = 100_000))]
    pub(super) text_chunk_limit: u32,
    /// Whether a text that is longer is cut where a message is well filled, or between paragraphs first. With `newline`, block
    /// streaming sends each paragraph by itself.
    pub(super) chunk_mode: ChunkMode,
    /// Whether paragraphs of an answer are sent while its turn still runs; without it `agents.defaults.blockStreamingDefault` counts.
    pub(super) block_streaming: Option<bool>,
    /// How paragraphs are gathered before they are sent. Characters beyond `textChunkLimit` count as that.
    pub(super) block_streaming_coalesce: Coalesce,
    /// How an answer is shown while its turn still runs; `edit` wins over `blockStreaming`.
    pub(super) stream_mode: StreamMode,
    /// The largest file that is taken in or sent, MiB; 8 without.
    #[schemars(range(min = 1, max = 1024))]
    pub(super) media_max_mb: Option<u32>,
    /// What every answer begins with.
    pub(super) response_prefix: Option<String>,
    /// The target of messages that name none.
    pub(super) default_to: Option<String>,
    /// Rooms by id that are listened to also where the server does not list them as joined, with what is set for each. `*` names none:
    /// it holds the tools of every room that has none of its own.
    pub(super) rooms: BTreeMap<String, RoomConfig>,
    /// How old a message may be that was missed while the account was away, minutes.
    #[schemars(range(min = 1, max = 43_200))]
    pub(super) catch_up_max_age_minutes: u32,
    /// How many missed messages of one room are read, the newest of them; older ones are dropped and counted.
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) catch_up_max_messages: u32,
    /// How long the server may be silent, pings unanswered, before the connection counts as half open, seconds.
    #[schemars(range(min = 4, max = 3600))]
    pub(super) watchdog_sec: u32,
    /// The first wait before a new try, milliseconds; it doubles up to `reconnectMaxDelayMs`.
    #[schemars(range(min = 10, max = 60_000))]
    pub(super) reconnect_base_delay_ms: u64,
    /// The longest wait before a new try, milliseconds.
    #[schemars(range(min = 10, max = 3_600_000))]
    pub(super) reconnect_max_delay_ms: u64,
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
            base_url: None,
            auth_token: None,
            user_id: None,
            username: None,
            password: None,
            dm_policy: DmPolicy::Pairing,
            allow_from: Vec::new(),
            group_policy: GroupPolicy::Allowlist,
            group_allow_from: Vec::new(),
            chatmode: None,
            onchar_prefixes: PREFIXES.map(str::to_owned).to_vec(),
            require_mention: true,
            conversation_window_minutes: 0,
            history_limit: None,
            reply_to_mode: ReplyTo::Off,
            text_chunk_limit: 4000,
            chunk_mode: ChunkMode::Length,
            block_streaming: None,
            block_streaming_coalesce: Coalesce::default(),
            stream_mode: StreamMode::Off,
            media_max_mb: None,
            response_prefix: None,
            default_to: None,
            rooms: BTreeMap::new(),
            catch_up_max_age_minutes: 1440,
            catch_up_max_messages: 500,
            watchdog_sec: 120,
            reconnect_base_delay_ms: 2000,
            reconnect_max_delay_ms: 60_000,
            reconnect_slow_sec: 300,
            ca_file: None,
            ca_pem: None,
        }
    }
}

impl AccountConfig {
    /// Returns the server's address without trailing slashes and `/api/v1`; `None` where none is set.
    pub(super) fn base(&self) -> Option<String> {
        let base = self.base_url.as_deref()?.trim().trim_end_matches('/');
        let cut = base.len().checked_sub("/api/v1".len());
        let base = match cut.and_then(|cut| base.split_at_checked(cut)) {
            Some((head, tail)) if tail.eq_ignore_ascii_case("/api/v1") => head.trim_end_matches('/'),
            _ => base,
        };
        (!base.is_empty()).then(|| base.to_owned())
    }

    /// Returns the token and its user, where both are set.
    pub(super) fn token(&self) -> Option<(SecretString, String)> {
        Some((secret(self.auth_token.as_ref())?, text(self.user_id.as_deref())?))
    }

    /// Returns the name and the password, where both are set.
    pub(super) fn login(&self) -> Option<(String, SecretString)> {
        Some((text(self.username.as_deref())?, secret(self.password.as_ref())?))
    }

    /// Returns whether a message in a room has to address the agent.
    pub(super) fn needs_mention(&self) -> bool {
        match self.chatmode {
            Some(ChatMode::Called | ChatMode::Prefixed) => true,
            Some(ChatMode::Every) => false,
            None => self.require_mention,
        }
    }

    /// Returns the prefixes that address the agent; none unless they count.
    pub(super) fn prefixes(&self) -> Vec<String> {
        if self.chatmode != Some(ChatMode::Prefixed) {
            return Vec::new();
        }
        let set: Vec<_> =
            self.onchar_prefixes.iter().map(|prefix| prefix.trim().to_owned()).filter(|prefix| !prefix.is_empty()).collect();
        if set.is_empty() { PREFIXES.map(str::to_owned).to_vec() } else { set }
    }

    /// Returns the longest message that is sent, characters.
    pub(super) fn chars_max(&self) -> usize {
        usize::try_from(self.text_chunk_limit).unwrap_or(usize::MAX)
    }

    /// Returns how answers leave while their turns run.
    pub(super) fn speech(&self) -> Speech {
        let speech = self.block_streaming_coalesce.or(COALESCE).speech(self.block_streaming, self.chunk_mode, self.chars_max());
        match self.stream_mode {
            StreamMode::Off => speech,
            StreamMode::Edit => Speech { way: Some(SpeechWay::Edits), ..speech },
        }
    }

    /// Returns who may talk. In rooms the list is of people: an empty one lets nobody through.
    pub(super) fn access(&self) -> Access {
        let listed = if self.group_allow_from.is_empty() { &self.allow_from } else { &self.group_allow_from };
        let group_allow_from = entries::list(listed);
        let (group, group_allow_from) = match self.group_policy {
            GroupPolicy::Allowlist if group_allow_from.is_empty() => (GroupPolicy::Allowlist, Vec::new()),
            GroupPolicy::Allowlist => (GroupPolicy::Open, group_allow_from),
            other => (other, Vec::new()),
        };
        Access {
            dm: self.dm_policy,
            allow_from: entries::list(&self.allow_from),
            group,
            groups: Vec::new(),
            group_allow_from,
            require_mention: self.needs_mention(),
            mention_rules: BTreeMap::new(),
            hold: None,
            prefixes: self.prefixes(),
            names: NameMatching::IdsOnly,
            window_ms: minutes_ms(self.conversation_window_minutes),
            group_windows_ms: self.rooms.iter().filter_map(room_window).collect(),
            context: RoomContext::of(self.history_limit),
        }
    }

    /// Returns the ids of the rooms that the settings name.
    pub(super) fn room_ids(&self) -> Vec<String> {
        self.rooms.keys().filter(|id| *id != EVERY_ROOM).cloned().collect()
    }

    /// Returns how large files may be.
    pub(super) fn caps(&self) -> Caps {
        let rooms = self.rooms.iter().filter_map(|(id, room)| Some((id.clone(), media_bytes_max(Some(room.media_max_mb?)))));
        Caps::new(media_bytes_max(self.media_max_mb), rooms.collect())
    }

    /// Returns the lower-cased names in the lists, whose ids have to be found out.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let lists = entries::list(&self.allow_from).into_iter().chain(entries::list(&self.group_allow_from));
        lists.filter_map(|entry| entry.strip_prefix('@').map(str::to_owned)).collect()
    }

    /// Returns how a dropped link comes back.
    pub(super) const fn reconnect(&self) -> Reconnect {
        Reconnect {
            base: Duration::from_millis(self.reconnect_base_delay_ms),
            max: Duration::from_millis(self.reconnect_max_delay_ms),
            attempts_max: 0,
            slow: Duration::from_secs(self.reconnect_slow_sec),
        }
    }

    /// Returns how long the server may be silent.
    pub(super) fn watchdog(&self) -> Duration {
        Duration::from_secs(self.watchdog_sec.into())
    }

    /// Returns how old a missed message may be, milliseconds.
    pub(super) fn catch_up_age_ms(&self) -> i64 {
        i64::from(self.catch_up_max_age_minutes).saturating_mul(MINUTE_MS)
    }

    /// Returns a number that changes exactly when a setting changes that needs a new link.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.base().hash(&mut hasher);
        if let Some((token, user)) = self.token() {
            (token.expose_secret(), user).hash(&mut hasher);
        }
        if let Some((user, password)) = self.login() {
            (user, password.expose_secret()).hash(&mut hasher);
        }
        self.names().hash(&mut hasher);
        self.room_ids().iter().for_each(|room| room.hash(&mut hasher));
        self.rooms.iter().for_each(|(id, room)| (id, room.media_max_mb).hash(&mut hasher));
        (self.catch_up_max_age_minutes, self.catch_up_max_messages, self.watchdog_sec, self.reply_to_mode).hash(&mut hasher);
        self.media_max_mb.hash(&mut hasher);
        self.ca_pem.hash(&mut hasher);
        hasher.finish()
    }
}

fn room_window((id, room): (&String, &RoomConfig)) -> Option<(String, u64)> {
    Some((id.to_lowercase(), minutes_ms(room.conversation_window_minutes?)))
}

fn minutes_ms(minutes: u32) -> u64 {
    u64::from(minutes).saturating_mul(MINUTE_MS.unsigned_abs())
}

fn text(value: Option<&str>) -> Option<String> {
    value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}

fn secret(value: Option<&SecretString>) -> Option<SecretString> {
    text(value.map(|value| value.expose_secret())).map(SecretString::from)
}

/// Returns the JSON Schema of `channels.rocketchat`.
pub(super) fn schema() -> serde_json::Value {
    section::schema::<AccountConfig>(
        "RocketChat",
        "The whole of `channels.rocketchat`, for the schema.",
        section::Heritage::Top,
    )
}
