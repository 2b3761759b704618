//! A message on its way from a session to a platform.

use serde::{Deserialize, Deserializer, Serialize};

use super::act::Act;
use super::media::Media;
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
    /// What to send along. A shaper cuts it to one at the most where the platform takes no more in one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "media_url", deserialize_with = "urls")]
    pub media: Vec<Media>,
    /// Platform ids of people to address.
    pub mentions: Vec<String>,
    /// What it does there.
    #[serde(default, skip_serializing_if = "Act::is_post")]
    pub act: Act,
}

impl Outbound {
    /// Returns a message of text alone.
    #[must_use]
    pub const fn text(target: Target, text: String) -> Self {
        Self { target, text, media: Vec::new(), mentions: Vec::new(), act: Act::Post }
    }
}

/// The platform's word that a payload arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The platform's id of the message, where it gives one.
    pub platform_id: Option<String>,
}

/// Reads what is sent along: a list, or the address that rows had which were written before there were lists.
fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Media>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Many(Vec<Media>),
        One(String),
        None,
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Many(many) => many,
        Form::One(url) => vec![Media::at_url(url, None)],
        Form::None => Vec::new(),
    })
}
