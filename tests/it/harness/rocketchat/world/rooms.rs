//! Rooms and who is in them.

use serde_json::{Value, json};

use super::super::ejson::{date, new_id};
use super::{Draft, Refused, Source, World};

/// What a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two or more people, without a name.
    Direct,
    /// A public channel.
    Channel,
    /// A private group.
    Private,
    /// A visitor of a website and who serves them.
    Livechat,
}

impl Kind {
    /// Returns the letter of the wire.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Direct => "d",
            Self::Channel => "c",
            Self::Private => "p",
            Self::Livechat => "l",
        }
    }
}

/// A membership, which the wire calls a subscription.
#[derive(Clone, Debug)]
pub struct Member {
    /// Whose.
    pub uid: String,
    /// Its `_id`.
    pub id: String,
    /// Since when, ms.
    pub since_ms: i64,
    /// When it last changed, ms.
    pub updated_ms: i64,
    /// Messages since it was last read.
    pub unread: usize,
}

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    /// The `_id`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its name; empty where it has none.
    pub name: String,
    /// Who is in it.
    pub members: Vec<Member>,
    /// Since when, ms.
    pub since_ms: i64,
    /// When it last changed, ms.
    pub updated_ms: i64,
    /// How many messages it has seen.
    pub count: usize,
}

impl Room {
    /// Returns somebody's membership.
    pub fn member(&self, uid: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.uid == uid)
    }

    /// Returns whether somebody may see it and post in it.
    pub fn open_to(&self, uid: &str) -> bool {
        self.kind == Kind::Channel || self.member(uid).is_some()
    }
}

impl World {
    /// Makes a room with these people in it; its `_id`.
    pub fn add_room(&mut self, kind: Kind, name: &str, uids: &[&str]) -> String {
        let (now, id) = (self.now_ms(), new_id());
        let room = Room { id, kind, name: name.to_owned(), members: Vec::new(), since_ms: now, updated_ms: now, count: 0 };
        let id = room.id.clone();
        self.rooms.push(room);
        for uid in uids {
            self.join(&id, uid);
        }
        id
    }

    /// Returns a room by its `_id`.
    pub fn room(&self, rid: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == rid)
    }

    /// Returns a room by its `_id`, to be changed.
    pub fn room_mut(&mut self, rid: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.id == rid)
    }

    /// Returns a room by its name.
    pub fn room_named(&self, name: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| !room.name.is_empty() && room.name == name)
    }

    /// Returns the rooms that somebody is in.
    pub fn rooms_of(&self, uid: &str) -> impl Iterator<Item = &Room> {
        self.rooms.iter().filter(move |room| room.member(uid).is_some())
    }

    /// Returns the memberships of somebody that ended after a time.
    pub fn left_since(&self, uid: &str, ms: i64) -> impl Iterator<Item = &Value> {
        self.left.iter().filter(move |(whose, _, at)| whose == uid && *at > ms).map(|(_, shown, _)| shown)
    }

    /// Returns the direct room of these people, made if there is none.
    pub fn direct_room(&mut self, uids: &[&str]) -> String {
        let known = self.rooms.iter().find(|room| {
            let all = uids.iter().all(|uid| room.member(uid).is_some());
            room.kind == Kind::Direct && room.members.len() == uids.len() && all
        });
        match known.map(|room| room.id.clone()) {
            Some(id) => id,
            None => self.add_room(Kind::Direct, "", uids),
        }
    }

    /// Puts somebody into a room that is there already; in one with a name, everybody reads of it.
    pub fn add_member(&mut self, rid: &str, uid: &str) {
        self.join(rid, uid);
        self.say_what_happened(rid, uid, "uj");
    }

    fn join(&mut self, rid: &str, uid: &str) {
        let now = self.now_ms();
        let room = self.room_mut(rid).expect("a room of this server");
        if room.member(uid).is_some() {
            return;
        }
        room.members.push(Member { uid: uid.to_owned(), id: new_id(), since_ms: now, updated_ms: now, unread: 0 });
        room.updated_ms = now;
        self.membership_changed(rid, uid, "inserted");
    }

    /// Takes somebody out of a room; what they subscribed to there falls silent.
    pub fn remove_member(&mut self, rid: &str, uid: &str) -> Result<(), Refused> {
        let room = self.room(rid).filter(|room| room.member(uid).is_some());
        if room.is_none() {
            return Err(Refused::new("error-user-not-in-room", "User is not in this room"));
        }
        let (now, shown) = (self.now_ms(), self.subscription(rid, uid));
        self.say_what_happened(rid, uid, "ul");
        let room = self.room_mut(rid).expect("a room of this server");
        room.members.retain(|member| member.uid != uid);
        room.updated_ms = now;
        let gone = json!({ "_id": shown["_id"], "rid": rid, "u": shown["u"], "_deletedAt": date(now) });
        self.left.push((uid.to_owned(), gone, now));
        self.tell_user(uid, "subscriptions-changed", &json!(["removed", shown]));
        self.tell_user(uid, "rooms-changed", &json!(["removed", self.room_shown(rid)]));
        self.sockets.leave_room(uid, rid);
        Ok(())
    }

    fn say_what_happened(&mut self, rid: &str, uid: &str, kind: &str) {
        if self.room(rid).is_some_and(|room| room.kind == Kind::Channel || room.kind == Kind::Private) {
            let name = self.user(uid).map_or_else(String::new, |user| user.username.clone());
            let draft = Draft { system: Some(kind.to_owned()), ..Draft::of(&name) };
            self.post(rid, uid, draft, Source::Test).expect("a member");
        }
    }

    /// Returns a room as the wire shows it.
    pub fn room_shown(&self, rid: &str) -> Value {
        let Some(room) = self.room(rid) else { return Value::Null };
        let members = || room.members.iter().filter_map(|member| self.user(&member.uid));
        let mut shown = json!({
            "_id": room.id, "t": room.kind.letter(), "usersCount": room.members.len(), "msgs": room.count,
            "ts": date(room.since_ms), "_updatedAt": date(room.updated_ms), "lm": date(room.updated_ms)
        });
        match room.kind {
            Kind::Direct => {
                shown["usernames"] = members().map(|user| user.username.clone()).collect();
                shown["uids"] = members().map(|user| user.id.clone()).collect();
            }
            Kind::Channel | Kind::Private => {
                shown["name"] = room.name.clone().into();
                shown["fname"] = room.name.clone().into();
                shown["u"] = members().next().map_or(Value::Null, super::User::author);
                shown["ro"] = false.into();
                shown["default"] = false.into();
                shown["sysMes"] = true.into();
            }
            Kind::Livechat => {
                shown["fname"] = room.name.clone().into();
                shown["open"] = true.into();
                shown["v"] = json!({ "_id": format!("visitor-{rid}"), "username": "guest-1", "token": "visitor-token" });
                shown["servedBy"] = members().next().map_or(Value::Null, super::User::author);
            }
        }
        shown
    }

    /// Returns somebody's membership as the wire shows it.
    pub fn subscription(&self, rid: &str, uid: &str) -> Value {
        let (Some(room), Some(user)) = (self.room(rid), self.user(uid)) else { return Value::Null };
        let Some(member) = room.member(uid) else { return Value::Null };
        let other = room.members.iter().find(|other| other.uid != uid).and_then(|other| self.user(&other.uid));
        let (name, fname) = match (room.kind, other) {
            (Kind::Direct, Some(other)) => (other.username.clone(), other.name.clone()),
            _ => (room.name.clone(), room.name.clone()),
        };
        json!({
            "_id": member.id, "rid": room.id, "t": room.kind.letter(), "name": name, "fname": fname, "u": user.author(),
            "open": true, "alert": member.unread > 0, "unread": member.unread, "userMentions": 0, "groupMentions": 0,
            "ts": date(member.since_ms), "ls": date(member.since_ms), "_updatedAt": date(member.updated_ms)
        })
    }
}
