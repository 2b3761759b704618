//! From a row of the outbox to a message in a place, once, as far as that can be known.
//!
//! The server knows no id of ours, so a message whose fate is not known is looked for among the newest of its chat before it is sent
//! again. Until it has settled, a call that was cut may still be on its way: that is waited for first. What arrives later still is
//! sent twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::api::{Api, Kept};
use super::config::PAGE_MAX;
use super::history::{self, LATE_MS, Reach};
use super::hush::hush;
use super::message::Message;
use super::place::Place;
use super::rest::RestError;
use super::shared::Shared;
use crate::channel::Cursors;
use crate::core::Clock;
use crate::message::{Code, OutboxId};
use crate::ports::OutboxRow;

/// How often a message is tried before its row waits for another time.
const TRIES_MAX: u32 = 3;
/// How many of a chat's newest messages are looked through at the most, back to when the row was written.
const LOOKED_THROUGH_MAX: usize = 1000;

/// What became of a row.
#[derive(Debug)]
pub(super) struct Sent {
    /// The row.
    pub(super) id: OutboxId,
    /// The id of its chat.
    pub(super) chat: String,
    /// The message's id where the server gave one, or why there is none.
    pub(super) outcome: Result<Option<String>, SendError>,
}

/// Why a row was not sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendError {
    /// There is nothing in it.
    #[error("Mochat message is empty")]
    Empty,
    /// The server did not take it.
    #[error("{0}")]
    Rest(RestError),
    /// The server is away: not this message is at fault.
    #[error("{0}")]
    Away(RestError),
    /// Whether it was sent is not known, and its chat cannot be looked through: that says nothing against the message.
    #[error("whether the message was sent is not known yet: {0}")]
    Unsure(RestError),
    /// Whether it was sent is not known, and the store cannot tell.
    #[error("{0}")]
    Store(crate::ports::StoreError),
}

impl SendError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Empty => Code::Refused,
            Self::Store(error) => error.code(),
            // Looked for again after a while, also where the chat is closed by now: what was not refused is not given up as refused.
            Self::Unsure(RestError::Limited { .. }) => Code::Overloaded,
            Self::Unsure(_) => Code::BadUpstream,
            Self::Rest(error) | Self::Away(error) if error.passes() => error.code(),
            Self::Rest(RestError::Unauthorized { .. }) | Self::Away(RestError::Unauthorized { .. }) => Code::BadCredentials,
            Self::Rest(_) | Self::Away(_) => Code::Refused,
        }
    }

    /// Returns how long the server asks to wait, milliseconds.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Rest(RestError::Limited { wait }) | Self::Unsure(RestError::Limited { wait }) => {
                u64::try_from(wait.as_millis()).ok()
            }
            _ => None,
        }
    }
}

/// Sends rows.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) api: Arc<Api>,
    pub(super) shared: Arc<Shared>,
    pub(super) cursors: Cursors,
    pub(super) clock: Clock,
    /// The account's own id.
    pub(super) me: String,
    pub(super) token: SecretString,
    pub(super) settle: Duration,
}

/// Whether a message may have been sent already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// It was not.
    None,
    /// Nobody knows.
    Some,
}

impl Sender {
    /// Sends a row.
    pub(super) async fn send(self, row: Box<OutboxRow>) -> Sent {
        let chat = row.outbound.target.chat.id.clone();
        let text = hush(row.outbound.text.trim(), &self.token);
        let outcome = if text.is_empty() { Err(SendError::Empty) } else { self.tries(&row, &text).await };
        Sent { id: row.id, chat, outcome }
    }

    async fn tries(&self, row: &OutboxRow, text: &str) -> Result<Option<String>, SendError> {
        let place = self.shared.place(&row.outbound.target.chat);
        let reply_to = row.outbound.target.thread.as_deref().filter(|id| !id.is_empty());
        let mut doubt = if row.resent || row.attempts > 0 { Doubt::Some } else { Doubt::None };
        let mut tries = 0;
        loop {
            if doubt == Doubt::Some {
                self.clock.sleep(self.settle).await;
                if let Some(id) = self.find(row, &place, text, reply_to).await? {
                    tracing::info!(event = "mochat.found", trace = %row.trace, "a message of unknown fate had arrived");
                    return Ok(Some(id));
                }
            }
            let error = match self.api.send(&place, text, reply_to).await {
                Ok(kept) => return Ok(self.kept(kept)),
                Err(error) if !error.leaves_doubt() => return Err(SendError::Rest(error)),
                Err(error) => error,
            };
            doubt = Doubt::Some;
            tries += 1;
            if tries >= TRIES_MAX {
                return Err(self.blame(&place, error).await);
            }
        }
    }

    /// Takes over what the server made of a message. It is sent, whoever wrote it to the server: that it was somebody else is the
    /// link's affair.
    fn kept(&self, kept: Kept) -> Option<String> {
        if let Some(found) = kept.author.filter(|author| *author != self.me) {
            self.shared.set_stranger(found);
        }
        kept.id
    }

    /// Finds out whether the message is at fault or the server is away.
    async fn blame(&self, place: &Place, error: RestError) -> SendError {
        match self.api.messages(place, None, 1).await {
            Err(away) if away.is_away() => SendError::Away(away),
            _ => SendError::Rest(error),
        }
    }

    /// Looks for the row's message among the newest of its chat: one of ours, of that text and that answer, written since the row
    /// was, which no other row is known to be.
    async fn find(
        &self,
        row: &OutboxRow,
        place: &Place,
        text: &str,
        reply_to: Option<&str>,
    ) -> Result<Option<String>, SendError> {
        let ahead_ms = self.api.rest.server_ms().saturating_sub(self.clock.now_ms());
        let since_ms = row.created_ms.saturating_add(ahead_ms).saturating_sub(LATE_MS);
        let reach = Reach {
            floor_ms: since_ms,
            more: history::More::Nothing,
            limit: PAGE_MAX,
            messages_max: LOOKED_THROUGH_MAX,
            known: HashSet::new(),
            wall: None,
        };
        let newest = history::since(&self.api, place, reach).await.map_err(unsure)?;
        // The oldest first: rows were sent in this order.
        for message in newest.messages.iter().filter(|message| self.is_it(message, text, reply_to, since_ms)) {
            match self.cursors.sent_as(&message.id).await.map_err(SendError::Store)? {
                Some(other) if other != row.id => {}
                _ => return Ok(Some(message.id.clone())),
            }
        }
        Ok(None)
    }

    fn is_mine(&self, author: &str) -> bool {
        author == self.me || self.shared.stranger().as_deref() == Some(author)
    }

    fn is_it(&self, message: &Message, text: &str, reply_to: Option<&str>, since_ms: i64) -> bool {
        self.is_mine(&message.author)
            && !message.id.is_empty()
            && message.text == text
            && message.at_ms.is_none_or(|at_ms| at_ms >= since_ms)
            // A list that does not tell what a message answers says nothing against it.
            && (message.reply_to.is_none() || message.reply_to.as_deref() == reply_to)
    }
}

/// Returns what it means for a row that its chat was not looked through.
fn unsure(error: RestError) -> SendError {
    if error.is_away() {
        SendError::Away(error)
    } else if error.asks_for_mending() {
        SendError::Rest(error)
    } else {
        SendError::Unsure(error)
    }
}
