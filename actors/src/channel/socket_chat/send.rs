//! From a row of the outbox to the JSON that the platform takes.

use bytes::Bytes;
use serde::Serialize;

use super::shape;
use super::target::ID_BYTES_MAX;
use crate::message::{ChatKind, Code, Outbound};

/// Why a row can never be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendError {
    /// The chat is none of this platform's.
    #[error("invalid target: a chat of this channel is a person or a group with an id, not \"{0}\"")]
    Target(String),
    /// There is nothing in it.
    #[error("nothing to send: the payload has neither text nor an attachment")]
    Empty,
}

impl SendError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Target(_) => Code::InvalidTarget,
            Self::Empty => Code::Refused,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    #[serde(rename_all = "camelCase")]
    Peer { is_group: bool, contact_id: &'a str, messages: Vec<Part<'a>> },
    #[serde(rename_all = "camelCase")]
    Group {
        is_group: bool,
        group_id: &'a str,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        mention_ids: &'a [String],
        messages: Vec<Part<'a>>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text {
        #[serde(rename = "type")]
        kind: u8,
        content: &'a str,
    },
    Image {
        #[serde(rename = "type")]
        kind: u8,
        url: &'a str,
    },
}

impl<'a> Part<'a> {
    const fn text(content: &'a str) -> Self {
        Self::Text { kind: 1, content }
    }

    const fn image(url: &'a str) -> Self {
        Self::Image { kind: 2, url }
    }
}

/// Returns the payload of a row: the text first, then the picture.
///
/// # Errors
/// Fails when the chat is none of this platform's, or there is nothing to send.
pub(super) fn payload(outbound: &Outbound) -> Result<Bytes, SendError> {
    // Rows that were not cut by the shaper may still carry what is no picture.
    let (text, pictures) = shape::with_lines(&outbound.text, outbound.media.clone());
    let mut messages = Vec::with_capacity(2);
    if !text.trim().is_empty() {
        messages.push(Part::text(&text));
    }
    messages.extend(pictures.iter().filter_map(shape::address).map(Part::image));
    if messages.is_empty() {
        return Err(SendError::Empty);
    }
    let chat = &outbound.target.chat;
    let id = chat.id.trim();
    let target_error = || SendError::Target(chat.id.chars().take(ID_BYTES_MAX).collect());
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Err(target_error());
    }
    let payload = match chat.kind {
        ChatKind::Direct => Payload::Peer { is_group: false, contact_id: id, messages },
        ChatKind::Group => Payload::Group { is_group: true, group_id: id, mention_ids: &outbound.mentions, messages },
        ChatKind::Channel => return Err(target_error()),
    };
    // Text and numbers alone cannot fail to be written.
    serde_json::to_vec(&payload).map(Bytes::from).map_err(|_| SendError::Empty)
}
