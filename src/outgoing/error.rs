//! Why a message was not taken.

use callboard_actors::message::Code;
use callboard_actors::ports::StoreError;

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The integration.
    Channel,
    /// The login.
    Account,
    /// Where it goes.
    To,
    /// What it says.
    Text,
    /// What comes with it.
    MediaUrl,
    /// The message that is to be changed.
    MessageId,
    /// What it is marked with.
    Emoji,
    /// The key under which it is sent only once.
    IdempotencyKey,
}

impl Field {
    /// Returns its name in bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Account => "account",
            Self::To => "to",
            Self::Text => "text",
            Self::MediaUrl => "mediaUrl",
            Self::MessageId => "messageId",
            Self::Emoji => "emoji",
            Self::IdempotencyKey => "idempotencyKey",
        }
    }
}

/// Why a message was not taken, or not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// The stable code.
    pub code: Code,
    /// The part that is to blame.
    pub field: Option<Field>,
    /// The reason for people.
    pub reason: String,
}

impl SendError {
    pub(super) fn of(code: Code, field: Field, reason: impl Into<String>) -> Self {
        Self { code, field: Some(field), reason: reason.into() }
    }

    pub(super) fn wrong(field: Field, reason: impl Into<String>) -> Self {
        Self::of(Code::InvalidRequest, field, reason)
    }
}

impl From<StoreError> for SendError {
    fn from(error: StoreError) -> Self {
        Self { code: error.code(), field: None, reason: error.to_string() }
    }
}
