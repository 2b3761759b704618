//! The calls by their meaning, each with the account's login.

use std::sync::Arc;

use serde_json::{Value, json};

use super::auth::{Auth, AuthError};
use super::media::{Download, Form};
use super::message::{Message, at_ms};
use super::rest::{Call, Rest, RestError, Session};
use super::room::{RoomInfo, RoomKind};
use crate::message::Code;

/// The largest answer that is read when messages are caught up with, bytes. Of one that is larger less is asked for.
const CATCH_UP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The largest list of rooms that is read, bytes.
const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most rooms that are read of one list.
const ROOMS_MAX: usize = 10_000;
/// Of how many messages of one list it is told why they cannot be read.
const BAD_MAX: usize = 100;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ApiError {
    /// There is no login.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The server did not do it.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// The answer lacks what it should have.
    #[error("the answer of {0} lacks what it should have")]
    Odd(&'static str),
}

impl ApiError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Auth(error) => error.code(),
            Self::Rest(error) => error.code(),
            Self::Odd(_) => Code::BadUpstream,
        }
    }

    /// Returns the HTTP status, where there was an answer.
    pub(super) const fn status(&self) -> Option<u16> {
        match self {
            Self::Rest(error) => error.status(),
            Self::Auth(AuthError::PasswordRefused(status)) => Some(*status),
            Self::Auth(_) | Self::Odd(_) => None,
        }
    }

    /// Returns whether the same call may succeed later.
    pub(super) const fn passes(&self) -> bool {
        match self {
            Self::Rest(error) | Self::Auth(AuthError::Failed(error)) => error.passes(),
            Self::Auth(_) | Self::Odd(_) => false,
        }
    }

    /// Returns whether the server cannot be reached or wants fewer calls, which says nothing of the call itself.
    pub(super) const fn is_outage(&self) -> bool {
        matches!(self, Self::Rest(RestError::Unreachable(_) | RestError::Limited { .. }) | Self::Auth(AuthError::Failed(_)))
    }
}

/// Who the account is on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Me {
    /// Its id.
    pub(super) id: String,
    /// Its user name.
    pub(super) username: String,
    /// Its name for people.
    pub(super) name: Option<String>,
}

/// A room of the server's list of rooms, with the moment of its last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// What is known of it.
    pub(super) info: RoomInfo,
    /// When the account joined, as far as the server says.
    pub(super) joined_ms: Option<i64>,
    /// When anything in it last changed; `None` where the server does not say.
    pub(super) changed_ms: Option<i64>,
}

/// The server with the account's login.
pub(super) struct Api {
    pub(super) rest: Arc<Rest>,
    pub(super) auth: Auth,
}

impl Api {
    /// Makes a call; a login that is refused is renewed, once.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, ApiError> {
        let session = self.auth.session().await?;
        match self.rest.call(&call, Some(&session)).await {
            Err(error) if error.status() == Some(401) => {
                let session = self.auth.renew(&session).await?;
                Ok(self.rest.call(&call, Some(&session)).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Returns who the account is, with the login that it was asked with.
    pub(super) async fn me(&self) -> Result<(Me, Session), ApiError> {
        let answer = self.call(Call::get("me", Vec::new())).await?;
        let session = self.auth.session().await?;
        let field = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(id), Some(username)) = (field("_id"), field("username")) else { return Err(ApiError::Odd("me")) };
        Ok((Me { id, username, name: field("name") }, session))
    }

    /// Returns the rooms that the account has joined.
    pub(super) async fn joined(&self) -> Result<Vec<Listed>, ApiError> {
        let answer = self.call(Call { bytes_max: LIST_BYTES_MAX, ..Call::get("subscriptions.get", Vec::new()) }).await?;
        Ok(list(&answer, "update").iter().filter_map(|entry| Listed::read(entry, "rid")).collect())
    }

    /// Returns the rooms that the account has joined, with the moment of their last change.
    pub(super) async fn rooms(&self) -> Result<Vec<Listed>, ApiError> {
        let answer = self.call(Call { bytes_max: LIST_BYTES_MAX, ..Call::get("rooms.get", Vec::new()) }).await?;
        Ok(list(&answer, "update").iter().filter_map(|entry| Listed::read(entry, "_id")).collect())
    }

    /// Returns one room, by id or by name.
    pub(super) async fn room(&self, by: RoomBy<'_>) -> Result<RoomInfo, ApiError> {
        let query = match by {
            RoomBy::Id(id) => vec![("roomId", id.to_owned())],
            RoomBy::Name(name) => vec![("roomName", name.to_owned())],
        };
        let answer = self.call(Call::get("rooms.info", query)).await?;
        let room = answer.get("room").and_then(|room| Listed::read(room, "_id"));
        room.map(|listed| listed.info).ok_or(ApiError::Odd("rooms.info"))
    }

    /// Returns everything that changed in a room since a moment, with what could not be read of it. `None` when it is more than
    /// can be taken.
    pub(super) async fn changed_since(&self, room: &str, since_ms: i64) -> Result<Option<Found>, ApiError> {
        let since = jiff::Timestamp::from_millisecond(since_ms.max(0)).unwrap_or_default().to_string();
        let query = vec![("roomId", room.to_owned()), ("lastUpdate", since)];
        let call = Call { bytes_max: CATCH_UP_BYTES_MAX, ..Call::get("chat.syncMessages", query) };
        match self.call(call).await {
            Ok(answer) => Ok(Some(found(answer.pointer("/result/updated")))),
            Err(ApiError::Rest(RestError::TooLong { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the newest messages of a room since a moment, at most so many.
    pub(super) async fn history(&self, room: &RoomInfo, since_ms: i64, count: u32) -> Result<Found, ApiError> {
        let oldest = jiff::Timestamp::from_millisecond(since_ms.max(0)).unwrap_or_default().to_string();
        let query = vec![
            ("roomId", room.id.clone()),
            ("oldest", oldest),
            ("inclusive", "true".to_owned()),
            ("count", count.to_string()),
            ("showThreadMessages", "true".to_owned()),
        ];
        let route = match room.kind {
            RoomKind::Direct => "im.history",
            RoomKind::Private => "groups.history",
            RoomKind::Channel | RoomKind::Livechat => "channels.history",
        };
        let answer = self.call(Call { bytes_max: CATCH_UP_BYTES_MAX, ..Call::get(route, query) }).await?;
        Ok(found(answer.get("messages")))
    }

    /// Returns a user's id and name, by either.
    pub(super) async fn user(&self, by: UserBy<'_>) -> Result<(String, String), ApiError> {
        let query = match by {
            UserBy::Id(id) => vec![("userId", id.to_owned())],
            UserBy::Name(name) => vec![("username", name.to_owned())],
        };
        let answer = self.call(Call::get("users.info", query)).await?;
        let field = |path: &str| answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
        field("/user/_id").zip(field("/user/username")).ok_or(ApiError::Odd("users.info"))
    }

    /// Returns the direct chat with a user, made if there is none.
    pub(super) async fn direct(&self, username: &str) -> Result<String, ApiError> {
        let answer = self.call(Call::post("im.create", json!({ "username": username }))).await?;
        let id = ["/room/rid", "/room/_id"].iter().find_map(|path| answer.pointer(path)?.as_str());
        id.map(str::to_owned).ok_or(ApiError::Odd("im.create"))
    }

    /// Posts a message under an id of our own. The server does nothing for an id that is there, and answers nothing then: `false`.
    pub(super) async fn post(&self, message: &Value) -> Result<bool, ApiError> {
        let answer = self.call(Call::post("chat.sendMessage", json!({ "message": message }))).await?;
        Ok(answer.pointer("/message/_id").is_some())
    }

    /// Asks for a file of the server, by its path. A login that has expired is renewed once: a file says no more than that it is
    /// forbidden, so another call finds out.
    pub(super) async fn download(&self, path: &str) -> Result<Download, ApiError> {
        let session = self.auth.session().await?;
        match self.rest.download(path, &session).await {
            Err(error) if matches!(error.status(), Some(401 | 403)) => {
                let (_, session) = self.me().await?;
                Ok(self.rest.download(path, &session).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Sends a form. It can be read once only, so a login that is refused is renewed by whoever can make it again.
    pub(super) async fn upload(&self, route: &str, form: Form) -> Result<Value, ApiError> {
        let session = self.auth.session().await?;
        Ok(self.rest.upload(route, form, &session).await?)
    }

    /// Renews the login.
    pub(super) async fn log_in_again(&self) -> Result<(), ApiError> {
        let session = self.auth.session().await?;
        self.auth.renew(&session).await?;
        Ok(())
    }

    /// Makes a message of a file that was sent.
    pub(super) async fn confirm_upload(&self, room: &str, file: &str, said: Value) -> Result<Value, ApiError> {
        self.call(Call::post(&format!("rooms.mediaConfirm/{room}/{file}"), said)).await
    }

    /// Returns the text of a message; `None` for one that is not there.
    pub(super) async fn text_of(&self, id: &str) -> Result<Option<String>, ApiError> {
        match self.call(Call::get("chat.getMessage", vec![("msgId", id.to_owned())])).await {
            Ok(answer) if answer.pointer("/message/_id").and_then(Value::as_str) == Some(id) => {
                Ok(Some(answer.pointer("/message/msg").and_then(Value::as_str).unwrap_or_default().to_owned()))
            }
            Ok(_) | Err(ApiError::Rest(RestError::Refused { status: 400 | 404, .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes another text over that of a message of our own.
    pub(super) async fn update(&self, room: &str, id: &str, text: &str) -> Result<(), ApiError> {
        self.call(Self::edit(room, id, text)).await.map(drop)
    }

    /// Takes a message of our own away.
    pub(super) async fn delete(&self, room: &str, id: &str) -> Result<(), ApiError> {
        self.call(Call::post("chat.delete", json!({ "roomId": room, "msgId": id }))).await.map(drop)
    }

    /// Posts like [`Api::post`], in one call that waits for nothing and is not made again.
    pub(super) async fn try_post(&self, message: &Value) -> Result<bool, ApiError> {
        let answer = self.try_call(Call::post("chat.sendMessage", json!({ "message": message }))).await?;
        Ok(answer.pointer("/message/_id").is_some())
    }

    /// Edits like [`Api::update`], in one call that waits for nothing and is not made again.
    pub(super) async fn try_update(&self, room: &str, id: &str, text: &str) -> Result<(), ApiError> {
        self.try_call(Self::edit(room, id, text)).await.map(drop)
    }

    fn edit(room: &str, id: &str, text: &str) -> Call<'static> {
        Call::post("chat.update", json!({ "roomId": room, "msgId": id, "text": text }))
    }

    /// Makes a call that waits for nothing and is not made again.
    pub(super) async fn try_call(&self, call: Call<'_>) -> Result<Value, ApiError> {
        let session = self.auth.session().await?;
        Ok(self.rest.try_call(&call, &session).await?)
    }
}

/// What names a room.
#[derive(Clone, Copy, Debug)]
pub(super) enum RoomBy<'a> {
    /// Its id.
    Id(&'a str),
    /// Its name.
    Name(&'a str),
}

/// What names a user.
#[derive(Clone, Copy, Debug)]
pub(super) enum UserBy<'a> {
    /// Their id.
    Id(&'a str),
    /// Their name.
    Name(&'a str),
}

/// Messages of a room as a list gave them.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Those that could be read, in the order of the list.
    pub(super) messages: Vec<Message>,
    /// Why the others could not, of the first hundred of them.
    pub(super) bad: Vec<String>,
}

fn found(list: Option<&Value>) -> Found {
    let mut found = Found::default();
    for entry in list.and_then(Value::as_array).into_iter().flatten() {
        match Message::read(entry) {
            Ok(message) => found.messages.push(message),
            Err(reason) if found.bad.len() < BAD_MAX => found.bad.push(reason),
            Err(_) => {}
        }
    }
    found
}

fn list<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    let list = answer.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.get(..ROOMS_MAX).unwrap_or(list)
}

impl Listed {
    fn read(entry: &Value, id_key: &str) -> Option<Self> {
        let info = RoomInfo::read(entry, id_key)?;
        let time = |key: &str| entry.get(key).and_then(at_ms);
        let changed_ms = [time("lm"), time("_updatedAt")].into_iter().flatten().max();
        Some(Self { info, joined_ms: time("ts"), changed_ms })
    }
}
