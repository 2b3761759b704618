//! An answer that leaves part by part, each for good.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::rules::{Next, PartRules};
use super::{Left, Listener};
use crate::core::Clock;
use crate::message::{InboxId, OutboxId, Switchboard};
use crate::ports::{Answer, InboxRow, NewOutbox, Store, StoreError};
use crate::session::actor::{STORE_AGAIN, STORE_WAIT};

/// Above so many bytes that cannot leave, they are looked at again only when there are a sixteenth more: a block of code that does
/// not end is not read anew with each of its words.
const LOOKED_AT_BYTES: usize = 64 * 1024;

/// Says an answer part by part. A part is on its way when the store has it, with its words beside the row that is answered, in one
/// commit: so a turn that is cut short goes on behind it.
pub(in crate::session) struct Parts {
    row: InboxId,
    rules: PartRules,
    listener: Listener,
    store: Arc<dyn Store>,
    switchboard: Arc<dyn Switchboard>,
    /// The words of each part that has left.
    said: Vec<String>,
    /// How many bytes they have in all.
    bytes: usize,
    /// The part that is being written down.
    writing: Option<Writing>,
    /// Whether parts may leave.
    mouth: Mouth,
    /// No part leaves before this moment on the clock.
    silent_until: Duration,
    /// Below so many bytes nothing of them can leave; 0 where that is not known.
    quiet_to: usize,
}

struct Writing {
    words: String,
    written: BoxFuture<'static, Result<(), StoreError>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mouth {
    Open,
    /// The store refused a part: what is left waits for the end.
    Shut,
}

impl Parts {
    pub(super) fn new(
        row: &InboxRow,
        rules: PartRules,
        listener: Listener,
        store: Arc<dyn Store>,
        switchboard: Arc<dyn Switchboard>,
    ) -> Self {
        let (said, bytes) = (row.said.clone(), row.said.iter().map(String::len).sum());
        Self {
            row: row.id,
            rules,
            listener,
            store,
            switchboard,
            said,
            bytes,
            writing: None,
            mouth: Mouth::Open,
            silent_until: Duration::ZERO,
            quiet_to: 0,
        }
    }

    pub(super) async fn speak(&mut self) -> Infallible {
        loop {
            self.write_down().await;
            if self.mouth == Mouth::Shut {
                return std::future::pending().await;
            }
            // What is added meanwhile leaves with the next part.
            let pause = self.silent_until.saturating_sub(self.listener.clock.elapsed());
            if !pause.is_zero() {
                self.listener.clock.sleep(pause).await;
            }
            match self.next() {
                Next::Now(bytes) => self.begin(bytes),
                Next::Idle(bytes) => {
                    let idle = self.listener.clock.sleep(self.rules.idle);
                    tokio::select! {
                        biased;
                        more = self.listener.heard.changed() => if more.is_err() { return std::future::pending().await },
                        () = idle => self.begin(bytes),
                    }
                }
                Next::Wait => {
                    if self.listener.heard.changed().await.is_err() {
                        return std::future::pending().await;
                    }
                }
            }
        }
    }

    pub(super) async fn conclude(mut self) -> Left {
        self.write_down().await;
        if self.said.is_empty() { Left::Nothing } else { Left::Parts(self.said) }
    }

    fn next(&mut self) -> Next {
        let heard = self.listener.heard.borrow_and_update();
        let rest = heard.text.get(self.bytes..).unwrap_or_default();
        let ended = heard.ended.saturating_sub(self.bytes);
        if rest.len() < self.quiet_to && ended == 0 {
            return Next::Wait;
        }
        let next = self.rules.next(rest, ended, self.listener.shaper.as_ref());
        self.quiet_to = if next == Next::Wait && rest.len() > LOOKED_AT_BYTES { rest.len() + rest.len() / 16 } else { 0 };
        next
    }

    /// Has the next part written down, with what the platform gets of it.
    fn begin(&mut self, bytes: usize) {
        let words = {
            let heard = self.listener.heard.borrow();
            heard.text.get(self.bytes..self.bytes.saturating_add(bytes)).unwrap_or_default().to_owned()
        };
        let outbound = self.listener.outbound(&words);
        let shaper = &self.listener.shaper;
        let payloads = if self.said.is_empty() { shaper.shape(outbound) } else { shaper.shape_rest(outbound) };
        let trace = self.listener.trace;
        let new = |outbound| NewOutbox { id: OutboxId::new(), outbound, trace, idempotency_key: None };
        let payloads: Vec<_> = payloads.into_iter().map(new).collect();
        let (store, row, number, text) = (Arc::clone(&self.store), self.row, self.said.len(), words.clone());
        let say = move || store.say(row, number, text.clone(), payloads.clone());
        let written = Box::pin(written(self.listener.clock.clone(), say));
        self.writing = Some(Writing { words, written });
    }

    /// Waits until the part in hand is written down. The request outlives whoever waits here.
    async fn write_down(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        let written = (&mut writing.written).await;
        let Some(Writing { words, .. }) = self.writing.take() else { return };
        match written {
            Ok(()) => {
                self.bytes = self.bytes.saturating_add(words.len());
                self.said.push(words);
                self.silent_until = self.listener.clock.elapsed() + self.rules.pause.next();
                self.switchboard.wake_channel(&self.listener.target.account);
            }
            Err(error) => {
                let trace = self.listener.trace;
                tracing::warn!(event = "answer.part", row = %self.row, %trace, code = %error.code(), "an answer goes on whole: {error}");
                self.mouth = Mouth::Shut;
            }
        }
    }
}

/// Writes until the store has taken it or has refused it: what nobody knows of may have left already.
async fn written(clock: Clock, say: impl Fn() -> Answer<()> + Send) -> Result<(), StoreError> {
    loop {
        // Asked in a statement of its own, so that nothing of it is held while it is waited for.
        let asked = say();
        match clock.within(STORE_WAIT, asked).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error @ (StoreError::Missing { .. } | StoreError::Conflict { .. } | StoreError::Invalid { .. }))) => {
                return Err(error);
            }
            Some(Err(_)) | None => clock.sleep(STORE_AGAIN).await,
        }
    }
}
