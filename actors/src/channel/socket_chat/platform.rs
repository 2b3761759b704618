//! One account, as the channel's shell sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::backend::{Backend, BackendSettings};
use super::broker::{Broker, Encryption};
use super::config::AccountConfig;
use super::connector::{NOT_CONFIGURED, SocketConnector};
use super::memory::Memory;
use super::mqtt::KEEP_ALIVE;
use super::shape::{TEXT_CHARS_MAX, TextShaper};
use super::target::{self, Parsed};
use crate::channel::media::put_in_hand;
use crate::channel::{Access, Connector, DmPolicy, Platform, Probe, Reconnect, TargetAddress, TargetError};
use crate::core::Clock;
use crate::message::{AccountKey, ChatKind, ChatRef, Media, MediaAt, Shaper, Target};
use crate::ports::{Claim, MediaAnswer, MediaRoom, SendOrder, media_bytes_max};

/// One account's settings and what they remember between connections.
pub(super) struct SocketChat {
    account: AccountKey,
    config: AccountConfig,
    /// `None` without a key.
    backend: Option<Arc<Backend>>,
    memory: Arc<Memory>,
    clock: Clock,
}

impl SocketChat {
    /// Returns an account that has not connected yet.
    pub(super) fn new(account: AccountKey, config: AccountConfig, clock: Clock) -> Self {
        let backend = config.key().cloned().map(|key| {
            let settings = BackendSettings {
                base: config.base().to_owned(),
                key,
                ca_pem: config.ca_pem.clone(),
                unsaid: if config.use_tls { Encryption::Tls } else { Encryption::Plain },
                ttl: config.ttl(),
            };
            Arc::new(Backend::new(settings, clock.clone()))
        });
        Self { account, config, backend, memory: Arc::default(), clock }
    }

    fn issues(&self) -> Vec<Value> {
        let mut issues = Vec::new();
        if self.backend.is_none() {
            issues.push(json!({ "message": NOT_CONFIGURED, "fix": "Run: callboard channels add socket-chat --token KEY" }));
        }
        if self.config.dm_policy == DmPolicy::Open && self.config.allow_from.is_empty() {
            let message = "dmPolicy is \"open\" and allowFrom is empty: everybody can talk to the agent.";
            issues.push(
                json!({ "message": message, "fix": "Set dmPolicy to \"pairing\", or allowFrom to [\"*\"] if it is meant." }),
            );
        }
        issues
    }
}

impl fmt::Debug for SocketChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketChat({})", self.account)
    }
}

impl Platform for SocketChat {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(SocketConnector {
            account: self.account.clone(),
            backend: self.backend.clone(),
            memory: Arc::clone(&self.memory),
            ca_pem: self.config.ca_pem.clone(),
            clock: self.clock.clone(),
        })
    }

    /// What comes by an address is taken in from there, what comes in the payload from the payload.
    fn fetch(&self, media: &Media, _: &ChatRef, room: &Arc<dyn MediaRoom>) -> Option<MediaAnswer<Media>> {
        let bytes_max = media_bytes_max(self.config.media_max_mb);
        match &media.at {
            MediaAt::Url(url) => Some(room.fetch(url.clone(), Claim::of(media, bytes_max))),
            _ => put_in_hand(media, room, bytes_max),
        }
    }

    fn access(&self) -> Access {
        self.config.access()
    }

    fn reconnect(&self) -> Reconnect {
        self.config.reconnect()
    }

    /// Longer than the link itself needs to notice a broker that does not answer, so that it ends with its own reason.
    fn patience(&self) -> Duration {
        KEEP_ALIVE * 5 / 2
    }

    /// MQTT keeps the order of one connection.
    fn send_order(&self) -> SendOrder {
        SendOrder::Pipelined
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        let config = &self.config;
        let speech = config.block_streaming_coalesce.speech(config.block_streaming, config.chunk_mode, TEXT_CHARS_MAX);
        Arc::new(TextShaper { mode: config.chunk_mode, speech })
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        let (kind, id, mentions) = match target::parse(text)? {
            Parsed::Peer(id) => (ChatKind::Direct, id, Vec::new()),
            Parsed::Group { id, mentions } => (ChatKind::Group, id, mentions),
        };
        let target = Target { account: self.account.clone(), chat: ChatRef { kind, id }, thread: None };
        Ok(TargetAddress { target, mentions })
    }

    fn pairing_notice(&self, peer: &str, code: &str) -> String {
        format!(
            "This assistant does not know you yet.\n\nYour Socket Chat user id: {peer}\nPairing code: {code}\n\nGive the code to the operator, who lets you in with:\ncallboard pairing approve socket-chat {code}"
        )
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        let (backend, memory) = (self.backend.clone(), Arc::clone(&self.memory));
        async move {
            let Some(backend) = backend else {
                return Probe { ok: false, error: Some("apiKey or apiBaseUrl not configured".to_owned()), facts: Map::new() };
            };
            match backend.ask().await {
                Ok(broker) => Probe { ok: true, error: None, facts: facts(&broker, memory.is_up()) },
                Err(error) => Probe { ok: false, error: Some(error.to_string()), facts: Map::new() },
            }
        }
        .boxed()
    }

    fn status(&self) -> Map<String, Value> {
        let known = self.backend.as_ref().and_then(|backend| backend.known());
        let entries = [
            ("configured", json!(self.backend.is_some())),
            ("apiBaseUrl", json!(self.config.base())),
            ("baseUrl", json!(known.map(|broker| broker.url()))),
            ("dmPolicy", json!(self.config.dm_policy)),
            ("allowFrom", json!(self.config.access().allow_from.len())),
            ("groupPolicy", json!(self.config.group_policy)),
            ("requireMention", json!(self.config.require_mention)),
            ("defaultTo", json!(self.config.default_to)),
            ("issues", Value::Array(self.issues())),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns what a probe tells, by the platform's names. It never connects: the robot's own clientId would end the live link.
fn facts(broker: &Broker, connected: bool) -> Map<String, Value> {
    let entries = [
        ("host", json!(broker.host)),
        ("port", json!(broker.port)),
        ("robotId", json!(broker.robot_id)),
        ("userId", json!(broker.user_id)),
        ("reciveTopic", json!(broker.receive_topic)),
        ("sendTopic", json!(broker.send_topic)),
        ("connected", json!(connected)),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
