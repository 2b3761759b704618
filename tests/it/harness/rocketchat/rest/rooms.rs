//! Rooms, memberships, users.

use serde_json::{Value, json};

use super::super::ejson::from_iso;
use super::super::world::{Kind, World};
use super::{Answer, Ask, Refusal};

/// Rooms of a page that names no count.
const COUNT_DEFAULT: usize = 50;

/// Returns the time of `updatedSince`, if there is one.
fn since(ask: &Ask) -> Result<Option<i64>, Refusal> {
    let Some(text) = ask.request.asked("updatedSince") else { return Ok(None) };
    let odd = "The \"updatedSince\" query parameter must be a valid date.";
    from_iso(text).map(Some).ok_or_else(|| Refusal::coded("error-updatedSince-param-invalid", odd))
}

fn newer(shown: &Value, since: Option<i64>) -> bool {
    since.is_none_or(|since| shown["_updatedAt"]["$date"].as_i64() > Some(since))
}

/// Answers `rooms.get`.
pub fn rooms(world: &mut World, ask: &Ask) -> Answer {
    let since = since(ask)?;
    let update = world.rooms_of(&ask.uid).map(|room| world.room_shown(&room.id));
    let update: Vec<_> = update.filter(|shown| newer(shown, since)).collect();
    let left = world.left_since(&ask.uid, since.unwrap_or(i64::MAX));
    let remove: Vec<_> = left.map(|gone| json!({ "_id": gone["rid"], "_deletedAt": gone["_deletedAt"] })).collect();
    Ok(json!({ "update": update, "remove": remove }))
}

/// Answers `subscriptions.get`.
pub fn subscriptions(world: &mut World, ask: &Ask) -> Answer {
    let since = since(ask)?;
    let update = world.rooms_of(&ask.uid).map(|room| world.subscription(&room.id, &ask.uid));
    let update: Vec<_> = update.filter(|shown| newer(shown, since)).collect();
    let remove: Vec<_> = world.left_since(&ask.uid, since.unwrap_or(i64::MAX)).cloned().collect();
    Ok(json!({ "update": update, "remove": remove }))
}

/// Answers `rooms.info`, and `channels.info` with its key.
pub fn info(world: &mut World, ask: &Ask) -> Answer {
    let (id, name) = (ask.request.asked("roomId"), ask.request.asked("roomName").or(ask.request.asked("channel")));
    if id.is_none() && name.is_none() {
        let text = "The parameter \"roomId\" or \"roomName\" is required";
        return Err(Refusal::coded("error-roomid-param-not-provided", text));
    }
    let room = id.and_then(|id| world.room(id)).or_else(|| name.and_then(|name| world.room_named(name)));
    let text = "The required \"roomId\" or \"roomName\" param provided does not match any channel";
    let room = room.ok_or_else(|| Refusal::coded("error-room-not-found", text))?;
    if !room.open_to(&ask.uid) {
        return Err(Refusal {
            status: 400,
            body: json!({ "success": false, "error": "not-allowed", "errorType": "Not Allowed" }),
        });
    }
    let shown = world.room_shown(&room.id);
    Ok(match ask.request.path.ends_with("channels.info") {
        true => json!({ "channel": shown }),
        false => json!({ "room": shown }),
    })
}

/// Answers a page of the rooms of one kind.
pub fn list(world: &mut World, ask: &Ask, route: &str) -> Answer {
    let (kind, key) = match route.split('.').next() {
        Some("channels") => (Kind::Channel, "channels"),
        Some("groups") => (Kind::Private, "groups"),
        _ => (Kind::Direct, "ims"),
    };
    let number = |name: &str, default: usize| ask.request.asked(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let all: Vec<_> = world.rooms_of(&ask.uid).filter(|room| room.kind == kind).collect();
    let (offset, total) = (number("offset", 0), all.len());
    let page = all.into_iter().skip(offset).take(number("count", COUNT_DEFAULT));
    let page: Vec<_> = page.map(|room| world.room_shown(&room.id)).collect();
    Ok(json!({ "count": page.len(), "offset": offset, "total": total, key: page }))
}

/// Answers `im.create`: the room of these people, the one that is there if there is one.
pub fn create_direct(world: &mut World, ask: &Ask) -> Answer {
    let body = ask.request.json();
    let names = body["username"].as_str().or(body["usernames"].as_str()).unwrap_or_default();
    if names.is_empty() {
        let text = "Body param \"username\" or \"usernames\" is required";
        return Err(Refusal::coded("error-room-not-found", text));
    }
    let mut uids = vec![ask.uid.clone()];
    for name in names.split(',').map(str::trim) {
        let user = world.user_named(name).ok_or_else(|| Refusal::coded("error-invalid-user", "Invalid user"))?;
        if !uids.contains(&user.id) {
            uids.push(user.id.clone());
        }
    }
    let rid = world.direct_room(&uids.iter().map(String::as_str).collect::<Vec<_>>());
    let usernames = world.room_shown(&rid)["usernames"].clone();
    Ok(json!({ "room": { "_id": rid, "rid": rid, "t": "d", "usernames": usernames } }))
}

/// Answers `users.info`.
pub fn user(world: &mut World, ask: &Ask) -> Answer {
    let (id, name) = (ask.request.asked("userId"), ask.request.asked("username"));
    let user = id.and_then(|id| world.user(id)).or_else(|| name.and_then(|name| world.user_named(name)));
    let user = user.ok_or_else(|| Refusal::failure("User not found."))?;
    Ok(json!({ "user": {
        "_id": user.id, "username": user.username, "name": user.name, "type": "user", "status": "online", "active": true, "utcOffset": 0
    } }))
}
