//! Files that a client sends with a turn: gateway-protocol §7.4 and §7.5. They go into the media room before the turn has its row.

use bytes::Bytes;
use callboard_actors::client::WireError;
use callboard_actors::message::base64::{self, Base64Fault};
use callboard_actors::message::{Code, Media};
use callboard_actors::ports::{Claim, MEDIA_OF_MESSAGE_MAX, MediaFault};
use futures_util::future::ready;
use futures_util::stream::{StreamExt as _, once};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ws::Control;

/// The longest content that is decoded where it is read; a longer one would hold up whoever shares the thread.
const DECODED_AT_ONCE_BYTES_MAX: usize = 256 * 1024;
/// How much of a name is repeated in an error, characters.
const NAME_CHARS_MAX: usize = 80;

/// A file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    /// What sort of thing it is; the bytes decide.
    #[serde(rename = "type", default)]
    _kind: Option<String>,
    /// Its type; the bytes decide.
    #[serde(default)]
    #[schemars(length(max = 256))]
    mime_type: Option<String>,
    /// Its name.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    file_name: Option<String>,
    /// Its bytes: base64, or a `data:` address.
    #[serde(default)]
    content: Option<String>,
}

/// Takes files in.
///
/// # Errors
/// One is no base64, is too large, or cannot be kept; there are too many.
pub(super) async fn take(control: &Control, attachments: Vec<Attachment>) -> Result<Vec<Media>, WireError> {
    if attachments.len() > MEDIA_OF_MESSAGE_MAX {
        return Err(WireError::invalid(format!("a message takes {MEDIA_OF_MESSAGE_MAX} attachments at the most")));
    }
    let mut taken = Vec::with_capacity(attachments.len());
    for (place, attachment) in attachments.into_iter().enumerate() {
        taken.push(take_one(control, attachment, place).await?);
    }
    Ok(taken)
}

async fn take_one(control: &Control, attachment: Attachment, place: usize) -> Result<Media, WireError> {
    let Attachment { mime_type, file_name, content, .. } = attachment;
    let label = file_name.clone().or_else(|| mime_type.clone()).unwrap_or_else(|| format!("attachment-{}", place + 1));
    let label: String = label.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect();
    let wrong = |what: &str| WireError::invalid(format!("Error: attachment {label}: {what}"));
    let content = content.ok_or_else(|| wrong("content must be base64 string"))?;
    let bytes_max = control.media.bounds().attachment_bytes_max;
    let max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let decoded = match content.len() {
        0..=DECODED_AT_ONCE_BYTES_MAX => decode(&content, max),
        _ => tokio::task::spawn_blocking(move || decode(&content, max)).await.map_err(|_| wrong("work on it broke off"))?,
    };
    let (said, bytes) = decoded.map_err(|fault| match fault {
        Base64Fault::TooLarge { max } => {
            WireError::new(Code::TooLarge, format!("attachment {label}: exceeds size limit ({max} bytes)"))
        }
        Base64Fault::Invalid => wrong("invalid base64 content"),
        Base64Fault::Crowded => WireError::new(Code::Overloaded, format!("attachment {label}: {fault}")),
    })?;
    let claim = Claim { name: file_name, mime: mime_type.or(said), ..Claim::up_to(bytes_max) };
    let kept = control.media.put(claim, once(ready(Ok(bytes))).boxed()).await;
    kept.map_err(|fault| match fault {
        MediaFault::Empty => wrong("it is empty"),
        fault => WireError::new(fault.code(), format!("attachment {label}: {fault}")),
    })
}

/// Returns the type that a `data:` address claims, and the bytes of it or of bare base64.
fn decode(content: &str, max: usize) -> Result<(Option<String>, Bytes), Base64Fault> {
    let (said, data) = base64::split_address(content).map_or((None, content), |(mime, data)| (Some(mime.to_owned()), data));
    base64::decode(data, max).map(|bytes| (said, bytes))
}
