//! Something to do with a message that is there.

use callboard_actors::message::{AccountKey, ChatRef, Deed, EMOJI_BYTES_MAX, MESSAGE_ID_BYTES_MAX, Mark};

use super::error::{Field, SendError};
use super::message::check_key;

/// Something to do with a message, as whoever wants it says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The integration.
    pub channel: String,
    /// The account; the integration's first one without.
    pub account: Option<String>,
    /// Where the message stands. A message that is named by the row that it was sent by stands where that went.
    pub at: Option<At>,
    /// The message.
    pub message: Which,
    /// What to do.
    pub what: What,
    /// Where it may be done.
    pub reach: Reach,
    /// A key under which it is done only once.
    pub idempotency_key: Option<String>,
    /// Who the key belongs to, as with a [`Message`](super::Message).
    pub key_owner: Option<String>,
}

/// A message that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By an id that somebody named: the platform's own, or that of the row that it was sent by.
    Named(String),
    /// The one that is being answered, by the platform's own id; it stands where the conversation is.
    Answered(String),
}

impl Which {
    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Named(id) | Self::Answered(id) => id,
        }
    }
}

/// Where messages may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In every chat that the account is in.
    Account,
    /// In this chat of this account alone; without one nowhere.
    Chat(Option<(AccountKey, ChatRef)>),
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In a target, in any form that the integration knows.
    Target(String),
    /// In this chat.
    Chat(ChatRef),
}

/// What to do with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Marking it with an emoji, or taking marks off.
    React(Mark),
    /// Saying this instead; of messages of our own only.
    Edit(String),
    /// Taking it away; of messages of our own only.
    Delete,
}

impl What {
    /// Returns what the platform has to be able to do.
    #[must_use]
    pub const fn deed(&self) -> Deed {
        match self {
            Self::React(_) => Deed::React,
            Self::Edit(_) => Deed::Edit,
            Self::Delete => Deed::Delete,
        }
    }
}

impl Change {
    /// Looks at what can be said of it without knowing any account.
    ///
    /// # Errors
    /// Names the part that is wrong.
    pub fn check(&self) -> Result<(), SendError> {
        let id = self.message.id();
        if id.is_empty() || id.len() > MESSAGE_ID_BYTES_MAX || id.contains(char::is_control) {
            let reason = format!("the id of the message must have 1 to {MESSAGE_ID_BYTES_MAX} bytes and no control characters");
            return Err(SendError::wrong(Field::MessageId, reason));
        }
        match &self.what {
            What::React(Mark::Put(emoji) | Mark::Take(emoji)) => {
                let odd = |mark: char| mark.is_control() || mark.is_whitespace();
                if emoji.is_empty() || emoji.len() > EMOJI_BYTES_MAX || emoji.contains(odd) {
                    let reason = format!("the emoji must have 1 to {EMOJI_BYTES_MAX} bytes and no spaces");
                    return Err(SendError::wrong(Field::Emoji, reason));
                }
            }
            What::Edit(text) if text.trim().is_empty() => {
                return Err(SendError::wrong(Field::Text, "an edit has to say something: delete the message to take it away"));
            }
            What::React(Mark::TakeAll) | What::Edit(_) | What::Delete => {}
        }
        check_key(self.idempotency_key.as_deref())
    }
}
