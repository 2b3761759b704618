//! An answer that is shown as it grows, in the place of the message that it will be.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{Left, Listener, draft_id};
use crate::message::{Draft, InboxId, OutboxId};
use crate::ports::{Drafted, InboxRow, Store, StoreError};
use crate::session::actor::{STORE_AGAIN, STORE_WAIT};

/// How often there is another draft, at the most. The platform may show fewer.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// How much of an answer a draft is made of, bytes: the first message of a longer one has its place, and is whole.
const DRAFT_BYTES_MAX: usize = 64 * 1024;

/// Shows drafts. Nothing of them is kept but that there is one, before the first is shown: the answer itself takes their place, and has
/// all of it; where there is none, whoever ends the turn knows that something is left to close.
pub(in crate::session) struct Sketch {
    row: InboxId,
    id: OutboxId,
    listener: Listener,
    store: Arc<dyn Store>,
    drafted: Drafted,
    shown: Option<String>,
}

impl Sketch {
    pub(super) fn new(row: &InboxRow, listener: Listener, store: Arc<dyn Store>) -> Self {
        Self { row: row.id, id: draft_id(row.id), listener, store, drafted: row.drafted, shown: None }
    }

    /// Returns what a reader may have seen.
    pub(super) const fn left(&self) -> Left {
        match self.drafted {
            Drafted::No => Left::Nothing,
            Drafted::Perhaps => Left::Draft(self.id),
        }
    }

    pub(super) async fn speak(&mut self) -> Infallible {
        loop {
            if self.listener.heard.changed().await.is_err() {
                return std::future::pending().await;
            }
            if let Some(draft) = self.next() {
                self.note().await;
                self.shown = Some(draft.outbound.text.clone());
                self.listener.shaper.show(draft);
            }
            self.listener.clock.sleep(SHOW_EVERY).await;
        }
    }

    /// Returns what is shown next; `None` where that is shown already.
    fn next(&mut self) -> Option<Draft> {
        let text = {
            let heard = self.listener.heard.borrow_and_update();
            let end = heard.text.floor_char_boundary(DRAFT_BYTES_MAX);
            heard.text.get(..end).unwrap_or_default().to_owned()
        };
        let first = self.listener.shaper.shape(self.listener.outbound(&text)).into_iter().next();
        let outbound = first.filter(|outbound| self.shown.as_ref() != Some(&outbound.text))?;
        Some(Draft { id: self.id, outbound, trace: self.listener.trace })
    }

    /// Has it written down once that there is a draft. While the store does not take it, none is shown; of a row that is not in hand
    /// none is.
    async fn note(&mut self) {
        while self.drafted == Drafted::No {
            // Asked in a statement of its own, so that nothing of it is held while it is waited for.
            let asked = self.store.note_draft(self.row);
            match self.listener.clock.within(STORE_WAIT, asked).await {
                Some(Ok(())) => self.drafted = Drafted::Perhaps,
                Some(Err(StoreError::Missing { .. })) => std::future::pending().await,
                Some(Err(_)) | None => self.listener.clock.sleep(STORE_AGAIN).await,
            }
        }
    }
}
