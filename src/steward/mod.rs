//! What owners order of the gateway itself in a chat: its configuration, a restart, who may talk.
//!
//! # Layout
//!
//! - [`GatewaySteward`]: who does which; the session has decided before whether it may be ordered
//! - `config`, `allowlist`: the two with words of their own; `told`: how things are told in a chat

mod allowlist;
mod config;
mod told;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callboard_actors::core::Clock;
use callboard_actors::message::{InboxId, Target};
use callboard_actors::ports::{Errand, Ordered, Steward, Store};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::config::desk::{ConfigDesk, RestartWish};
use crate::outgoing::ChannelsView;
use crate::tools::Restarter;

/// Why restarts are asked for here, as the log has it.
const REASON: &str = "chat /restart";

/// What the steward is lent. Cheap to clone.
#[derive(Clone)]
pub struct StewardParts {
    /// The config file.
    pub desk: Arc<ConfigDesk>,
    /// Restarts the gateway.
    pub restart: Restarter,
    /// Keeps those whom pairing let in.
    pub store: Arc<dyn Store>,
    /// The accounts.
    pub channels: Arc<dyn ChannelsView>,
    /// Says when things were.
    pub clock: Clock,
}

/// Looks after the gateway for owners who order it in a chat.
pub struct GatewaySteward {
    parts: StewardParts,
    /// When this life of the gateway began, milliseconds since 1970.
    born_ms: i64,
}

impl GatewaySteward {
    /// Returns the steward of a life that begins now.
    #[must_use]
    pub fn new(parts: StewardParts) -> Self {
        let born_ms = parts.clock.now_ms();
        Self { parts, born_ms }
    }

    fn restart(&self, row: InboxId, chat: Target) -> String {
        // The order outlives the restart where the answer to it did not get as far as the disk: it is not carried out twice.
        if accepted_ms(row).is_some_and(|accepted_ms| accepted_ms < self.born_ms) {
            return "The gateway was restarted since this was ordered.".to_owned();
        }
        let ticket = (self.parts.restart)(REASON, &wish(chat));
        let seconds = told::seconds(ticket.delay_ms);
        format!("The gateway restarts in {seconds} s. This chat is told when it is back.")
    }
}

/// Returns how a restart is wished that somebody in a chat brings.
fn wish(chat: Target) -> RestartWish {
    RestartWish { chat: Some(chat), ..RestartWish::default() }
}

/// Returns when a row was accepted, milliseconds since 1970, as its id has it.
fn accepted_ms(row: InboxId) -> Option<i64> {
    let (seconds, nanos) = row.as_uuid().get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000)?.checked_add(i64::from(nanos / 1_000_000))
}

impl Steward for GatewaySteward {
    fn carry_out(&self, ordered: Ordered) -> BoxFuture<'static, String> {
        let Ordered { errand, chat, row, session } = ordered;
        let kind = match &errand {
            Errand::Config(_) => "config",
            Errand::Debug(_) => "debug",
            Errand::Restart => "restart",
            Errand::Allowlist(_) => "allowlist",
        };
        tracing::info!(event = "steward.errand", kind, %session, account = %chat.account);
        let parts = self.parts.clone();
        match errand {
            Errand::Config(errand) => at_desk(&parts, move |desk| config::carry_out(desk, &errand, &wish(chat))),
            Errand::Debug(errand) => at_desk(&parts, move |desk| config::lay_over(desk, &errand)),
            Errand::Restart => std::future::ready(self.restart(row, chat)).boxed(),
            Errand::Allowlist(errand) => async move { allowlist::carry_out(&parts, errand, chat).await }.boxed(),
        }
    }
}

/// Works at the desk, on a thread that may block. An errand that is given up meanwhile is done all the same.
fn at_desk(parts: &StewardParts, work: impl FnOnce(&ConfigDesk) -> String + Send + 'static) -> BoxFuture<'static, String> {
    let desk = Arc::clone(&parts.desk);
    let done = tokio::task::spawn_blocking(move || work(&desk));
    async move { done.await.unwrap_or_else(|_| "Work on the config file broke off: the log says why.".to_owned()) }.boxed()
}
