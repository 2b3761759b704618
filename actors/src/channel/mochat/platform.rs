//! One account, as the channel's shell sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::config::{AccountConfig, DelayMode, EVERYTHING};
use super::connector::{Bounds, MochatConnector, Unfit};
use super::hush;
use super::opening::MEND;
use super::rest::{Rest, RestError};
use super::shape::TextShaper;
use super::shared::Shared;
use super::socket::SocketSettings;
use super::target;
use crate::channel::{Access, Connector, Memory, Platform, Probe, Reconnect, TargetAddress, TargetError};
use crate::core::{Backoff, Clock};
use crate::message::{AccountKey, HoldRule, Shaper, Target};
use crate::ports::SendOrder;
use crate::socketio::{Parser, Parsers};

/// How long a probe may take.
const PROBE_WAIT: Duration = Duration::from_millis(2500);
/// How long the way to a connection may take at the most: three calls, each made again as often as it may be after the longest waits.
const OPENING_MAX: Duration = Duration::from_secs(2000);

/// Who the account is on the server.
#[derive(Clone)]
struct Login {
    token: SecretString,
    me: String,
    api: Arc<Api>,
}

/// What an account has learned: the link goes on with it when settings change that need no new one.
struct Learned {
    shared: Arc<Shared>,
    /// With what the server asked to wait.
    api: Option<Arc<Api>>,
    /// The delay that was in force.
    delay: Option<HoldRule>,
}

/// One account's settings and what they remember between connections.
#[derive(Clone)]
pub(super) struct Mochat {
    account: AccountKey,
    config: AccountConfig,
    /// Why there is nothing to log in with; else the login.
    login: Result<Login, &'static str>,
    shared: Arc<Shared>,
    clock: Clock,
}

impl Mochat {
    /// Returns an account that has not connected yet.
    pub(super) fn new(account: AccountKey, config: AccountConfig, clock: Clock) -> Self {
        let login = match (config.token(), config.agent()) {
            (None, _) => Err("clawToken missing"),
            (Some(_), None) => Err("agentUserId missing: without it the account would answer itself"),
            (Some(token), Some(me)) => {
                let rest = Rest::new(config.base(), Some(token.clone()), config.ca_pem.clone(), clock.clone());
                Ok(Login { token, me, api: Arc::new(Api { rest }) })
            }
        };
        Self { account, config, login, shared: Arc::default(), clock }
    }

    fn bounds(&self) -> Bounds {
        let config = &self.config;
        Bounds {
            sessions: config.wanted_sessions(),
            panels: config.wanted_panels(),
            refresh: Duration::from_millis(config.refresh_interval_ms),
            watch: Duration::from_millis(config.watch_timeout_ms),
            limit: config.watch_limit,
            retry: Duration::from_millis(config.retry_delay_ms),
            settle: Duration::from_millis(config.send_settle_ms),
            socket: SocketSettings {
                base: config.socket_base(),
                path: config.socket_path.clone(),
                parsers: if config.socket_disable_msgpack {
                    Parsers::Only(Parser::Json)
                } else {
                    Parsers::First(Parser::Msgpack)
                },
                ca_pem: config.ca_pem.clone(),
                timeout: Duration::from_millis(config.socket_connect_timeout_ms),
                backoff: Backoff {
                    base: Duration::from_millis(config.socket_reconnect_delay_ms),
                    max: Duration::from_millis(config.socket_max_reconnect_delay_ms),
                    jitter: 0.5,
                },
                tries_max: config.max_retry_attempts,
                slow: Duration::from_secs(config.reconnect_slow_sec),
            },
        }
    }

    fn issues(&self) -> Vec<Value> {
        let mut issues = Vec::new();
        let mut issue = |message: String, fix: &str| issues.push(json!({ "message": message, "fix": fix }));
        match &self.login {
            Err(missing) => issue(format!("mochat account is not configured ({missing})."), MEND),
            Ok(login) => {
                if let Err(text) = hush::check(&login.token) {
                    issue(text.to_owned(), MEND);
                }
            }
        }
        if self.config.wanted_sessions().is_nothing() && self.config.wanted_panels().is_nothing() {
            let fix = "Set sessions and panels to [\"*\"], or to ids.";
            issue("sessions and panels name nothing: nothing is listened to.".to_owned(), fix);
        }
        if self.config.reply_delay_mode != DelayMode::Never && self.config.asks_for_mentions() {
            let fix = "Set replyDelayMode to \"never\" if messages without a mention are to be dropped.";
            issue(
                "replyDelayMode has messages wait: those that mention nobody are answered late, and requireMention drops none."
                    .to_owned(),
                fix,
            );
        }
        match self.config.allow_from.as_deref() {
            None => {
                let fix = "Set allowFrom to the ids of those who may, or to [\"*\"] if everybody is meant.";
                issue("allowFrom is not set: everybody in those sessions and panels can talk to the agent.".to_owned(), fix);
            }
            Some([]) => {
                let fix = "Put ids of users into allowFrom, or remove it.";
                issue("allowFrom is empty: every message is dropped.".to_owned(), fix);
            }
            Some(_) => {}
        }
        issues
    }
}

impl fmt::Debug for Mochat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mochat({})", self.account)
    }
}

impl Platform for Mochat {
    fn connector(&self) -> Box<dyn Connector> {
        match &self.login {
            Err(missing) => Box::new(Unfit(format!("mochat account is not configured ({missing}): {MEND}"))),
            Ok(Login { token, me, api }) => Box::new(MochatConnector {
                account: self.account.clone(),
                api: Arc::clone(api),
                token: token.clone(),
                me: me.clone(),
                shared: Arc::clone(&self.shared),
                bounds: self.bounds(),
                delay: self.config.delay_in_words(),
                clock: self.clock.clone(),
            }),
        }
    }

    fn memory(&self) -> Option<Memory> {
        let api = self.login.as_ref().ok().map(|login| Arc::clone(&login.api));
        Some(Arc::new(Learned { shared: Arc::clone(&self.shared), api, delay: self.config.hold() }))
    }

    fn remembering(&self, memory: Memory) -> Option<Arc<dyn Platform>> {
        let learned = memory.downcast::<Learned>().ok()?;
        if learned.delay != self.config.hold() {
            tracing::info!(event = "mochat.delay", actor = %self.account, "{}", self.config.delay_in_words());
        }
        let mut heir = self.clone();
        heir.shared = Arc::clone(&learned.shared);
        if let (Ok(login), Some(api)) = (&mut heir.login, &learned.api) {
            login.api = Arc::clone(api);
        }
        Some(Arc::new(heir))
    }

    fn access(&self) -> Access {
        self.config.access()
    }

    fn reconnect(&self) -> Reconnect {
        self.config.reconnect()
    }

    /// The loop itself stamps as it turns; only the opening takes long, while the server limits the rate.
    fn patience(&self) -> Duration {
        OPENING_MAX
    }

    /// The server knows no id of ours: a message of unknown fate is looked for before the next of its chat goes.
    fn send_order(&self) -> SendOrder {
        SendOrder::OnePerChat
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        Arc::new(TextShaper { chars_max: usize::try_from(self.config.text_chunk_limit).unwrap_or(usize::MAX) })
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        let target = Target { account: self.account.clone(), chat: target::parse(text)?, thread: None };
        Ok(TargetAddress { target, mentions: Vec::new() })
    }

    fn pairing_notice(&self, peer: &str, code: &str) -> String {
        format!(
            "This assistant does not know you yet.\n\nYour Mochat user id: {peer}\nPairing code: {code}\n\nGive the code to the operator, who lets you in with:\ncallboard pairing approve mochat {code}"
        )
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        let (login, clock) = (self.login.clone(), self.clock.clone());
        async move {
            let api = match login {
                Ok(login) => login.api,
                Err(missing) => return Probe { ok: false, error: Some(missing.to_owned()), facts: Map::new() },
            };
            let begun = clock.elapsed();
            let asked = clock.within(PROBE_WAIT, api.owner()).await;
            let elapsed_ms = u64::try_from(clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
            probed(asked, elapsed_ms)
        }
        .boxed()
    }

    fn status(&self) -> Map<String, Value> {
        let config = &self.config;
        let (sessions, panels) = self.shared.counts();
        let shown =
            |list: &[String]| if list.iter().any(|id| id == EVERYTHING) { json!(EVERYTHING) } else { json!(list.len()) };
        let entries = [
            ("configured", json!(self.login.is_ok())),
            ("baseUrl", json!(config.base())),
            ("socketUrl", json!(config.socket_base())),
            ("agentUserId", json!(config.agent())),
            ("owner", json!(self.shared.owner())),
            ("transport", json!(self.shared.way().as_str())),
            ("socketError", json!(self.shared.trouble())),
            ("placesByCalls", json!(self.shared.by_calls())),
            ("placesUnread", json!(self.shared.gaps())),
            ("sessions", shown(&config.sessions)),
            ("sessionsKnown", json!(sessions)),
            ("panels", shown(&config.panels)),
            ("panelsKnown", json!(panels)),
            ("allowFrom", json!(config.allow_from.as_ref().map(Vec::len))),
            ("requireMention", json!(config.mention.require_in_groups)),
            ("replyDelayMode", json!(config.reply_delay_mode)),
            ("replyDelayMs", json!(config.hold().map(|rule| rule.quiet_ms))),
            ("replyDelayMaxMs", json!(config.hold().map(|rule| rule.longest_ms))),
            ("defaultTo", json!(config.default_to)),
            ("issues", Value::Array(self.issues())),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn probed(asked: Option<Result<Option<String>, RestError>>, elapsed_ms: u64) -> Probe {
    let (error, status, owner) = match asked {
        Some(Ok(owner)) => (None, Some(200), json!(owner)),
        Some(Err(error)) => (Some(error.to_string()), error.status(), Value::Null),
        None => (Some(format!("no answer within {} ms", PROBE_WAIT.as_millis())), None, Value::Null),
    };
    let entries = [("status", json!(status)), ("elapsedMs", json!(elapsed_ms)), ("owner", owner)];
    let facts = entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Probe { ok: error.is_none(), error, facts }
}
