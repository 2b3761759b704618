//! What a payload does at its place: it says something, or changes what stands there.

use serde::{Deserialize, Serialize};

use super::OutboxId;

/// The longest id of a message that is taken, bytes.
pub const MESSAGE_ID_BYTES_MAX: usize = 256;
/// The longest emoji that is taken, bytes: a name, or a character of several parts.
pub const EMOJI_BYTES_MAX: usize = 64;

/// A message that stands at a platform, or is on its way there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageRef {
    /// By the platform's own id, as somebody named it: that the message stands in the target's chat is their word.
    Platform(String),
    /// By the platform's own id, of which is known that the message stands in the target's chat.
    Placed(String),
    /// By its row. The store puts the platform's id in its place once that is known, so that a link meets it only for a row that the
    /// platform never took.
    Row(OutboxId),
}

/// What becomes of our own reactions to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// This emoji is put there.
    Put(String),
    /// This emoji is taken off.
    Take(String),
    /// All are taken off.
    TakeAll,
}

/// What a payload does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// It is a message of its own.
    #[default]
    Post,
    /// It marks a message with an emoji, or takes marks off.
    React {
        /// The message.
        message: MessageRef,
        /// What becomes of the marks.
        mark: Mark,
    },
    /// Its text takes the place of that of a message of our own.
    Edit {
        /// The message.
        message: MessageRef,
    },
    /// It takes a message of our own away.
    Delete {
        /// The message.
        message: MessageRef,
    },
}

/// What can be done with a message that is there; which of it, a platform says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Marking it.
    React,
    /// Saying it otherwise.
    Edit,
    /// Taking it away.
    Delete,
}

impl Deed {
    /// Returns its name in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::React => "react",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }
}

impl Act {
    /// Returns whether it is a message of its own.
    #[must_use]
    pub const fn is_post(&self) -> bool {
        matches!(self, Self::Post)
    }

    /// Returns what it does with another message; `None` for a message of its own.
    #[must_use]
    pub const fn deed(&self) -> Option<Deed> {
        match self {
            Self::Post => None,
            Self::React { .. } => Some(Deed::React),
            Self::Edit { .. } => Some(Deed::Edit),
            Self::Delete { .. } => Some(Deed::Delete),
        }
    }

    /// Returns the message that it is about.
    #[must_use]
    pub const fn message(&self) -> Option<&MessageRef> {
        match self {
            Self::Post => None,
            Self::React { message, .. } | Self::Edit { message } | Self::Delete { message } => Some(message),
        }
    }

    /// Returns the row that it is about, while that is all that is known of its message.
    #[must_use]
    pub fn row(&self) -> Option<OutboxId> {
        match self.message() {
            Some(MessageRef::Row(id)) => Some(*id),
            _ => None,
        }
    }

    /// Puts the platform's id in the place of the row.
    pub fn found(&mut self, platform_id: String) {
        match self {
            Self::Post => {}
            Self::React { message, .. } | Self::Edit { message } | Self::Delete { message } => {
                if matches!(message, MessageRef::Row(_)) {
                    *message = MessageRef::Placed(platform_id);
                }
            }
        }
    }
}
