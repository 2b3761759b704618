//! From what a client hands in to a message for the agent.

use super::post::{Post, PostError};
use crate::message::{ChatKind, ChatRef, Inbound, Route};

/// The longest text, bytes: what a frame of the control plane holds.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;

/// The longest id of a message, bytes: the longest idempotency key, with room for what stands before it.
pub const PLATFORM_ID_BYTES_MAX: usize = 272;

/// Returns the message. Its chat is the session that the client named, so that order holds for each session.
///
/// # Errors
/// There is nothing in it, too much, or it has no id.
pub(super) fn normalise(post: Post, now_ms: i64) -> Result<Inbound, PostError> {
    let Post { account, order, text, media, peer, platform_id, trace } = post;
    if text.trim().is_empty() && media.is_empty() {
        return Err(PostError::Empty);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(PostError::TooLong(text.len()));
    }
    if !(1..=PLATFORM_ID_BYTES_MAX).contains(&platform_id.len()) || platform_id.contains(char::is_control) {
        return Err(PostError::BadId);
    }
    let chat = ChatRef { kind: ChatKind::Direct, id: order.session.to_string() };
    Ok(Inbound {
        platform_id,
        chat_label: peer.name.clone(),
        route: Route { account, chat, thread: None, peer },
        text,
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media,
        mentioned: true,
        at_ms: now_ms,
        trace,
        order: Some(Box::new(order)),
    })
}
