//! From a chat to the room that a message goes into.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::api::{Api, ApiError, RoomBy, UserBy};
use super::target::VISIT_PREFIX;
use crate::message::{ChatKind, ChatRef};

/// How many rooms are remembered; a full memory is emptied.
const KNOWN_MAX: usize = 4096;

/// The rooms that chats were found to be.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<ChatRef, String>>);

impl Places {
    /// Remembers the room of a chat.
    pub(super) fn note(&self, chat: &ChatRef, room: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(chat).is_some_and(|before| before == room) {
            return;
        }
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(chat.clone(), room.to_owned());
    }

    /// Forgets the room of a chat: it was not the right one.
    pub(super) fn forget(&self, chat: &ChatRef) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(chat);
    }

    fn known(&self, chat: &ChatRef) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(chat).cloned()
    }

    /// Returns the room of a chat that messages came from; `None` for one that is not known without asking.
    pub(super) fn room_of(&self, chat: &ChatRef) -> Option<String> {
        plain(chat).map(str::to_owned).or_else(|| self.known(chat))
    }

    /// Finds the room of a chat; makes the direct chat with a person where there is none.
    ///
    /// # Errors
    /// The server does not know the room or the person.
    pub(super) async fn find(&self, chat: &ChatRef, api: &Api) -> Result<String, ApiError> {
        if let Some(room) = self.room_of(chat) {
            return Ok(room);
        }
        let room = match (chat.kind, chat.id.strip_prefix('@'), chat.id.strip_prefix('#')) {
            (ChatKind::Direct, Some(name), _) => api.direct(name).await?,
            (ChatKind::Direct, None, _) => {
                let (_, name) = api.user(UserBy::Id(&chat.id)).await?;
                api.direct(&name).await?
            }
            (ChatKind::Group | ChatKind::Channel, _, Some(name)) => match api.room(RoomBy::Name(name)).await {
                // What looks like a name may be an id with a mark before it.
                Err(error) if !error.passes() => api.room(RoomBy::Id(name)).await?.id,
                found => found?.id,
            },
            (ChatKind::Group | ChatKind::Channel, ..) => chat.id.clone(),
        };
        self.note(chat, &room);
        Ok(room)
    }
}

/// Returns the room that a chat's own id names.
fn plain(chat: &ChatRef) -> Option<&str> {
    match chat.kind {
        ChatKind::Direct => chat.id.strip_prefix(VISIT_PREFIX),
        ChatKind::Group | ChatKind::Channel => Some(chat.id.as_str()).filter(|id| !id.starts_with('#')),
    }
}
