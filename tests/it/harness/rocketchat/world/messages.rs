//! Messages: posted, edited, reacted to, deleted. A document is sent again whenever it changes.

use serde_json::{Value, json};

use super::super::ejson::{date, new_id};
use super::super::record::Accepted;
use super::{Refused, World};

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The `_id`.
    pub id: String,
    /// Its room.
    pub rid: String,
    /// Whose it is.
    pub uid: String,
    /// The root of its thread.
    pub tmid: Option<String>,
    /// When it was posted, ms.
    pub ts_ms: i64,
    /// When it last changed, ms.
    pub updated_ms: i64,
    /// When it was deleted, ms.
    pub deleted_ms: Option<i64>,
    /// The document, dates as DDP writes them.
    pub shown: Value,
}

/// What a message is to say.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Its `_id`, if the sender names one.
    pub id: Option<String>,
    /// Its text.
    pub text: String,
    /// The message that it answers in a thread.
    pub tmid: Option<String>,
    /// Its type, of messages that the server writes.
    pub system: Option<String>,
    /// The uploads that it shows.
    pub files: Vec<String>,
    /// Further fields of the document.
    pub more: Option<Value>,
}

impl Draft {
    /// Returns a text.
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}

/// Who posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A client, by either wire: it is written down.
    Client,
    /// The test.
    Test,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is there.
    New(String),
    /// Its `_id` was there already: nothing has happened.
    Known(String),
}

impl World {
    /// Posts a message and sends it to those who listen.
    pub fn post(&mut self, rid: &str, uid: &str, draft: Draft, source: Source) -> Result<Posted, Refused> {
        let root = draft.tmid.as_deref().and_then(|tmid| self.message(tmid)).map(|parent| {
            let root = parent.tmid.clone().unwrap_or_else(|| parent.id.clone());
            (root, parent.rid.clone())
        });
        // A thread has its place: an answer goes there, whatever room it names.
        let rid = root.as_ref().map_or_else(|| rid.to_owned(), |(_, place)| place.clone());
        let tmid = root.map(|(root, _)| root).or(draft.tmid);
        if !self.room(&rid).ok_or_else(|| Refused::plain("error-invalid-room"))?.open_to(uid) {
            return Err(Refused::plain("error-not-allowed"));
        }
        if draft.text.chars().count() > self.text_chars_max {
            return Err(Refused::new("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize"));
        }
        let id = draft.id.unwrap_or_else(new_id);
        if self.messages.iter().any(|message| message.id == id) {
            self.record.repeated.push(id.clone());
            return Ok(Posted::Known(id));
        }
        let now = self.now_ms();
        let mut shown = json!({
            "_id": id, "rid": rid, "msg": draft.text, "ts": date(now), "u": self.user(uid).map(super::User::author), "_updatedAt": date(now),
            "urls": [], "mentions": self.mentions(&draft.text), "channels": [],
            "md": [{ "type": "PARAGRAPH", "value": [{ "type": "PLAIN_TEXT", "value": draft.text }] }]
        });
        if let Some(tmid) = &tmid {
            shown["tmid"] = tmid.clone().into();
        }
        if let Some(system) = &draft.system {
            shown["t"] = system.clone().into();
        }
        self.show_files(&mut shown, &draft.files);
        for (name, value) in draft.more.iter().filter_map(Value::as_object).flatten() {
            shown[name] = value.clone();
        }
        if source == Source::Client {
            let (text, files) = (draft.text, draft.files);
            let (rid, uid) = (rid.clone(), uid.to_owned());
            self.record.accepted.push(Accepted { id: id.clone(), rid, uid, text, tmid: tmid.clone(), files });
        }
        let (uid, message_rid) = (uid.to_owned(), rid.clone());
        let message = Message {
            id: id.clone(),
            rid: message_rid,
            uid: uid.clone(),
            tmid: tmid.clone(),
            ts_ms: now,
            updated_ms: now,
            deleted_ms: None,
            shown,
        };
        self.messages.push(message);
        self.count(&rid, &uid, now);
        self.publish(&id);
        if let Some(root) = tmid {
            self.change(&root, |shown| {
                let count = shown["tcount"].as_u64().unwrap_or(0) + 1;
                shown["tcount"] = count.into();
                shown["tlm"] = date(now);
                shown["replies"] = json!([uid]);
            });
        }
        Ok(Posted::New(id))
    }

    fn count(&mut self, rid: &str, uid: &str, now: i64) {
        let Some(room) = self.room_mut(rid) else { return };
        room.count += 1;
        room.updated_ms = now;
        for member in room.members.iter_mut().filter(|member| member.uid != uid) {
            member.unread += 1;
            member.updated_ms = now;
        }
    }

    fn mentions(&self, text: &str) -> Value {
        let named = text.split_whitespace().filter_map(|word| word.strip_prefix('@'));
        let named = named.map(|name| name.trim_end_matches(|mark: char| !mark.is_alphanumeric() && mark != '_'));
        let mention = |name: &str| match name {
            "all" | "here" => Some(json!({ "_id": name, "username": name })),
            _ => self
                .user_named(name)
                .map(|user| json!({ "_id": user.id, "username": user.username, "name": user.name, "type": "user" })),
        };
        named.filter_map(mention).collect()
    }

    /// Returns a message by its `_id`; a deleted one is not there.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id && message.deleted_ms.is_none())
    }

    /// Returns the messages of a room, oldest first.
    pub fn messages_of(&self, rid: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.rid == rid && message.deleted_ms.is_none())
    }

    /// Returns the messages of a room that were deleted after a time, with the time.
    pub fn deleted_since(&self, rid: &str, ms: i64) -> impl Iterator<Item = (&str, i64)> {
        let gone = self.messages.iter().filter(move |message| message.rid == rid);
        gone.filter_map(move |message| Some((message.id.as_str(), message.deleted_ms.filter(|at| *at > ms)?)))
    }

    /// Changes a document and sends it again.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Value)) {
        let now = self.now_ms();
        if let Some(message) = self.messages.iter_mut().find(|message| message.id == id && message.deleted_ms.is_none()) {
            change(&mut message.shown);
            message.updated_ms = now;
            message.shown["_updatedAt"] = date(now);
            self.publish(id);
        }
    }

    /// Edits a text.
    pub fn edit(&mut self, id: &str, uid: &str, text: &str) -> Result<(), Refused> {
        let message = self.message(id).ok_or_else(|| Refused::plain("error-invalid-message"))?;
        if message.uid != uid {
            return Err(Refused::new("error-action-not-allowed", "Message editing not allowed"));
        }
        if text.chars().count() > self.text_chars_max {
            return Err(Refused::new("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize"));
        }
        let (now, author) = (self.now_ms(), self.user(uid).map(super::User::author));
        let mentions = self.mentions(text);
        self.change(id, |shown| {
            shown["msg"] = text.into();
            shown["mentions"] = mentions;
            shown["editedAt"] = date(now);
            shown["editedBy"] = json!(author);
        });
        Ok(())
    }

    /// Puts a reaction to a message, or takes it away; without a wish, the other of both.
    pub fn react(&mut self, id: &str, uid: &str, emoji: &str, wish: Option<bool>) -> Result<(), Refused> {
        let known = self.message(id).is_some();
        let name = self.user(uid).filter(|_| known).map(|user| user.username.clone());
        let name = name.ok_or_else(|| {
            Refused::new("error-message-not-found", "The provided \"messageId\" does not match any existing message.")
        })?;
        let emoji = format!(":{}:", emoji.trim_matches(':'));
        self.change(id, |shown| {
            let mut names: Vec<Value> = shown["reactions"][&emoji]["usernames"].as_array().cloned().unwrap_or_default();
            let there = names.contains(&name.clone().into());
            match (there, wish.unwrap_or(!there)) {
                (false, true) => names.push(name.into()),
                (true, false) => names.retain(|known| *known != name),
                _ => {}
            }
            if shown["reactions"].is_null() {
                shown["reactions"] = json!({});
            }
            shown["reactions"][&emoji] = json!({ "usernames": names });
        });
        Ok(())
    }

    /// Deletes a message without a trace.
    pub fn delete(&mut self, id: &str) {
        let now = self.now_ms();
        let Some(message) = self.messages.iter_mut().find(|message| message.id == id) else { return };
        message.deleted_ms = Some(now);
        let rid = message.rid.clone();
        self.tell_room(&rid, "deleteMessage", &json!([{ "_id": id }]));
    }
}
