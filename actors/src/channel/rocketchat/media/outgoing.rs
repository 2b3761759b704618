//! From the media room into a message.
//!
//! A file goes up first, and a second call makes a message of it. The first may be made as often as one likes: what no message shows is
//! erased after a day. The second is made again only after the room was looked at for a message with that very file.

use std::sync::Arc;

use super::caps::Caps;
use super::form::Form;
use super::uploads::{Begun, Uploads};
use crate::channel::rocketchat::api::{Api, ApiError, Me};
use crate::channel::rocketchat::message::Message;
use crate::channel::rocketchat::send::{SendError, Spot, post_text, with_mentions};
use crate::message::{Media, MediaAt};
use crate::ports::{Claim, MediaFault, MediaRoom, OutboxRow};

/// How far the server's clock may be behind ours, milliseconds.
const SKEW_MS: i64 = 5 * 60_000;

/// What files are sent with.
#[derive(Clone)]
pub(in crate::channel::rocketchat) struct FileSender {
    /// Who the account is.
    pub(in crate::channel::rocketchat) me: Me,
    /// Where their bytes are.
    pub(in crate::channel::rocketchat) room: Arc<dyn MediaRoom>,
    /// What was begun.
    pub(in crate::channel::rocketchat) uploads: Arc<Uploads>,
    /// The largest files that are sent.
    pub(in crate::channel::rocketchat) caps: Caps,
}

/// Where a row's message goes.
struct Post<'a> {
    api: &'a Api,
    sender: &'a FileSender,
    row: &'a OutboxRow,
    spot: Spot<'a>,
}

/// Sends a row with its file, the text as its caption; answers with the message's id.
pub(in crate::channel::rocketchat) async fn post(
    api: &Api,
    sender: &FileSender,
    row: &OutboxRow,
    spot: Spot<'_>,
) -> Result<String, SendError> {
    let Some(media) = row.outbound.media.first() else { return Err(SendError::Empty) };
    let post = Post { api, sender, row, spot };
    let sent = match sender.uploads.of(row.id).await {
        None => post.anew(media).await,
        Some(begun) => match post.find(&begun).await? {
            Some(message) => Ok(message),
            None => post.again(begun, media).await,
        },
    }?;
    sender.uploads.forget(row.id).await;
    Ok(sent)
}

impl Post<'_> {
    async fn again(&self, begun: Begun, media: &Media) -> Result<String, SendError> {
        let Begun::File(file) = begun else { return self.anew(media).await };
        match self.confirm(&file).await {
            // It was erased meanwhile, or never was.
            Err(SendError::Api(error)) if matches!(error.status(), Some(400 | 404)) => self.anew(media).await,
            confirmed => confirmed,
        }
    }

    async fn anew(&self, media: &Media) -> Result<String, SendError> {
        let bytes_max = self.sender.caps.of(Some(self.spot.room));
        let media = match &media.at {
            MediaAt::Blob(_) => media.clone(),
            MediaAt::Url(url) => match self.sender.room.fetch(url.clone(), Claim::of(media, bytes_max)).await {
                Ok(media) => media,
                Err(fault) => return self.by_address(url, &fault).await,
            },
            MediaAt::Platform(_) | MediaAt::Nowhere => return Err(MediaFault::Missing.into()),
        };
        if media.size.is_some_and(|size| size > bytes_max) {
            return Err(MediaFault::TooLarge { max: bytes_max }.into());
        }
        match self.upload(&format!("rooms.media/{}", self.spot.room), &[], &media).await {
            Ok(answer) => {
                let file = answer.pointer("/file/_id").and_then(serde_json::Value::as_str);
                let file = file.ok_or(SendError::Api(ApiError::Odd("rooms.media")))?;
                self.sender.uploads.note(self.row.id, Begun::File(file.to_owned())).await?;
                self.confirm(file).await
            }
            Err(SendError::Api(error)) if error.status() == Some(404) => self.at_once(&media).await,
            Err(error) => Err(error),
        }
    }

    /// What cannot be fetched here may be reached by those who read it.
    async fn by_address(&self, url: &str, fault: &MediaFault) -> Result<String, SendError> {
        if url.starts_with("data:") {
            return Err(fault.clone().into());
        }
        tracing::warn!(event = "media.by_address", trace = %self.row.trace, code = %fault.code(), "sent by its address: {fault}");
        let caption = with_mentions(&self.row.outbound);
        let text = if caption.trim().is_empty() { url.to_owned() } else { format!("{caption}\n{url}") };
        post_text(self.api, self.row, self.spot, &text).await
    }

    /// Sends file and message in one call, as servers before the two calls have it.
    async fn at_once(&self, media: &Media) -> Result<String, SendError> {
        self.sender.uploads.note(self.row.id, Begun::AtOnce(sent_name(media).to_owned())).await?;
        let caption = with_mentions(&self.row.outbound);
        let thread = self.spot.thread.map(|thread| ("tmid", thread));
        let fields: Vec<_> =
            Some(("msg", caption.as_str())).into_iter().filter(|(_, text)| !text.is_empty()).chain(thread).collect();
        let answer = self.upload(&format!("rooms.upload/{}", self.spot.room), &fields, media).await?;
        id_of(&answer, "rooms.upload")
    }

    async fn upload(&self, route: &str, fields: &[(&str, &str)], media: &Media) -> Result<serde_json::Value, SendError> {
        let (Some(id), Some(mime)) = (media.blob(), media.mime.as_deref()) else { return Err(MediaFault::Missing.into()) };
        let form = async || {
            let file = self.sender.room.open(id.clone()).await?;
            Ok::<_, SendError>(Form::new(fields, sent_name(media), mime, file))
        };
        match self.api.upload(route, form().await?).await {
            Err(error) if error.status() == Some(401) => {
                self.api.log_in_again().await?;
                Ok(self.api.upload(route, form().await?).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn confirm(&self, file: &str) -> Result<String, SendError> {
        let mut said = serde_json::Map::new();
        let caption = with_mentions(&self.row.outbound);
        if !caption.trim().is_empty() {
            said.insert("msg".to_owned(), caption.into());
        }
        if let Some(thread) = self.spot.thread {
            said.insert("tmid".to_owned(), thread.into());
        }
        let answer = self.api.confirm_upload(self.spot.room, file, said.into()).await?;
        id_of(&answer, "rooms.mediaConfirm")
    }

    /// Looks for the message in what happened in the room since the row was made.
    async fn find(&self, begun: &Begun) -> Result<Option<String>, SendError> {
        let since_ms = self.row.created_ms.saturating_sub(SKEW_MS);
        // More than can be looked through is as good as no answer: the row waits for its next try.
        let found = self.api.changed_since(self.spot.room, since_ms).await?.ok_or(SendError::NotThere)?;
        let is_it = |message: &Message| match begun {
            Begun::File(file) => {
                let path = format!("/file-upload/{file}/");
                message.files.iter().any(|media| matches!(&media.at, MediaAt::Platform(at) if at.starts_with(&path)))
            }
            Begun::AtOnce(name) => {
                let ours = message.user_id == self.sender.me.id && message.at_ms >= since_ms;
                ours && message.files.iter().any(|media| media.name.as_deref() == Some(name))
            }
        };
        for message in found.messages.into_iter().filter(is_it) {
            // A file of the same name may have been sent for another row.
            let of_other = match begun {
                Begun::File(_) => false,
                Begun::AtOnce(_) => self.sender.uploads.is_of_other(&message.id, self.row.id).await?,
            };
            if !of_other {
                return Ok(Some(message.id));
            }
        }
        Ok(None)
    }
}

/// Returns the name that a file has on the server.
fn sent_name(media: &Media) -> &str {
    media.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or("file")
}

fn id_of(answer: &serde_json::Value, route: &'static str) -> Result<String, SendError> {
    let id = answer.pointer("/message/_id").and_then(serde_json::Value::as_str);
    id.map(str::to_owned).ok_or(SendError::Api(ApiError::Odd(route)))
}
