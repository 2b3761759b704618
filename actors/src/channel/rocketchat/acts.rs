//! What is done with a message that is there: marked, said otherwise, taken away. Each may be done again without doing more, so that a
//! row whose answer was lost is simply sent again.

use serde_json::{Value, json};

use super::api::{Api, ApiError};
use super::connector::Shared;
use super::emoji;
use super::rest::{Call, RestError};
use super::send::{SendError, with_mentions};
use crate::message::{Act, Mark, MessageRef, Outbound};

/// How many marks are taken off one message at the most.
const MARKS_MAX: usize = 32;

/// Does what a row wants.
pub(super) async fn act(api: &Api, shared: &Shared, outbound: &Outbound) -> Result<(), SendError> {
    let Some(id) = outbound.act.message().map(id_of) else { return Err(SendError::Empty) };
    match &outbound.act {
        Act::Post => Err(SendError::Empty),
        Act::React { mark, .. } => react(api, shared, id?, mark).await,
        Act::Edit { .. } => {
            let (room, id) = own(api, shared, outbound, id?).await?.ok_or_else(|| unknown(&outbound.act))?;
            Ok(api.update(&room, &id, &with_mentions(outbound)).await?)
        }
        // What is gone already is as it was to be.
        Act::Delete { .. } => match own(api, shared, outbound, id?).await? {
            Some((room, id)) => Ok(api.delete(&room, &id).await?),
            None => Ok(()),
        },
    }
}

fn id_of(message: &MessageRef) -> Result<&str, SendError> {
    match message {
        MessageRef::Platform(id) => Ok(id),
        MessageRef::Row(id) => Err(SendError::Unknown(id.to_string())),
    }
}

fn unknown(act: &Act) -> SendError {
    SendError::Unknown(act.message().and_then(|message| id_of(message).ok()).unwrap_or_default().to_owned())
}

/// Finds a message of our own in the row's room; `None` where it is not there. An account that may change what others wrote does not.
async fn own(api: &Api, shared: &Shared, outbound: &Outbound, id: &str) -> Result<Option<(String, String)>, SendError> {
    let room = shared.places.find(&outbound.target.chat, api).await?;
    let Some(found) = api.find(id).await? else { return Ok(None) };
    if text(&found, "/rid") != Some(room.as_str()) {
        return Err(SendError::Unknown(id.to_owned()));
    }
    let me = shared.me();
    match (text(&found, "/u/_id"), me) {
        (Some(writer), Some(me)) if writer == me.id => Ok(Some((room, id.to_owned()))),
        _ => Err(SendError::NotOurs(id.to_owned())),
    }
}

async fn react(api: &Api, shared: &Shared, id: &str, mark: &Mark) -> Result<(), SendError> {
    match mark {
        Mark::Put(emoji) => Ok(api.react(id, &emoji::name_of(emoji), Reaction::Put).await?),
        Mark::Take(emoji) => Ok(api.react(id, &emoji::name_of(emoji), Reaction::Taken).await?),
        Mark::TakeAll => {
            let found = api.find(id).await?.ok_or_else(|| SendError::Unknown(id.to_owned()))?;
            let me = shared.me().map(|me| me.username).unwrap_or_default();
            for emoji in marks_of(&found, &me) {
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

impl Api {
    async fn react(&self, id: &str, emoji: &str, reaction: Reaction) -> Result<(), ApiError> {
        let body = json!({ "messageId": id, "emoji": emoji, "shouldReact": reaction == Reaction::Put });
        self.call(Call::post("chat.react", body)).await.map(drop)
    }

    /// Returns a message as the server has it; `None` for one that is not there.
    async fn find(&self, id: &str) -> Result<Option<Value>, ApiError> {
        match self.call(Call::get("chat.getMessage", vec![("msgId", id.to_owned())])).await {
            Ok(answer) => Ok(answer.get("message").filter(|message| text(message, "/_id") == Some(id)).cloned()),
            Err(ApiError::Rest(RestError::Refused { status: 400 | 404, .. })) => Ok(None),
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
