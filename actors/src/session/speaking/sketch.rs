//! An answer that is shown as it grows, in the place of the message that it will be.

use std::convert::Infallible;
use std::time::Duration;

use super::Listener;
use crate::message::{Draft, OutboxId};

/// How often there is another draft, at the most. The platform may show fewer.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// How much of an answer a draft is made of, bytes: the first message of a longer one has its place, and is whole.
const DRAFT_BYTES_MAX: usize = 64 * 1024;

/// Shows drafts. Nothing of them is kept: the answer itself takes their place, and has all of it.
pub(in crate::session) struct Sketch {
    id: OutboxId,
    listener: Listener,
    shown: Option<String>,
}

impl Sketch {
    pub(super) const fn new(id: OutboxId, listener: Listener) -> Self {
        Self { id, listener, shown: None }
    }

    pub(super) const fn id(&self) -> OutboxId {
        self.id
    }

    pub(super) async fn speak(&mut self) -> Infallible {
        loop {
            if self.listener.heard.changed().await.is_err() {
                return std::future::pending().await;
            }
            self.show();
            self.listener.clock.sleep(SHOW_EVERY).await;
        }
    }

    fn show(&mut self) {
        let text = {
            let heard = self.listener.heard.borrow_and_update();
            let end = heard.text.floor_char_boundary(DRAFT_BYTES_MAX);
            heard.text.get(..end).unwrap_or_default().to_owned()
        };
        let outbound = self.listener.outbound(&text);
        let first = self.listener.shaper.shape(outbound).into_iter().next();
        let Some(outbound) = first.filter(|outbound| self.shown.as_ref() != Some(&outbound.text)) else { return };
        self.shown = Some(outbound.text.clone());
        self.listener.shaper.show(Draft { id: self.id, outbound, trace: self.listener.trace });
    }
}
