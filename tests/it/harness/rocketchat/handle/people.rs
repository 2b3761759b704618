//! People, rooms, and what is said in them.

use serde_json::Value;

use super::super::world::{Draft, Kind, Posted, SecondFactor, Source, Tokens, Upload};
use super::super::{PASSWORD, RocketChat};

/// A user of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The `_id`.
    pub id: String,
    /// The name after the `@`.
    pub username: String,
}

impl RocketChat {
    /// Makes a user, with [`PASSWORD`] and the same name for showing in capitals.
    pub fn person(&self, username: &str) -> Person {
        let id = self.world().add_user(username, &username.to_uppercase(), PASSWORD);
        Person { id, username: username.to_owned() }
    }

    /// Asks somebody for this code at each login with a password.
    pub fn ask_for_code(&self, who: &Person, code: &str) {
        self.world().user_mut(&who.id).second_factor = SecondFactor::Totp(code.to_owned());
    }

    /// Makes a personal access token.
    pub fn access_token(&self, who: &Person) -> String {
        self.world().add_access_token(&who.id)
    }

    /// Logs somebody in; the token. It counts as a login like those of clients.
    pub fn login_token(&self, who: &Person) -> String {
        self.world().log_in(&who.username, &PASSWORD.into(), None).expect("a password that holds").token
    }

    /// Ends somebody's tokens as the server does when they have expired: their sockets are closed.
    pub fn expire(&self, who: &Person, which: Tokens) {
        self.world().end_tokens(&who.id, which);
    }

    /// Tells somebody that they are logged out, and ends their tokens.
    pub fn force_logout(&self, who: &Person) {
        let mut world = self.world();
        world.tell_user(&who.id, "force_logout", &serde_json::json!([]));
        world.end_tokens(&who.id, Tokens::All);
    }

    /// Makes a room; its `_id`.
    pub fn room(&self, kind: Kind, name: &str, people: &[&Person]) -> String {
        self.world().add_room(kind, name, &people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>())
    }

    /// Returns the direct room of two people, made if there is none.
    pub fn direct(&self, one: &Person, other: &Person) -> String {
        self.world().direct_room(&[&one.id, &other.id])
    }

    /// Puts somebody into a room.
    pub fn invite(&self, rid: &str, who: &Person) {
        self.world().add_member(rid, &who.id);
    }

    /// Takes somebody out of a room.
    pub fn remove(&self, rid: &str, who: &Person) {
        self.world().remove_member(rid, &who.id).expect("a member");
    }

    /// Says something; the message's `_id`.
    pub fn say(&self, rid: &str, who: &Person, text: &str) -> String {
        self.post(rid, who, Draft::of(text))
    }

    /// Says something in the thread of a message.
    pub fn reply(&self, rid: &str, who: &Person, tmid: &str, text: &str) -> String {
        self.post(rid, who, Draft { tmid: Some(tmid.to_owned()), ..Draft::of(text) })
    }

    /// Says something with further fields of the document, over those that it has.
    pub fn say_with(&self, rid: &str, who: &Person, text: &str, more: Value) -> String {
        self.post(rid, who, Draft { more: Some(more), ..Draft::of(text) })
    }

    /// Sends a file with a text.
    pub fn send_file(&self, rid: &str, who: &Person, text: &str, name: &str, kind: &str, bytes: &[u8]) -> String {
        let upload = Upload { name: name.to_owned(), kind: kind.to_owned(), bytes: bytes.to_vec() };
        let file = {
            let mut world = self.world();
            let file = world.add_file(upload);
            world.confirm_file(&file, None);
            file
        };
        self.post(rid, who, Draft { files: vec![file], ..Draft::of(text) })
    }

    fn post(&self, rid: &str, who: &Person, draft: Draft) -> String {
        match self.world().post(rid, &who.id, draft, Source::Test).expect("a room that they may post in") {
            Posted::New(id) | Posted::Known(id) => id,
        }
    }

    /// Edits a message of one's own.
    pub fn edit(&self, id: &str, who: &Person, text: &str) {
        self.world().edit(id, &who.id, text).expect("a message of theirs");
    }

    /// Puts a reaction to a message.
    pub fn react(&self, id: &str, who: &Person, emoji: &str) {
        self.world().react(id, &who.id, emoji, Some(true)).expect("a message");
    }

    /// Adds the preview of a link to a message, some time after it was posted.
    pub fn preview(&self, id: &str, url: &str) {
        let urls = serde_json::json!([{ "url": url, "meta": { "pageTitle": "A page" } }]);
        self.world().change(id, |shown| shown["urls"] = urls);
    }

    /// Deletes a message.
    pub fn delete(&self, id: &str) {
        self.world().delete(id);
    }
}
