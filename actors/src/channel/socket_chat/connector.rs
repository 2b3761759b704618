//! One connection's life: the config call, the login, the subscription, the messages, the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::backend::{Backend, Source};
use super::broker::Broker;
use super::memory::{Ending, Memory};
use super::mqtt::{Wire, WireError};
use super::normalise::Context;
use super::outflow::Outflow;
use super::pump::{End, Parts, Pump};
use crate::channel::connector::{STABLE_AFTER, told_to_close};
use crate::channel::{Connector, Link, LinkEnd};
use crate::core::{Clock, Progress};
use crate::message::{AccountKey, Code};

/// What a status says of an account without a key.
pub(super) const NOT_CONFIGURED: &str = "socket-chat account is not configured (missing apiKey).";

/// A connection not yet made.
pub(super) struct SocketConnector {
    pub(super) account: AccountKey,
    /// `None` when the account has no key.
    pub(super) backend: Option<Arc<Backend>>,
    pub(super) memory: Arc<Memory>,
    pub(super) ca_pem: Option<String>,
    pub(super) clock: Clock,
}

impl Connector for SocketConnector {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(self.live(link))
    }
}

/// Forgets that the link is up, and its config, also when its task is cut: whoever restarts an account wants a fresh one.
struct LiveGuard {
    memory: Arc<Memory>,
    backend: Arc<Backend>,
}

impl Drop for LiveGuard {
    fn drop(&mut self) {
        self.memory.down();
        self.backend.forget();
    }
}

impl SocketConnector {
    async fn live(self: Box<Self>, mut link: Link) -> LinkEnd {
        let Some(backend) = self.backend.clone() else {
            let text = format!("{NOT_CONFIGURED} Run: callboard channels add socket-chat --token KEY");
            return LinkEnd::new(Code::Misconfigured, text);
        };
        let _live = LiveGuard { memory: Arc::clone(&self.memory), backend: Arc::clone(&backend) };
        let mut early = Outflow::new();
        // Beyond the bound a row stays unconfirmed, and is taken in hand again after the link's end.
        let hold = |row| drop(early.hold(row));
        let opened = tokio::select! {
            opened = self.open(&backend, &link.progress) => opened,
            () = told_to_close(&mut link.commands, hold) => Err(LinkEnd::closed()),
        };
        let (wire, broker) = match opened {
            Ok(opened) => opened,
            Err(end) => return end,
        };
        let connected_at = self.clock.elapsed();
        let context = Context { account: self.account.clone(), robot_id: broker.robot_id.clone(), now_ms: self.clock.now_ms() };
        let (memory, clock) = (Arc::clone(&self.memory), self.clock.clone());
        let parts = Parts { wire, link, broker: Arc::clone(&broker), memory, context, clock, early };
        let (ended, subscribed_at) = Pump::new(parts).run().await;
        self.conclude(ended, &broker, connected_at, subscribed_at)
    }

    /// Asks where the broker is and connects to it.
    async fn open(&self, backend: &Backend, progress: &Progress) -> Result<(Wire, Arc<Broker>), LinkEnd> {
        let (broker, source) = backend.broker().await.map_err(|error| LinkEnd::new(error.code(), error.to_string()))?;
        progress.stamp();
        let wire = Wire::connect(&broker, self.ca_pem.as_deref(), self.clock.clone()).await.map_err(|error| {
            match (&error, source) {
                // Credentials may be short-lived; those that the backend gave just now are the ones that count.
                (WireError::Login, Source::Kept) => {
                    LinkEnd::new(Code::LinkDown, format!("{error}; its config was not fresh, the backend is asked again"))
                }
                _ => LinkEnd::new(error.code(), error.to_string()),
            }
        })?;
        progress.stamp();
        Ok((wire, broker))
    }

    fn conclude(&self, ended: End, broker: &Broker, connected_at: Duration, subscribed_at: Option<Duration>) -> LinkEnd {
        let now = self.clock.elapsed();
        let ending = if matches!(ended, End::Broken(WireError::ClosedByPeer)) { Ending::ByPeer } else { Ending::Other };
        let taken_over = self.memory.ended(ending, now.saturating_sub(connected_at));
        let was_stable = subscribed_at.is_some_and(|since| now.saturating_sub(since) >= STABLE_AFTER);
        match ended {
            End::Closed => LinkEnd { was_stable, ..LinkEnd::closed() },
            End::SubscriptionRefused => LinkEnd::new(
                Code::BadCredentials,
                format!(
                    "the broker refused the subscription to \"{}\" (SUBACK 128): its access rules do not let this user read it",
                    broker.receive_topic
                ),
            ),
            End::Broken(_) if ending == Ending::ByPeer && taken_over => LinkEnd::new(
                Code::TakenOver,
                format!(
                    "another client uses this clientId ({}): the broker ended several connections within seconds; stop the other gateway, or give it an API key of its own",
                    broker.client_id
                ),
            ),
            End::Broken(error) => LinkEnd { code: error.code(), text: error.to_string(), was_stable },
        }
    }
}
