//! Files that a client sends with a turn: gateway-protocol §7.4 and §7.5. They go into the media room before the turn has its row.

use callboard_actors::client::WireError;
use callboard_actors::message::base64::{self, Base64Fault};
use callboard_actors::message::{Code, Media};
use callboard_actors::ports::{Claim, MEDIA_OF_MESSAGE_MAX, MediaFault};
use futures_util::future::ready;
use futures_util::stream::{StreamExt as _, once};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ws::Control;

/// The largest file, bytes. A frame of the control plane holds less.
const FILE_BYTES_MAX: usize = 5_000_000;
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
    mime_type: Option<String>,
    /// Its name.
    #[serde(default)]
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
    let (said, data) = base64::split_address(&content).map_or((None, content.as_str()), |(mime, data)| (Some(mime), data));
    let bytes = base64::decode(data, FILE_BYTES_MAX).map_err(|fault| match fault {
        Base64Fault::TooLarge { max } => {
            WireError::new(Code::TooLarge, format!("attachment {label}: exceeds size limit ({max} bytes)"))
        }
        Base64Fault::Invalid => wrong("invalid base64 content"),
        Base64Fault::Crowded => WireError::new(Code::Overloaded, format!("attachment {label}: {fault}")),
    })?;
    let mime = mime_type.or_else(|| said.map(str::to_owned));
    let claim = Claim { name: file_name, mime, ..Claim::up_to(FILE_BYTES_MAX as u64) };
    let kept = control.media.put(claim, once(ready(Ok(bytes))).boxed()).await;
    kept.map_err(|fault| match fault {
        MediaFault::Empty => wrong("it is empty"),
        fault => WireError::new(fault.code(), format!("attachment {label}: {fault}")),
    })
}
