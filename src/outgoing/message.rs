//! A message to send.

use callboard_actors::message::Media;
use utoipa::ToSchema;

use super::error::{Field, SendError};

/// The most bytes of a client's key.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 256;

/// A message to send, as whoever sends it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "camelCase", as = MessageRequest)]
pub struct Message {
    /// The integration.
    pub channel: String,
    /// The account; the integration's first one without.
    pub account: Option<String>,
    /// The target, in any form that the integration knows.
    pub to: String,
    /// What to say; may be missing when there is media.
    pub text: Option<String>,
    /// A public URL to send along.
    pub media_url: Option<String>,
    /// What is sent along besides, as it lies in the media room or on the web.
    #[schema(ignore)]
    pub media: Vec<Media>,
    /// A key under which the same message is sent only once.
    pub idempotency_key: Option<String>,
    /// Who the key belongs to, where it counts for them and for one target alone; without, the key counts for all and everything.
    #[schema(ignore)]
    pub key_owner: Option<String>,
}

/// Returns whether a text is an address that others can open.
pub(crate) fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

impl Message {
    /// Looks at what can be said of it without knowing any account.
    ///
    /// # Errors
    /// Names the part that is wrong.
    pub fn check(&self) -> Result<(), SendError> {
        if let Some(url) = &self.media_url {
            if !is_web_address(url) {
                return Err(SendError::wrong(Field::MediaUrl, "the media URL must be an http or https URL"));
            }
        } else if self.media.is_empty() && self.text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            return Err(SendError::wrong(Field::Text, "there is nothing to send: a text or a media URL is required"));
        }
        check_key(self.idempotency_key.as_deref())
    }
}

/// Looks at a key under which something is done only once.
pub(super) fn check_key(key: Option<&str>) -> Result<(), SendError> {
    match key {
        Some(key) if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX || key.contains(char::is_control) => {
            let reason =
                format!("the idempotency key must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes and no control characters");
            Err(SendError::wrong(Field::IdempotencyKey, reason))
        }
        _ => Ok(()),
    }
}
