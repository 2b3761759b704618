//! The calls by their meaning, each with the account's token.

use std::time::Duration;

use serde_json::{Value, json};

use super::config::PAGE_MAX;
use super::message::{Message, Unreadable, at_ms, text_at};
use super::payload::Payload;
use super::place::{Place, Sort};
use super::rest::{Call, Rest, RestError};
use super::target::is_id;

/// How much longer than the server may hold a call it may take.
const WATCH_MORE: Duration = Duration::from_secs(10);
/// How many sessions one call lists, the server's own bound.
const SESSIONS_MAX: u32 = 500;
/// The sort of panel that holds messages.
const TEXT_PANEL: u64 = 0;

/// One page of a place's messages, the newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Those that could be read.
    pub(super) messages: Vec<Message>,
    /// Those that could not.
    pub(super) bad: Vec<Unreadable>,
    /// How many there were.
    pub(super) count: usize,
    /// Before which message the next page ends; `None` on the last.
    pub(super) before: Option<String>,
}

/// The sessions of an account.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    /// Each with who is in it.
    pub(super) list: Vec<(Place, Vec<String>)>,
    /// Whether there may be more.
    pub(super) extent: Extent,
}

/// How much of something a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// As much as one answer holds: what it does not name may be there all the same.
    Part,
}

/// A message that was sent, as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Its id, where the server gives one.
    pub(super) id: Option<String>,
    /// Who wrote it, to the server.
    pub(super) author: Option<String>,
}

/// The panels of the account's group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Those that hold messages.
    pub(super) panels: Vec<Place>,
}

/// The server with the account's token.
pub(super) struct Api {
    pub(super) rest: Rest,
}

impl Api {
    /// Returns the owner's id, which also shows whether the token counts; `None` for an agent that is bound to nobody.
    ///
    /// # Errors
    /// The server does not answer, or not with a success.
    pub(super) async fn owner(&self) -> Result<Option<String>, RestError> {
        let answer = self.rest.call(&Call::new("agents/owner", json!({}))).await?;
        Ok(answer.get("owner").and_then(|owner| text_at(owner, "userId")))
    }

    /// Returns the sessions of the account, with who is in them: as many as one answer holds.
    ///
    /// # Errors
    /// The server does not answer, or not with a success.
    pub(super) async fn sessions(&self) -> Result<Sessions, RestError> {
        let mut limit = SESSIONS_MAX;
        let answer = loop {
            match self.rest.call(&Call::new("sessions/list", json!({ "limit": limit }))).await {
                Err(RestError::TooLong { .. }) if limit > 1 => limit /= 2,
                answer => break answer?,
            }
        };
        let list = answer.get("sessions").and_then(Value::as_array).ok_or(RestError::Odd("sessions/list"))?;
        let extent = if list.len() < limit as usize { Extent::Whole } else { Extent::Part };
        Ok(Sessions { list: list.iter().filter_map(session).collect(), extent })
    }

    /// Returns the panels of the account's group.
    ///
    /// # Errors
    /// The server does not answer, or not with a success.
    pub(super) async fn group(&self) -> Result<Group, RestError> {
        let answer = self.rest.call(&Call::new("groups/get", json!({}))).await?;
        let group = text_at(&answer, "_id").or_else(|| text_at(&answer, "groupId")).filter(|id| is_id(id));
        let list = answer.get("panels").and_then(Value::as_array).ok_or(RestError::Odd("groups/get"))?;
        Ok(Group { panels: list.iter().filter_map(|entry| panel(entry, group.as_deref())).collect() })
    }

    /// Waits for news of a session behind a place.
    ///
    /// # Errors
    /// The server does not answer, or not with a success.
    pub(super) async fn watch(&self, session: &str, cursor: u64, hold: Duration, limit: u32) -> Result<Payload, RestError> {
        let body = json!({ "sessionId": session, "cursor": cursor, "timeoutMs": hold.as_millis() as u64, "limit": limit });
        let call = Call { timeout: hold + WATCH_MORE, ..Call::new("sessions/watch", body) };
        let answer = self.rest.call(&call).await?;
        Payload::read(&answer).ok().filter(|payload| payload.place == session).ok_or(RestError::Odd("sessions/watch"))
    }

    /// Returns a page of a place's messages, from before a message, or the newest.
    ///
    /// # Errors
    /// The server does not answer, or not with a success.
    pub(super) async fn messages(&self, place: &Place, before: Option<&str>, limit: u32) -> Result<Page, RestError> {
        let (route, mut body) = match &place.sort {
            Sort::Session { .. } => ("sessions/messages", json!({ "sessionId": place.id })),
            Sort::Panel { group } => {
                ("groups/panels/messages", with(json!({ "panelId": place.id }), "groupId", group.as_deref()))
            }
        };
        body = with(body, "beforeMessageId", before);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("limit".to_owned(), limit.min(PAGE_MAX).into());
        }
        let answer = self.rest.call(&Call::new(route, body)).await?;
        let list = answer.get("messages").and_then(Value::as_array).ok_or(RestError::Odd("messages"))?;
        let mut page = Page { count: list.len(), ..Page::default() };
        page.before = list.last().and_then(|oldest| text_at(oldest, "messageId").or_else(|| text_at(oldest, "_id")));
        let group = text_at(&answer, "groupId").filter(|id| is_id(id));
        for entry in list {
            match Message::read(entry) {
                Ok(message) => {
                    page.messages.push(Message { group: message.group.clone().or_else(|| group.clone()), ..message })
                }
                Err(unreadable) => page.bad.push(unreadable),
            }
        }
        Ok(page)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The server does not answer, or not with a success: it may have the message all the same.
    pub(super) async fn send(&self, place: &Place, text: &str, reply_to: Option<&str>) -> Result<Kept, RestError> {
        let (route, body) = match &place.sort {
            Sort::Session { .. } => ("sessions/send", json!({ "sessionId": place.id, "content": text })),
            Sort::Panel { group } => {
                let body = json!({ "panelId": place.id, "content": text });
                ("groups/panels/send", with(body, "groupId", group.as_deref()))
            }
        };
        let answer = self.rest.call(&Call::new(route, with(body, "replyTo", reply_to))).await?;
        let message = answer.get("message").unwrap_or(&answer);
        let id = text_at(message, "messageId").or_else(|| text_at(message, "_id"));
        Ok(Kept { id: id.filter(|id| is_id(id)), author: text_at(message, "author") })
    }
}

fn with(mut body: Value, key: &str, value: Option<&str>) -> Value {
    if let (Some(fields), Some(value)) = (body.as_object_mut(), value) {
        fields.insert(key.to_owned(), value.into());
    }
    body
}

fn session(entry: &Value) -> Option<(Place, Vec<String>)> {
    let id = text_at(entry, "sessionId").filter(|id| is_id(id))?;
    if entry.get("status").and_then(Value::as_str) == Some("closed") {
        return None;
    }
    let people: Vec<String> = entry
        .get("participants")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|person| person.as_str().map(str::to_owned).or_else(|| text_at(person, "userId")))
        .collect();
    let sort = Sort::Session { converse: text_at(entry, "converseId"), people: people.len() };
    Some((Place { id, sort, name: None, created_ms: entry.get("createdAt").and_then(at_ms) }, people))
}

fn panel(entry: &Value, group: Option<&str>) -> Option<Place> {
    let id = text_at(entry, "id").or_else(|| text_at(entry, "_id")).filter(|id| is_id(id))?;
    // Folders and pages hold no messages.
    if entry.get("type").and_then(Value::as_u64).is_some_and(|sort| sort != TEXT_PANEL) {
        return None;
    }
    let name = text_at(entry, "name").filter(|name| !name.trim().is_empty());
    let name = name.map(|name| format!("#{}", name.chars().filter(|mark| !mark.is_control()).take(128).collect::<String>()));
    Some(Place { id, sort: Sort::Panel { group: group.map(str::to_owned) }, name, created_ms: None })
}
