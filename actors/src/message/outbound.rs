//! A message on its way from a session to a platform.

use serde::{Deserialize, Serialize};

use super::{AccountKey, ChatRef};

/// Where an outbound message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The login that sends.
    pub account: AccountKey,
    /// The chat.
    pub chat: ChatRef,
    /// The sub-conversation.
    pub thread: Option<String>,
}

/// One payload for a platform: small enough for it to take in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Where it goes.
    pub target: Target,
    /// What it says; may be empty when there is media.
    pub text: String,
    /// A public URL to send along.
    pub media_url: Option<String>,
    /// Platform ids of people to address.
    pub mentions: Vec<String>,
}

/// The platform's word that a payload arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The platform's id of the message, where it gives one.
    pub platform_id: Option<String>,
}
