//! What is done with a message that is there: marked, said otherwise, taken away. Each may be done again without doing more, so that a
//! row whose answer was lost is simply sent again.

use serde_json::{Value, json};

use super::api::{Api, ApiError};
use super::connector::Shared;
use super::emoji;
use super::rest::{Call, RestError, SPARED_CALLS};
use super::send::{SendError, with_mentions};
use crate::channel::Marking;
use crate::message::{Act, ChatRef, Mark, MessageRef};
use crate::ports::OutboxRow;

/// The route of reactions.
const REACT: &str = "chat.react";
/// How many marks are taken off one message at the most.
const MARKS_MAX: usize = 32;

/// Does what a row wants.
pub(super) async fn act(api: &Api, shared: &Shared, row: &OutboxRow) -> Result<(), SendError> {
    let (outbound, chat) = (&row.outbound, &row.outbound.target.chat);
    let Some(message) = outbound.act.message() else { return Err(SendError::Empty) };
    let id = id_of(message)?;
    match &outbound.act {
        Act::Post => Err(SendError::Empty),
        Act::React { mark, .. } => react(api, shared, (chat, message), mark).await,
        Act::Edit { .. } => {
            let room = own(api, shared, chat, id).await?.ok_or_else(|| unknown(id))?;
            Ok(api.update(&room, id, &with_mentions(outbound)).await?)
        }
        Act::Delete { .. } => match own(api, shared, chat, id).await? {
            Some(room) => Ok(api.delete(&room, id).await?),
            // An earlier try may have taken it away, and its answer be lost. Without one there was nothing to take.
            None if row.resent || row.attempts > 0 => Ok(()),
            None => Err(unknown(id)),
        },
    }
}

/// Makes a mark that says that a message was taken in, or takes it off: in one call that is not made again. Some calls are left to reactions
/// that somebody asked for, and to taking marks off.
pub(super) async fn mark(api: &Api, Marking { message, mark }: &Marking) -> Result<(), ApiError> {
    match mark {
        Mark::Put(emoji) => {
            let wait = api.rest.pace(REACT, SPARED_CALLS);
            if !wait.is_zero() {
                return Err(RestError::Limited { wait }.into());
            }
            api.try_react(message, &emoji::name_of(emoji), Reaction::Put).await
        }
        Mark::Take(emoji) => api.try_react(message, &emoji::name_of(emoji), Reaction::Taken).await,
        Mark::TakeAll => Ok(()),
    }
}

fn id_of(message: &MessageRef) -> Result<&str, SendError> {
    match message {
        MessageRef::Platform(id) | MessageRef::Placed(id) => Ok(id),
        MessageRef::Row(id) => Err(SendError::Unknown(id.to_string())),
    }
}

fn unknown(id: &str) -> SendError {
    SendError::Unknown(id.to_owned())
}

/// Finds a message of a chat, with its room; `None` where it is not there. One of another room is none of the chat's.
async fn found(api: &Api, shared: &Shared, chat: &ChatRef, id: &str) -> Result<Option<(String, Value)>, SendError> {
    let room = shared.places.find(chat, api).await?;
    let Some(found) = api.find(id).await? else { return Ok(None) };
    if text(&found, "/rid") != Some(room.as_str()) {
        return Err(unknown(id));
    }
    Ok(Some((room, found)))
}

/// Returns the room of a message of our own in a chat; `None` where it is not there. An account that may change what others wrote does
/// not.
async fn own(api: &Api, shared: &Shared, chat: &ChatRef, id: &str) -> Result<Option<String>, SendError> {
    let Some((room, found)) = found(api, shared, chat, id).await? else { return Ok(None) };
    match (text(&found, "/u/_id"), shared.me()) {
        (Some(writer), Some(me)) if writer == me.id => Ok(Some(room)),
        _ => Err(SendError::NotOurs(id.to_owned())),
    }
}

/// Marks a message. The server would mark any that the account sees: one that somebody named is looked for in its chat first.
async fn react(api: &Api, shared: &Shared, (chat, message): (&ChatRef, &MessageRef), mark: &Mark) -> Result<(), SendError> {
    let id = id_of(message)?;
    let seen = match (message, mark) {
        (MessageRef::Placed(_), Mark::Put(_) | Mark::Take(_)) => None,
        (MessageRef::Placed(_), Mark::TakeAll) => Some(api.find(id).await?.ok_or_else(|| unknown(id))?),
        _ => Some(found(api, shared, chat, id).await?.ok_or_else(|| unknown(id))?.1),
    };
    match mark {
        Mark::Put(emoji) => Ok(api.react(id, &emoji::name_of(emoji), Reaction::Put).await?),
        Mark::Take(emoji) => Ok(api.react(id, &emoji::name_of(emoji), Reaction::Taken).await?),
        Mark::TakeAll => {
            let me = shared.me().map(|me| me.username).unwrap_or_default();
            for emoji in marks_of(&seen.unwrap_or_default(), &me) {
                api.react(id, &emoji, Reaction::Taken).await?;
            }
            Ok(())
        }
    }
}

/// Returns the emojis that somebody marked a message with.
fn marks_of(message: &Value, username: &str) -> Vec<String> {
    let is_theirs = |mark: &Value| {
        let names = mark.get("usernames").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(username)))
    };
    let marks = message.get("reactions").and_then(Value::as_object).into_iter().flatten();
    marks.filter(|(_, mark)| is_theirs(mark)).map(|(emoji, _)| emoji.clone()).take(MARKS_MAX).collect()
}

fn text<'a>(message: &'a Value, path: &str) -> Option<&'a str> {
    message.pointer(path).and_then(Value::as_str)
}

/// How a reaction is to be in the end, whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    Put,
    Taken,
}

impl Reaction {
    fn call(self, id: &str, emoji: &str) -> Call<'static> {
        Call::post(REACT, json!({ "messageId": id, "emoji": emoji, "shouldReact": self == Self::Put }))
    }
}

impl Api {
    async fn react(&self, id: &str, emoji: &str, reaction: Reaction) -> Result<(), ApiError> {
        self.call(reaction.call(id, emoji)).await.map(drop)
    }

    async fn try_react(&self, id: &str, emoji: &str, reaction: Reaction) -> Result<(), ApiError> {
        self.try_call(reaction.call(id, emoji)).await.map(drop)
    }

    /// Returns a message as the server has it; `None` for one that is not there. The server has no word for that: it answers 400 and
    /// gives no reason. With a reason it refuses, which says nothing of the message. What is left of a message that was deleted is none.
    async fn find(&self, id: &str) -> Result<Option<Value>, ApiError> {
        match self.call(Call::get("chat.getMessage", vec![("msgId", id.to_owned())])).await {
            Ok(answer) => {
                let message = answer.get("message").filter(|message| text(message, "/_id") == Some(id));
                let message = message.ok_or(ApiError::Odd("chat.getMessage"))?;
                Ok((text(message, "/t") != Some("rm")).then(|| message.clone()))
            }
            Err(ApiError::Rest(RestError::Refused { status: 400, kind, text })) if kind.is_empty() && text.is_empty() => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_marks_are_taken_off() {
        let message = json!({ "reactions": {
            ":eyes:": { "usernames": ["ann", "bot"] }, ":tada:": { "usernames": ["ann"] }, ":x:": { "usernames": ["bot"] }, ":y:": 1
        } });
        assert_eq!(marks_of(&message, "bot"), [":eyes:", ":x:"]);
        assert!(marks_of(&json!({}), "bot").is_empty());
    }
}
