//! The way in, from the actor's decision to the platform's acknowledgement.
//!
//! Frames come here in the order of arrival, decided. They are written in batches, and the platform hears an acknowledgement only
//! after the commit, in the same order. While the disk does not take them, nothing is acknowledged and nothing is dropped. Once
//! the link is gone too, the platform is asked to send again what it never heard of: otherwise every life of a link that comes
//! and goes before a full disk would leave its frames here.
//!
//! A message with files waits until they are in the media room, and with it what came later in its chat. What came in other chats is
//! written meanwhile; only its acknowledgement waits for its turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{Id, JoinError, JoinSet};

use super::ack::AckThen;
use super::connector::{AckToken, Acked, Became, LinkCommand};
use super::facts::Desk;
use super::media;
use super::platform::Platform;
use super::settings::ChannelSettings;
use crate::core::{Backoff, Clock, Live, Progress, Shares};
use crate::message::{AccountCounters, AccountKey, ChatRef, Deed, Media, Switchboard};
use crate::ports::{Accept, Accepted, MediaRoom, PairingOutcome, PairingRequest, Store, StoreError};

/// How many frames are written in one commit.
const BATCH_MAX: usize = 256;

/// How many messages of one account have their files taken in at a time.
pub(super) const FETCHES_MAX: usize = 8;

/// How many of them are one person's, who holds nobody else up with more.
pub(super) const FETCHES_OF_PEER_MAX: usize = 2;

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
    pub(super) platform: Arc<dyn Platform>,
    pub(super) media: Arc<dyn MediaRoom>,
    /// Places for messages whose files are being taken in; [`FETCHES_MAX`].
    pub(super) fetches: Arc<Semaphore>,
    /// Each person's share of them; [`FETCHES_OF_PEER_MAX`].
    pub(super) shares: Shares<String>,
    pub(super) switchboard: Arc<dyn Switchboard>,
    pub(super) desk: Desk,
    pub(super) counters: Arc<AccountCounters>,
    pub(super) settings: Live<ChannelSettings>,
    pub(super) clock: Clock,
    pub(super) decided: mpsc::Receiver<Decided>,
    pub(super) link: mpsc::Sender<LinkCommand>,
}

/// A frame between its decision and its acknowledgement.
struct Frame {
    /// Taken when it is written.
    fate: Option<Fate>,
    ack: Option<AckToken>,
    /// Its number, while its files are being taken in.
    fetching: Option<u64>,
    /// What became of it, once that is committed.
    became: Option<Became>,
    _permit: OwnedSemaphorePermit,
}

/// Frames in their order, with the tasks that take their files in. As many as have a permit of the window.
#[derive(Default)]
struct Line {
    frames: VecDeque<Frame>,
    fetches: JoinSet<Vec<Media>>,
    /// Which frame a task is for.
    numbers: HashMap<Id, u64>,
    told: u64,
}

impl Line {
    /// Puts the files that were taken in into their message. Those of a task that fell over are told to be missing.
    fn fetched(&mut self, fetched: Result<(Id, Vec<Media>), JoinError>) {
        let (id, media) = match fetched {
            Ok((id, media)) => (id, Some(media)),
            Err(error) => (error.id(), None),
        };
        let Some(number) = self.numbers.remove(&id) else { return };
        let Some(frame) = self.frames.iter_mut().find(|frame| frame.fetching == Some(number)) else { return };
        frame.fetching = None;
        if let Some(Fate::Accept(accept)) = &mut frame.fate {
            let all_missing =
                || accept.inbound.media.iter().map(|media| media.clone().missing("it could not be taken")).collect();
            accept.inbound.media = media.unwrap_or_else(all_missing);
        }
    }

    /// Takes out what can be written now, each with its place: a message waits for its own files and for those of earlier messages of
    /// its chat, and for nobody else's.
    fn ready(&mut self) -> Vec<(usize, Fate)> {
        let mut held: HashSet<ChatRef> = HashSet::new();
        let mut ready = Vec::new();
        for (place, frame) in self.frames.iter_mut().enumerate() {
            if let Some(Fate::Accept(accept)) = &frame.fate {
                let chat = &accept.inbound.route.chat;
                if frame.fetching.is_some() || held.contains(chat) {
                    held.insert(chat.clone());
                    continue;
                }
            }
            ready.extend(frame.fate.take().map(|fate| (place, fate)));
        }
        ready
    }

    /// Takes out the frames whose turn it is to be acknowledged.
    fn acknowledged(&mut self) -> Vec<Acked> {
        let mut acks = Vec::new();
        while let Some(became) = self.frames.front().and_then(|frame| frame.became) {
            let frame = self.frames.pop_front();
            acks.extend(frame.and_then(|frame| frame.ack).map(|token| Acked { token, became }));
        }
        acks
    }
}

impl Intake {
    pub(super) async fn run(mut self, progress: Progress) {
        let mut line = Line::default();
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut more = true;
        while more || !line.frames.is_empty() {
            progress.pause();
            tokio::select! {
                count = self.decided.recv_many(&mut batch, BATCH_MAX), if more => more = count > 0,
                Some(fetched) = line.fetches.join_next_with_id(), if !line.fetches.is_empty() => line.fetched(fetched),
            }
            progress.stamp();
            for decided in batch.drain(..) {
                self.take(decided, &mut line);
            }
            self.write(&mut line, &progress).await;
        }
    }

    /// Puts a frame at the end of the line, and has its files taken in if it has any.
    fn take(&self, Decided { fate, ack, permit }: Decided, line: &mut Line) {
        let fetch = match &fate {
            Fate::Accept(accept) => media::needed(&accept.inbound, self.platform.as_ref(), &self.media),
            Fate::Pair(_) | Fate::Nothing => None,
        };
        let peer = match &fate {
            Fate::Accept(accept) => accept.inbound.route.peer.id.clone(),
            Fate::Pair(_) | Fate::Nothing => String::new(),
        };
        let fetching = fetch.map(|fetch| {
            line.told += 1;
            let (clock, own, places) = (self.clock.clone(), self.shares.of(&peer), Arc::clone(&self.fetches));
            let task = line.fetches.spawn(async move {
                // Neither is ever closed. Whoever waits for his own place holds none of the others'.
                let _own = own.acquire_owned().await;
                let _place = places.acquire_owned().await;
                fetch.run(clock).await
            });
            line.numbers.insert(task.id(), line.told);
            line.told
        });
        line.frames.push_back(Frame { fate: Some(fate), ack, fetching, became: None, _permit: permit });
    }

    async fn write(&self, line: &mut Line, progress: &Progress) {
        let ready = line.ready();
        let sure = ready.iter().all(|(place, _)| line.frames.get(*place).is_some_and(|frame| frame.ack.is_some()));
        let resend = if sure { Resend::Sure } else { Resend::Never };
        let mut accepts = Vec::new();
        // Each frame's place in the line, with the place of its message among those to accept.
        let mut places = Vec::new();
        for (place, fate) in ready {
            let accept = match fate {
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
            places.push((place, accept));
        }
        let written = if accepts.is_empty() { Vec::new() } else { self.accept(accepts, resend, progress).await };
        for (place, accept) in places {
            let became = match accept.and_then(|accept| written.get(accept)) {
                Some(Accepted::New { .. }) => Became::New,
                Some(Accepted::Duplicate) => Became::Duplicate,
                None => Became::Nothing,
            };
            if let Some(frame) = line.frames.get_mut(place) {
                frame.became = Some(became);
            }
        }
        let acks = line.acknowledged();
        if !acks.is_empty() {
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
        // Before their sessions know of them: a mark is known of when its message is answered.
        self.mark(&batch, &written);
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

    /// Has what was new marked, if it is to be, at best effort: a mark is no answer, and nothing waits for it. A crash before it leaves
    /// none, and a message that comes again has none either.
    fn mark(&self, batch: &[Accept], written: &[Accepted]) {
        let settings = self.settings.get();
        let Some(ack) = settings.ack.as_ref().filter(|_| self.platform.deeds().contains(&Deed::React)) else { return };
        for (Accept { inbound, .. }, accepted) in batch.iter().zip(written) {
            let Accepted::New { id, .. } = accepted else { continue };
            if !ack.is_for(inbound) {
                continue;
            }
            let marking = ack.on(inbound);
            if self.link.try_send(LinkCommand::Mark(marking.clone())).is_err() {
                self.counters.marks_dropped.inc();
            } else if ack.then == AckThen::ComesOff {
                self.desk.marks().put(*id, marking);
            }
        }
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
