//! From a message to its rows.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::channel::Account;
use callboard_actors::core::Clock;
use callboard_actors::message::{AccountKey, Code, LinkState, Media, Outbound, OutboxId, Switchboard, Target, TraceId};
use callboard_actors::ports::{NewOutbox, OutboxState, Queued, Store};
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::accounts::{ChannelsView, find};
use super::error::{Field, SendError};
use super::message::Message;

/// Into how many messages one may be cut; a longer one is refused as a whole.
const PARTS_MAX: usize = 1024;
/// How long the platform's confirmation is waited for before the answer is `queued`.
const SENT_WAIT_MAX: Duration = Duration::from_secs(1);
/// How often the rows are looked at meanwhile.
const SENT_LOOK_EVERY: Duration = Duration::from_millis(20);

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    /// Keeps rows.
    pub store: Arc<dyn Store>,
    /// Shapes and wakes.
    pub switchboard: Arc<dyn Switchboard>,
    /// The accounts and their links.
    pub channels: Arc<dyn ChannelsView>,
    /// Counts the wait for the platform.
    pub clock: Clock,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// It is durable and goes as soon as it can.
    Queued,
    /// The platform confirmed all of it.
    Sent,
}

impl SendState {
    /// Returns its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
        }
    }
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The row of its first part.
    pub id: OutboxId,
    /// The platform's id of its first part, where that is known by now; none of a change of another message.
    pub platform_id: Option<String>,
    /// The login that sends it.
    pub account: AccountKey,
    /// Where it goes.
    pub target: Target,
    /// In how many parts.
    pub parts: usize,
    /// Where it stands.
    pub state: SendState,
    /// Whether this request made its rows; one with the same key found them there.
    pub is_new: bool,
}

impl Outgoing {
    /// Puts a message into the outbox; answers when it is durable, and waits a moment for the platform's word.
    ///
    /// # Errors
    /// The message cannot be sent like this, the store does not take it, or the platform refused it within the moment.
    pub async fn send(&self, message: Message, trace: TraceId) -> Result<Sent, SendError> {
        message.check()?;
        let account = self.account(&message.channel, message.account.as_deref())?;
        let target = account.platform.target(&message.to);
        let target = target.map_err(|error| SendError::of(Code::InvalidTarget, Field::To, error.to_string()))?;
        let to = target.target.clone();
        let key = message.idempotency_key.map(|key| key_of(message.key_owner.as_deref(), &to, key));
        let first = message.media_url.map(|url| Media::at_url(url, None));
        let media = first.into_iter().chain(message.media).collect();
        let payload = target.payload(message.text.unwrap_or_default(), media);
        let parts = self.switchboard.shape(payload);
        if parts.len() > PARTS_MAX {
            let reason = format!("it would be {} messages, more than {PARTS_MAX}: send it in parts", parts.len());
            return Err(SendError::wrong(Field::Text, reason));
        }
        self.put(account, to, parts, key.as_deref(), trace).await
    }

    /// Puts payloads into the outbox, all or none, and waits a moment for the platform's word.
    pub(super) async fn put(
        &self,
        account: Account,
        target: Target,
        parts: Vec<Outbound>,
        key: Option<&str>,
        trace: TraceId,
    ) -> Result<Sent, SendError> {
        let row = |(index, outbound)| {
            let idempotency_key = key.map(|key| part_key(key, index));
            NewOutbox { id: OutboxId::new(), outbound, trace, idempotency_key }
        };
        let rows = self.store.enqueue_all(parts.into_iter().enumerate().map(row).collect()).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let Some(&Queued { id, new: is_new }) = rows.first() else {
            return Err(SendError::wrong(Field::Text, "nothing is left to send"));
        };
        self.switchboard.wake_channel(&account.key);
        let up = self.channels.link(&account.key).state == LinkState::Up;
        let state = if up { self.wait_sent(&ids).await? } else { SendState::Queued };
        let platform_id = match state {
            SendState::Sent => self.store.outbox_note(id).await?.and_then(|note| note.platform_id),
            SendState::Queued => None,
        };
        Ok(Sent { id, platform_id, account: account.key, target, parts: ids.len(), state, is_new })
    }

    /// Finds the account, the integration's first one where none is named.
    pub(super) fn account(&self, channel: &str, account: Option<&str>) -> Result<Account, SendError> {
        let channel = channel.to_lowercase();
        let view = self.channels.as_ref();
        let found = match account {
            Some(account) => find(view, &AccountKey::new(&channel, account))?,
            None => match view.accounts().into_iter().find(|account| account.key.channel() == channel) {
                Some(first) => first,
                None => find(view, &AccountKey::new(&channel, "default"))?,
            },
        };
        if found.enabled {
            return Ok(found);
        }
        Err(SendError::of(Code::Conflict, Field::Account, format!("the account `{}` is disabled", found.key)))
    }

    async fn wait_sent(&self, ids: &[OutboxId]) -> Result<SendState, SendError> {
        let begun = self.clock.elapsed();
        for &id in ids {
            loop {
                match self.store.outbox_state(id).await? {
                    Some(OutboxState::Dead) => {
                        let note = self.store.outbox_note(id).await?;
                        let why = note.and_then(|note| note.dead).map_or_else(String::new, |why| format!(": {why}"));
                        let reason = format!("the platform did not take it{why}; see the dead letter `{id}`");
                        return Err(SendError { code: Code::Refused, field: None, reason });
                    }
                    Some(OutboxState::Queued) if self.clock.elapsed() - begun >= SENT_WAIT_MAX => {
                        return Ok(SendState::Queued);
                    }
                    Some(OutboxState::Queued) => self.clock.sleep(SENT_LOOK_EVERY).await,
                    // A row that is gone was confirmed and has outlived its retention.
                    Some(OutboxState::Sent) | None => break,
                }
            }
        }
        Ok(SendState::Sent)
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}

/// Returns the key that a message has in the store.
pub(super) fn key_of(owner: Option<&str>, to: &Target, key: String) -> String {
    match owner {
        Some(owner) => owned_key(owner, to, &key),
        None => key,
    }
}

/// Returns the key of a message that is known by its owner and target too. A model chooses its keys anew in each conversation, so two
/// conversations may well choose the same one; and what was said to one chat is no answer for another.
fn owned_key(owner: &str, to: &Target, key: &str) -> String {
    let parts = json!([owner, to.account.channel(), to.account.account(), to.chat.id, to.thread, key]);
    let digest = digest(&SHA256, parts.to_string().as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("owned:{hex}")
}

/// Each part has a key of its own, which no client's key can be.
fn part_key(key: &str, index: usize) -> String {
    if index == 0 { key.to_owned() } else { format!("{key}\u{1f}{index}") }
}
