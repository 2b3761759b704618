//! One connection's life: the checks, the places, the messages, the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::api::Api;
use super::config::Wanted;
use super::marks::Marks;
use super::opening;
use super::pump::{End, Parts, Pump};
use super::send::Sender;
use super::shared::{Shared, Way};
use super::socket::SocketSettings;
use crate::channel::connector::{STABLE_AFTER, told_to_close};
use crate::channel::outflow::Outflow;
use crate::channel::{Connector, Link, LinkEnd};
use crate::core::Clock;
use crate::message::{AccountKey, Code};

/// The longest wait after calls that failed.
pub(super) const RETRY_MAX: Duration = Duration::from_secs(30);
/// What the server refuses for one place is asked for again when the places have been listed so often.
pub(super) const REFUSED_REFRESHES: u32 = 10;

/// What bounds the reading.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Which sessions.
    pub(super) sessions: Wanted,
    /// Which panels.
    pub(super) panels: Wanted,
    /// How often the places are listed, and panels read.
    pub(super) refresh: Duration,
    /// How long the server holds a call for news.
    pub(super) watch: Duration,
    /// How many messages one call reads.
    pub(super) limit: u32,
    /// The first wait after a failed call.
    pub(super) retry: Duration,
    /// How long a message may have been on its way before it is looked for.
    pub(super) settle: Duration,
    /// How Socket.IO is reached.
    pub(super) socket: SocketSettings,
}

impl Bounds {
    /// Returns how seldom what fails for one place alone is asked for at the most.
    pub(super) fn seldom(&self) -> Duration {
        RETRY_MAX.max(self.refresh.saturating_mul(REFUSED_REFRESHES))
    }
}

/// A connection not yet made.
pub(super) struct MochatConnector {
    pub(super) account: AccountKey,
    pub(super) api: Arc<Api>,
    pub(super) token: SecretString,
    /// The account's own id.
    pub(super) me: String,
    pub(super) shared: Arc<Shared>,
    pub(super) bounds: Bounds,
    /// What holds answers up, for the log.
    pub(super) delay: String,
    pub(super) clock: Clock,
}

/// An account that lacks what a connection needs.
pub(super) struct Unfit(pub(super) String);

impl Connector for Unfit {
    fn run(self: Box<Self>, _: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(async move { LinkEnd::new(Code::Misconfigured, self.0) })
    }
}

impl Connector for MochatConnector {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(self.live(link))
    }
}

impl MochatConnector {
    async fn live(self: Box<Self>, mut link: Link) -> LinkEnd {
        let marks = Marks::new(link.cursors.clone());
        let mut early = Outflow::default();
        // Beyond the bound a row stays unconfirmed, and is taken in hand again after the link's end.
        let hold = |row| drop(early.hold(row));
        let opened = tokio::select! {
            opened = opening::open(&self, &marks, &link.progress) => opened,
            () = told_to_close(&mut link.commands, hold) => Err(LinkEnd::closed()),
        };
        let found = match opened {
            Ok(found) => found,
            Err(end) => return end,
        };
        tracing::info!(event = "mochat.delay", actor = %self.account, "{}", self.delay);
        let sender = Sender {
            api: Arc::clone(&self.api),
            shared: Arc::clone(&self.shared),
            cursors: link.cursors.clone(),
            clock: self.clock.clone(),
            me: self.me.clone(),
            token: self.token.clone(),
            settle: self.bounds.settle,
        };
        let parts = Parts {
            link,
            account: self.account.clone(),
            me: self.me.clone(),
            api: Arc::clone(&self.api),
            shared: Arc::clone(&self.shared),
            bounds: self.bounds.clone(),
            clock: self.clock.clone(),
            marks,
            sender,
            early,
        };
        let (ended, up_at) = Pump::new(parts).run(found).await;
        self.shared.set_way(Way::None);
        let was_stable = self.clock.elapsed().saturating_sub(up_at) >= STABLE_AFTER;
        LinkEnd { was_stable, ..self.concluded(ended) }
    }

    fn concluded(&self, ended: End) -> LinkEnd {
        match ended {
            End::Closed => LinkEnd::closed(),
            End::Refused(error) => opening::refused(error),
            End::Stranger(found) => opening::stranger(&self.me, &found),
        }
    }
}
