//! How a channel actor keeps its link up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::actor::{ChannelActor, Closing, STORE_AGAIN, STORE_WAIT};
use super::admission::approved;
use super::connector::{Link, LinkEnd};
use super::cursors::Cursors;
use super::intake::{FETCHES_MAX, FETCHES_OF_PEER_MAX, Intake};
use super::live_link::{LiveLink, carry};
use crate::core::{Backoff, Scope, Shares};
use crate::message::{Code, LinkState, LinkStatus};
use crate::ports::CrashCount;

/// How long the tasks between connector and store may be without a sign of life while they are not waiting.
const TASK_PATIENCE: Duration = Duration::from_secs(60);

impl ChannelActor {
    /// Puts rows of an earlier incarnation back in their place and reads who was let in; then connects.
    pub(super) fn recover(&mut self, crash: CrashCount, scope: &mut Scope<'_, Self>) {
        let reopened = self.parts.store.reopen_outbox(self.key(), crash);
        let allowed = self.parts.store.allowed_peers(self.key());
        let both = async move { reopened.await.and(allowed.await) };
        scope.run(STORE_WAIT, both, move |channel, answer, scope| match answer {
            Some(Ok(peers)) => {
                channel.approved = approved(peers);
                channel.connect(scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, move |channel, scope| channel.recover(crash, scope));
            }
        });
    }

    pub(super) fn connect(&mut self, scope: &mut Scope<'_, Self>) {
        if !matches!(self.closing, Closing::No) || self.link.is_some() {
            return;
        }
        let life = self.parts.desk.next_life();
        let (link, far) = LiveLink::new(life);
        self.link = Some(link);
        let before = self.parts.desk.facts().status;
        self.set_status(LinkStatus { state: LinkState::Connecting, ..before }, scope);
        let connector = self.account.platform.connector();
        let (events, commands) = (far.events, far.commands);
        let speakers = self.parts.desk.speakers().clone();
        let cursors = Cursors::new(Arc::clone(&self.parts.store), &self.account.key);
        let media = Arc::clone(&self.parts.media);
        scope.child(
            "link",
            self.account.platform.patience(),
            move |progress| connector.run(Link { events, commands, progress, cursors, speakers, media }),
            move |channel, end, scope| channel.link_ended(life, end, scope),
        );
        let myself = scope.myself();
        let arriving = far.arriving;
        scope.child("carrier", TASK_PATIENCE, move |progress| carry(life, arriving, myself, progress), |_, (), _| {});
        let intake = Intake {
            account: self.key(),
            store: Arc::clone(&self.parts.store),
            platform: Arc::clone(&self.account.platform),
            media: Arc::clone(&self.parts.media),
            fetches: Arc::new(Semaphore::new(FETCHES_MAX)),
            shares: Shares::new(FETCHES_OF_PEER_MAX),
            switchboard: Arc::clone(&self.parts.switchboard),
            desk: self.parts.desk.clone(),
            counters: Arc::clone(&self.parts.counters),
            settings: self.parts.settings.clone(),
            clock: scope.clock().clone(),
            decided: far.decided,
            link: far.acks,
        };
        scope.child("intake", TASK_PATIENCE, |progress| intake.run(progress), |_, (), _| {});
    }

    fn link_ended(&mut self, life: u64, end: LinkEnd, scope: &mut Scope<'_, Self>) {
        if self.link.as_ref().is_none_or(|link| link.life != life) {
            return;
        }
        self.link = None;
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| facts.last_disconnect_ms = Some(now_ms));
        if !matches!(self.closing, Closing::No) {
            self.closed(scope);
            return;
        }
        self.failures = if end.was_stable { 1 } else { self.failures.saturating_add(1) };
        let failures = self.failures;
        self.parts.desk.update(|facts| {
            facts.reconnect_attempts = failures;
            facts.last_error = Some(end.text.clone());
        });
        let (state, wait) = self.after_failures(end.code);
        self.set_status(LinkStatus::because(state, end.code, end.text), scope);
        self.put_back(scope);
        scope.after(wait, |channel, scope| {
            channel.parts.counters.reconnects.inc();
            channel.connect(scope);
        });
    }

    /// Ends a goodbye: the link stays down.
    fn closed(&mut self, scope: &Scope<'_, Self>) {
        self.set_status(LinkStatus::plain(LinkState::Down), scope);
        if let Closing::Asked(done) = std::mem::replace(&mut self.closing, Closing::Done) {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    /// Returns where a link that has ended stands, and how long it waits for its next life.
    fn after_failures(&self, code: Code) -> (LinkState, Duration) {
        let reconnect = self.account.platform.reconnect();
        let spent = reconnect.attempts_max > 0 && self.failures > reconnect.attempts_max;
        if spent || matches!(code, Code::BadCredentials | Code::Misconfigured) {
            return (LinkState::Blocked, reconnect.slow);
        }
        let backoff = Backoff { base: reconnect.base, max: reconnect.max, jitter: 0.1 };
        (LinkState::Down, backoff.wait(self.failures))
    }

    pub(super) fn set_status(&mut self, status: LinkStatus, scope: &Scope<'_, Self>) {
        if let Some(link) = &mut self.link {
            link.state = status.state;
        }
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| {
            facts.status = status.clone();
            if matches!(status.state, LinkState::Down | LinkState::Blocked) {
                facts.way = None;
            }
            if status.state == LinkState::Up {
                facts.last_connected_ms = Some(now_ms);
                facts.reconnect_attempts = 0;
            }
        });
        let (code, text) = (status.code.map(Code::as_str).unwrap_or_default(), status.text.as_deref().unwrap_or_default());
        match status.state {
            LinkState::Blocked => {
                tracing::error!(event = "channel.link", actor = %scope.id(), link = "blocked", code, "{text}")
            }
            LinkState::Down => tracing::warn!(event = "channel.link", actor = %scope.id(), link = "down", code, "{text}"),
            LinkState::Up => tracing::info!(event = "channel.link", actor = %scope.id(), link = "up"),
            LinkState::Connecting => tracing::debug!(event = "channel.link", actor = %scope.id(), link = "connecting"),
        }
        self.parts.switchboard.link_changed(&self.account.key, status);
    }

    /// Records by which way messages come, and tells everybody.
    pub(super) fn goes_over(&mut self, name: &'static str, scope: &Scope<'_, Self>) {
        self.parts.desk.update(|facts| facts.way = Some(name));
        self.parts.counters.way_changes.inc();
        tracing::info!(event = "channel.way", actor = %scope.id(), way = name, "messages come over it");
        let text = Some(format!("messages come over {name}"));
        self.parts.switchboard.link_changed(&self.account.key, LinkStatus { state: LinkState::Up, code: None, text });
    }

    pub(super) fn is_up(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.state == LinkState::Up)
    }
}
