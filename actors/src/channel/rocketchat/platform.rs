//! One account, as the channel's shell sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::api::{Api, ApiError, Me};
use super::auth::{Auth, Credentials};
use super::catch_up::Bounds;
use super::config::AccountConfig;
use super::connector::{RocketConnector, Shared};
use super::media;
use super::rest::Rest;
use super::shape::TextShaper;
use super::target;
use crate::channel::{Access, Connector, GroupPolicy, Memory, Platform, Probe, Reconnect, TargetAddress, TargetError};
use crate::core::Clock;
use crate::message::{AccountKey, ChatRef, Deed, Media, MediaAt, Shaper, Target};
use crate::ports::{Claim, MediaAnswer, MediaRoom, SendOrder};

/// How long a probe may take.
const PROBE_WAIT: Duration = Duration::from_millis(2500);
/// How long the way to a connection may take at the most: a login and two calls, each made again as often as it may be after the
/// longest waits.
const OPENING_MAX: Duration = Duration::from_secs(3000);
const NO_BASE: &str = "baseUrl missing";
const NO_LOGIN: &str = "authToken+userId or username+password missing";

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// The config file.
    Config,
    /// The environment.
    Env,
    /// Nowhere.
    None,
}

impl Source {
    /// Returns the file where it says it.
    pub(super) const fn of(said: bool) -> Self {
        if said { Self::Config } else { Self::None }
    }

    /// Returns the environment where it says what the file did not.
    pub(super) const fn or_env(self, said: bool) -> Self {
        match self {
            Self::None if said => Self::Env,
            other => other,
        }
    }
}

/// Where the settings of a connection come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sources {
    /// The login.
    pub(super) token: Source,
    /// The address.
    pub(super) base_url: Source,
}

/// What an account has learned, with the server that it speaks to: its login and what is known of the server's limits.
struct Learned {
    api: Result<Arc<Api>, &'static str>,
    shared: Arc<Shared>,
}

/// One account's settings and what they remember between connections.
pub(super) struct RocketChat {
    account: AccountKey,
    config: AccountConfig,
    sources: Sources,
    /// Why there is nothing to connect to or with; else the server.
    api: Result<Arc<Api>, &'static str>,
    shared: Arc<Shared>,
    clock: Clock,
}

impl RocketChat {
    /// Returns an account that has not connected yet.
    pub(super) fn new(account: AccountKey, config: AccountConfig, sources: Sources, clock: Clock) -> Self {
        let credentials = Credentials { token: config.token(), login: config.login() };
        let api = match config.base() {
            None => Err(NO_BASE),
            Some(_) if credentials.token.is_none() && credentials.login.is_none() => Err(NO_LOGIN),
            Some(base) => {
                let rest = Arc::new(Rest::new(base, config.ca_pem.clone(), clock.clone()));
                Ok(Arc::new(Api { auth: Auth::new(credentials, Arc::clone(&rest)), rest }))
            }
        };
        let shared = Arc::new(Shared::new(config.room_ids(), config.names(), config.reply_to_mode));
        Self { account, config, sources, api, shared, clock }
    }

    fn issues(&self) -> Vec<Value> {
        let mut issues = Vec::new();
        if let Err(missing) = &self.api {
            let fix = "Run: callboard channels add rocketchat --http-url URL --auth-token TOKEN --user-id ID";
            issues.push(json!({ "message": format!("rocketchat account is not configured ({missing})."), "fix": fix }));
        }
        if self.config.group_policy == GroupPolicy::Open {
            let message = "groupPolicy is \"open\": everybody in a room that the account is in can talk to the agent.";
            let fix = "Set groupPolicy to \"allowlist\" and list people in groupAllowFrom, if that is not meant.";
            issues.push(json!({ "message": message, "fix": fix }));
        }
        issues
    }
}

impl fmt::Debug for RocketChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RocketChat({})", self.account)
    }
}

impl Platform for RocketChat {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(RocketConnector {
            account: self.account.clone(),
            api: self.api.clone(),
            shared: Arc::clone(&self.shared),
            watchdog: self.config.watchdog(),
            bounds: Bounds { age_max_ms: self.config.catch_up_age_ms(), messages_max: self.config.catch_up_max_messages },
            caps: self.config.caps(),
            clock: self.clock.clone(),
        })
    }

    fn memory(&self) -> Option<Memory> {
        Some(Arc::new(Learned { api: self.api.clone(), shared: Arc::clone(&self.shared) }))
    }

    /// All that these hold of the settings is in the fingerprint: names, rooms, login and server are the same.
    fn remembering(&self, memory: Memory) -> Option<Arc<dyn Platform>> {
        let learned = memory.downcast::<Learned>().ok()?;
        let (api, shared) = (learned.api.clone(), Arc::clone(&learned.shared));
        let (account, config, sources, clock) = (self.account.clone(), self.config.clone(), self.sources, self.clock.clone());
        Some(Arc::new(Self { account, config, sources, api, shared, clock }))
    }

    /// Files lie on the server, behind the account's login.
    fn fetch(&self, media: &Media, chat: &ChatRef, room: &Arc<dyn MediaRoom>) -> Option<MediaAnswer<Media>> {
        let (MediaAt::Platform(path), Ok(api)) = (&media.at, &self.api) else { return None };
        let bytes_max = self.config.caps().of(self.shared.places.room_of(chat).as_deref());
        let claim = Claim::of(media, bytes_max);
        Some(media::take(Arc::clone(api), path.clone(), claim, Arc::clone(room)).boxed())
    }

    fn access(&self) -> Access {
        self.config.access()
    }

    fn reconnect(&self) -> Reconnect {
        self.config.reconnect()
    }

    /// Longer than the link itself needs to notice a server that does not answer, and than a login that the server limits.
    fn patience(&self) -> Duration {
        self.config.watchdog() + OPENING_MAX
    }

    /// Each message is a call of its own, and calls may pass each other.
    fn send_order(&self) -> SendOrder {
        SendOrder::OnePerChat
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        let (config, chars_max) = (&self.config, self.config.chars_max());
        let (mode, prefix, speech) = (config.chunk_mode, config.response_prefix.clone(), config.speech());
        Arc::new(TextShaper { chars_max, mode, prefix, speech })
    }

    fn deeds(&self) -> &'static [Deed] {
        &[Deed::React, Deed::Edit, Deed::Delete]
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        let target = Target { account: self.account.clone(), chat: target::parse(text)?, thread: None };
        Ok(TargetAddress { target, mentions: Vec::new() })
    }

    fn pairing_notice(&self, peer: &str, code: &str) -> String {
        format!(
            "This assistant does not know you yet.\n\nYour Rocket.Chat user id: {peer}\nPairing code: {code}\n\nGive the code to the operator, who lets you in with:\ncallboard pairing approve rocketchat {code}"
        )
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        let (api, clock) = (self.api.clone(), self.clock.clone());
        async move {
            let api = match api {
                Ok(api) => api,
                Err(missing) => return Probe { ok: false, error: Some(missing.to_owned()), facts: Map::new() },
            };
            let begun = clock.elapsed();
            let asked = clock.within(PROBE_WAIT, api.me()).await;
            let elapsed_ms = u64::try_from(clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
            probed(asked.map(|answer| answer.map(|(me, _)| me)), elapsed_ms)
        }
        .boxed()
    }

    fn status(&self) -> Map<String, Value> {
        let config = &self.config;
        let me = self.shared.me();
        let entries = [
            ("configured", json!(self.api.is_ok())),
            ("baseUrl", json!(config.base())),
            ("baseUrlSource", json!(self.sources.base_url)),
            ("tokenSource", json!(self.sources.token)),
            ("bot", json!(me.map(|me| me.username))),
            ("dmPolicy", json!(config.dm_policy)),
            ("allowFrom", json!(config.allow_from.len())),
            ("groupPolicy", json!(config.group_policy)),
            ("chatmode", json!(config.chatmode)),
            ("requireMention", json!(config.needs_mention())),
            ("unknownNames", json!(self.shared.unknown_names())),
            ("defaultTo", json!(config.default_to)),
            ("issues", Value::Array(self.issues())),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn probed(asked: Option<Result<Me, ApiError>>, elapsed_ms: u64) -> Probe {
    let (error, status, bot) = match asked {
        Some(Ok(me)) => (None, Some(200), json!({ "_id": me.id, "username": me.username, "name": me.name })),
        Some(Err(error)) => (Some(error.to_string()), error.status(), Value::Null),
        None => (Some(format!("no answer within {} ms", PROBE_WAIT.as_millis())), None, Value::Null),
    };
    let entries = [("status", json!(status)), ("elapsedMs", json!(elapsed_ms)), ("bot", bot)];
    let facts = entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Probe { ok: error.is_none(), error, facts }
}
