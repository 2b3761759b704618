//! The way in, from the actor's decision to the platform's acknowledgement.
//!
//! Frames come here in the order of arrival, decided. They are written in batches, and the platform hears an acknowledgement only
//! after the commit, in the same order. While the disk does not take them, nothing is acknowledged and nothing is dropped. Once
//! the link is gone too, the platform is asked to send again what it never heard of: otherwise every life of a link that comes
//! and goes before a full disk would leave its frames here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::connector::{AckToken, Acked, Became, LinkCommand};
use crate::core::{Backoff, Clock, Progress};
use crate::message::{AccountCounters, AccountKey, Switchboard};
use crate::ports::{Accept, Accepted, PairingOutcome, PairingRequest, Store, StoreError};

/// How many frames are written in one commit.
const BATCH_MAX: usize = 256;

/// How waits grow while the store does not take a batch.
const STORE_BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), max: Duration::from_secs(10), jitter: 0.2 };

/// How often a sign of life is given while the store does not answer.
const PULSE: Duration = Duration::from_secs(5);

/// A frame whose fate is decided.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) fate: Fate,
    pub(super) ack: Option<AckToken>,
    /// Its place in the window between platform and store; given back when it is done.
    pub(super) permit: OwnedSemaphorePermit,
}

/// What is to be written for a frame.
#[derive(Debug)]
pub(super) enum Fate {
    /// A message for a session.
    Accept(Box<Accept>),
    /// A stranger who is to be offered a code.
    Pair(Box<PairingRequest>),
    /// Nothing.
    Nothing,
}

/// Whether the platform sends a batch again that it never saw acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resend {
    Sure,
    /// Some of it wants no acknowledgement.
    Never,
}

/// The task that writes what was decided; it ends when nothing more can come.
pub(super) struct Intake {
    pub(super) account: AccountKey,
    pub(super) store: Arc<dyn Store>,
    pub(super) switchboard: Arc<dyn Switchboard>,
    pub(super) counters: Arc<AccountCounters>,
    pub(super) clock: Clock,
    pub(super) decided: mpsc::Receiver<Decided>,
    pub(super) link: mpsc::Sender<LinkCommand>,
}

impl Intake {
    pub(super) async fn run(mut self, progress: Progress) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            progress.pause();
            if self.decided.recv_many(&mut batch, BATCH_MAX).await == 0 {
                return;
            }
            progress.stamp();
            self.write(&mut batch, &progress).await;
        }
    }

    async fn write(&self, batch: &mut Vec<Decided>, progress: &Progress) {
        let resend = if batch.iter().all(|decided| decided.ack.is_some()) { Resend::Sure } else { Resend::Never };
        let mut accepts = Vec::new();
        // Each with the place of its message among those to accept.
        let mut tokens = Vec::new();
        let mut permits = Vec::new();
        for Decided { fate, ack, permit } in batch.drain(..) {
            let place = match fate {
                Fate::Accept(accept) => {
                    accepts.push(*accept);
                    Some(accepts.len() - 1)
                }
                // Strangers are few: each is written by itself, in front of what came after.
                Fate::Pair(request) => {
                    self.pair(*request, resend, progress).await;
                    None
                }
                Fate::Nothing => None,
            };
            tokens.extend(ack.map(|token| (token, place)));
            permits.push(permit);
        }
        let written = if accepts.is_empty() { Vec::new() } else { self.accept(accepts, resend, progress).await };
        if !tokens.is_empty() {
            let became = |place: Option<usize>| match place.and_then(|place| written.get(place)) {
                Some(Accepted::New { .. }) => Became::New,
                Some(Accepted::Duplicate) => Became::Duplicate,
                None => Became::Nothing,
            };
            let acks = tokens.into_iter().map(|(token, place)| Acked { token, became: became(place) }).collect();
            // A link that is gone has no use for it: the platform sends again, and deduplication drops it.
            let _ = self.link.send(LinkCommand::Ack(acks)).await;
        }
    }

    /// Writes messages and has their sessions woken; returns what became of each, nothing once the link is gone.
    async fn accept(&self, batch: Vec<Accept>, resend: Resend, progress: &Progress) -> Vec<Accepted> {
        let Some(written) = self.until_written(resend, progress, || self.store.accept(batch.clone())).await else {
            // Late is not never: whatever is written after all is looked for, behind it in the store's own order.
            batch.iter().for_each(|accept| self.switchboard.wake_session(&accept.session));
            return Vec::new();
        };
        for (accept, accepted) in batch.iter().zip(&written) {
            let trace = accept.inbound.trace;
            match accepted {
                Accepted::New { seq, .. } => {
                    tracing::debug!(event = "inbound.accepted", actor = %self.account, %trace, seq);
                    self.counters.inbound_accepted.inc();
                    self.switchboard.wake_session(&accept.session);
                }
                Accepted::Duplicate => {
                    tracing::debug!(event = "inbound.duplicate", actor = %self.account, %trace);
                    self.counters.inbound_duplicate.inc();
                    // Its row may be one that was committed when the task before this one was cut, and wait unheard of.
                    self.switchboard.wake_session(&accept.session);
                }
            }
        }
        written
    }

    async fn pair(&self, request: PairingRequest, resend: Resend, progress: &Progress) {
        let outcome = self.until_written(resend, progress, || self.store.request_pairing(request.clone())).await;
        match outcome {
            None => self.switchboard.wake_channel(&self.account),
            Some(PairingOutcome::New) => {
                tracing::info!(event = "pairing.requested", actor = %self.account, peer = %request.peer, "see `callboard pairing list`");
                self.switchboard.wake_channel(&self.account);
            }
            Some(PairingOutcome::Pending) => {}
            Some(PairingOutcome::Full) => {
                tracing::warn!(event = "pairing.full", actor = %self.account, peer = %request.peer, "too many open requests: no code was given");
            }
        }
    }

    /// Asks the store until it has done it: the platform waits meanwhile, unacknowledged. `None` once the link is gone and the
    /// platform sends all of it again.
    async fn until_written<T>(
        &self,
        resend: Resend,
        progress: &Progress,
        request: impl Fn() -> futures_util::future::BoxFuture<'static, Result<T, StoreError>>,
    ) -> Option<T> {
        let given_up = || resend == Resend::Sure && self.link.is_closed();
        let mut failures = 0;
        loop {
            let mut answer = request();
            let answer = loop {
                progress.stamp();
                match self.clock.within(PULSE, &mut answer).await {
                    Some(answer) => break answer,
                    None if given_up() => return None,
                    None => {}
                }
            };
            match answer {
                Ok(done) => return Some(done),
                Err(_) if given_up() => return None,
                Err(error) => {
                    failures += 1;
                    if failures == 1 {
                        tracing::warn!(event = "inbound.held", actor = %self.account, code = %error.code(), "nothing is acknowledged: {error}");
                    }
                    progress.pause();
                    self.clock.sleep(STORE_BACKOFF.wait(failures)).await;
                }
            }
        }
    }
}
