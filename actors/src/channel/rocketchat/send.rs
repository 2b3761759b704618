//! From a row of the outbox to a message in a room, once, however often it is tried.

use std::sync::Arc;

use serde_json::{Value, json};

use super::acts;
use super::api::{Api, ApiError};
use super::auth::AuthError;
use super::connector::Shared;
use super::drafts::Shown;
use super::media::{self, FileSender};
use super::rest::RestError;
use crate::message::{ChatRef, Code, Outbound, OutboxId, TraceId};
use crate::ports::{MediaFault, OutboxRow, StoreError};

/// How long the server's own ids are, characters.
const ID_CHARS: usize = 17;
/// The letters and digits of the server's ids: none that look alike.
const ID_ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

/// What became of a row.
#[derive(Debug)]
pub(super) struct Sent {
    /// The row.
    pub(super) id: OutboxId,
    /// The thread through the logs.
    pub(super) trace: TraceId,
    /// Its chat.
    pub(super) chat: ChatRef,
    /// The room and the thread that it went into, where they were found.
    pub(super) place: Option<(String, Option<String>)>,
    /// The message's id, none where another one was changed, or why it was not sent.
    pub(super) outcome: Result<Option<String>, SendError>,
}

/// Why a row was not sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendError {
    /// There is nothing in it.
    #[error("Rocket.Chat message is empty")]
    Empty,
    /// The login does not hold, and none can be made.
    #[error(transparent)]
    Auth(AuthError),
    /// The server did not take it.
    #[error("{0}")]
    Api(ApiError),
    /// Its file is not here, or is too large.
    #[error("Rocket.Chat media upload failed: {0}")]
    Media(#[from] MediaFault),
    /// What was begun cannot be written down, so that it is not begun.
    #[error("what is sent cannot be written down: {0}")]
    Store(#[from] StoreError),
    /// There is no such message in the room.
    #[error("there is no message `{0}` here")]
    Unknown(String),
    /// Somebody else wrote it.
    #[error("the message `{0}` is not our own: only its writer changes it")]
    NotOurs(String),
    /// The server did nothing, and the message is not there.
    #[error("the server answered without the message, and does not have it")]
    NotThere,
}

impl From<ApiError> for SendError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Auth(error) if !matches!(error, AuthError::Failed(_)) => Self::Auth(error),
            error => Self::Api(error),
        }
    }
}

impl SendError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Empty | Self::Unknown(_) | Self::NotOurs(_) => Code::Refused,
            Self::Media(fault) if fault.passes() => fault.code(),
            Self::Media(_) => Code::Refused,
            Self::Store(error) => error.code(),
            Self::NotThere => Code::BadUpstream,
            Self::Auth(error) => error.code(),
            Self::Api(error) if error.passes() => error.code(),
            // It may be for the time of some work on the server: a message is not given up for it at once.
            Self::Api(ApiError::Rest(RestError::Redirected)) => Code::BadUpstream,
            Self::Api(_) => Code::Refused,
        }
    }

    /// Returns how long the server asks to wait, milliseconds.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Api(ApiError::Rest(RestError::Limited { wait })) => u64::try_from(wait.as_millis()).ok(),
            _ => None,
        }
    }
}

/// Returns the message id that a row has on the server, the same at every try.
pub(super) fn message_id(id: OutboxId) -> String {
    id_of(id.as_uuid().as_bytes())
}

/// Returns the id of the message that takes the place of one that cannot be edited.
fn second_id(id: OutboxId) -> String {
    id_of(format!("{id}:whole").as_bytes())
}

fn id_of(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mark = |byte: &u8| ID_ALPHABET.get(usize::from(*byte) % ID_ALPHABET.len()).copied().map(char::from);
    digest.as_ref().iter().filter_map(mark).take(ID_CHARS).collect()
}

/// Sends a row.
pub(super) async fn send(api: Arc<Api>, shared: Arc<Shared>, files: FileSender, row: Box<OutboxRow>, shown: Shown) -> Sent {
    let target = &row.outbound.target;
    let (id, trace, chat) = (row.id, row.trace, target.chat.clone());
    if !row.outbound.act.is_post() {
        let outcome = acts::act(&api, &shared, &row).await.map(|()| None);
        return Sent { id, trace, chat, place: None, outcome };
    }
    let thread = shared.threads.of(trace, id, target);
    if row.outbound.text.trim().is_empty() && row.outbound.media.is_empty() {
        return Sent { id, trace, chat, place: None, outcome: Err(SendError::Empty) };
    }
    let room = match shared.places.find(&target.chat, &api).await {
        Ok(room) => room,
        Err(error) => return Sent { id, trace, chat, place: None, outcome: Err(error.into()) },
    };
    let spot = Spot { room: &room, thread: thread.as_deref() };
    let outcome = if row.outbound.media.is_empty() {
        deliver(&api, &row, spot, shown).await
    } else {
        media::post(&api, &files, &row, spot).await
    };
    if matches!(&outcome, Err(SendError::Api(error)) if !error.passes()) {
        shared.places.forget(&target.chat);
    }
    Sent { id, trace, chat, place: Some((room, thread)), outcome: outcome.map(Some) }
}

/// A room, and a thread in it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) room: &'a str,
    pub(super) thread: Option<&'a str>,
}

/// Brings a row to the server: by an edit of what is shown of it, else as a message.
async fn deliver(api: &Api, row: &OutboxRow, spot: Spot<'_>, shown: Shown) -> Result<String, SendError> {
    let (id, text) = (message_id(row.id), with_mentions(&row.outbound));
    if shown == Shown::Yes {
        match api.update(spot.room, &id, &text).await {
            Ok(()) => return Ok(id),
            // What is wrong with it is found out below.
            Err(error) if !error.passes() => {}
            Err(error) => return Err(error.into()),
        }
    }
    post_text(api, row, spot, &text).await
}

/// Posts a text under the row's own message id; what stands there of an earlier try is written over.
pub(super) async fn post_text(api: &Api, row: &OutboxRow, spot: Spot<'_>, text: &str) -> Result<String, SendError> {
    let id = message_id(row.id);
    match post(api, &id, spot, text).await? {
        Posted::Same => Ok(id),
        Posted::Other => match api.update(spot.room, &id, text).await {
            Ok(()) => Ok(id),
            Err(error) if error.passes() => Err(error.into()),
            Err(error) => {
                tracing::info!(event = "rocketchat.edit", trace = %row.trace, "a message is sent whole, since it cannot be edited: {error}");
                whole(api, row, spot, text).await
            }
        },
    }
}

/// Sends what cannot be written over as another message, and takes the old one away if the server lets us.
async fn whole(api: &Api, row: &OutboxRow, spot: Spot<'_>, text: &str) -> Result<String, SendError> {
    let id = second_id(row.id);
    post(api, &id, spot, text).await?;
    if let Err(error) = api.delete(spot.room, &message_id(row.id)).await {
        tracing::info!(event = "rocketchat.delete", trace = %row.trace, "what was shown of a message stays: {error}");
    }
    Ok(id)
}

/// How a message stands on the server.
enum Posted {
    /// As it was to be.
    Same,
    /// With another text.
    Other,
}

async fn post(api: &Api, id: &str, spot: Spot<'_>, text: &str) -> Result<Posted, SendError> {
    let refused = match api.post(&document(id, spot.room, spot.thread, text)).await {
        Ok(true) => return Ok(Posted::Same),
        Ok(false) => None,
        // An odd refusal may be of a message that is there already.
        Err(error) if error.status() == Some(400) => Some(error),
        Err(error) => return Err(error.into()),
    };
    match (api.text_of(id).await?, refused) {
        (Some(there), _) if there.trim() == text.trim() => Ok(Posted::Same),
        (Some(_), _) => Ok(Posted::Other),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(SendError::NotThere),
    }
}

/// Returns a message as the server takes it.
pub(super) fn document(id: &str, room: &str, thread: Option<&str>, text: &str) -> Value {
    let mut message = json!({ "_id": id, "rid": room, "msg": text });
    if let (Some(thread), Some(fields)) = (thread, message.as_object_mut()) {
        fields.insert("tmid".to_owned(), thread.into());
    }
    message
}

/// Returns the text with those addressed before it who are not in it.
pub(super) fn with_mentions(outbound: &Outbound) -> String {
    let text = &outbound.text;
    let missing = outbound.mentions.iter().map(|name| format!("@{}", name.trim_start_matches('@')));
    let missing: Vec<_> = missing.filter(|name| name.len() > 1 && !text.contains(name.as_str())).collect();
    if missing.is_empty() { text.clone() } else { format!("{} {text}", missing.join(" ")) }
}
