//! What was said before: pages of a room, what has changed since, a thread.

use serde_json::{Value, json};

use super::super::ejson::{date, from_iso};
use super::super::world::{Kind, Message, Room, World};
use super::{Answer, Ask, Refusal};

/// Messages of a page that names no count.
const COUNT_DEFAULT: usize = 20;
/// Messages of a page of changes that names no count.
const SYNC_COUNT_DEFAULT: usize = 50;

fn room<'a>(world: &'a World, ask: &Ask) -> Result<&'a Room, Refusal> {
    let rid = ask.request.asked("roomId");
    let rid = rid.ok_or_else(|| Refusal::coded("error-param-required", "The required \"roomId\" query param is missing"))?;
    let missing = "The required \"roomId\" or \"roomName\" param provided does not match any channel";
    let room = world.room(rid).ok_or_else(|| Refusal::coded("error-room-not-found", missing))?;
    match room.open_to(&ask.uid) {
        true => Ok(room),
        false => Err(Refusal::coded("error-not-allowed", "Not allowed")),
    }
}

fn number(ask: &Ask, name: &str, default: usize) -> usize {
    ask.request.asked(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Answers `channels.history` and its like, newest first.
pub fn page(world: &mut World, ask: &Ask, route: &str) -> Answer {
    let room = room(world, ask)?;
    // Rooms of livechat count as channels here.
    let kinds: &[Kind] = match route.split('.').next() {
        Some("channels") => &[Kind::Channel, Kind::Livechat],
        Some("groups") => &[Kind::Private],
        _ => &[Kind::Direct],
    };
    if !kinds.contains(&room.kind) {
        let missing = "The required \"roomId\" or \"roomName\" param provided does not match any channel";
        return Err(Refusal::coded("error-room-not-found", missing));
    }
    let time = |name: &str| ask.request.asked(name).and_then(from_iso);
    let (oldest, latest) = (time("oldest").unwrap_or(0), time("latest").unwrap_or_else(|| world.now_ms() + 1));
    let inclusive = ask.request.asked("inclusive") == Some("true");
    let threads = match room.kind {
        Kind::Direct => ask.request.asked("showThreadMessages") == Some("true"),
        _ => ask.request.asked("showThreadMessages") != Some("false"),
    };
    let within = |message: &&Message| match inclusive {
        true => oldest <= message.ts_ms && message.ts_ms <= latest,
        false => oldest < message.ts_ms && message.ts_ms < latest,
    };
    let fitting = world.messages_of(&room.id).filter(within).filter(|message| threads || message.tmid.is_none());
    let newest = fitting.rev().skip(number(ask, "offset", 0)).take(number(ask, "count", COUNT_DEFAULT));
    Ok(json!({ "messages": newest.map(|message| message.shown.clone()).collect::<Vec<_>>() }))
}

/// Answers `chat.getThreadMessages`, oldest first.
pub fn thread(world: &mut World, ask: &Ask) -> Answer {
    let root = ask.request.asked("tmid").and_then(|tmid| world.message(tmid));
    let root = root.ok_or_else(|| Refusal::coded("error-invalid-message", "Invalid Message"))?;
    if !world.room(&root.rid).is_some_and(|room| room.open_to(&ask.uid)) {
        return Err(Refusal::coded("error-not-allowed", "Not Allowed"));
    }
    let all: Vec<_> = world.messages_of(&root.rid).filter(|message| message.tmid.as_ref() == Some(&root.id)).collect();
    let (offset, total) = (number(ask, "offset", 0), all.len());
    let page = all.into_iter().skip(offset).take(number(ask, "count", SYNC_COUNT_DEFAULT));
    let messages: Vec<_> = page.map(|message| message.shown.clone()).collect();
    Ok(json!({ "messages": messages, "count": messages.len(), "offset": offset, "total": total }))
}

/// Answers `chat.syncMessages`, in either of its forms.
pub fn sync(world: &mut World, ask: &Ask) -> Answer {
    let rid = room(world, ask)?.id.clone();
    match (ask.request.asked("lastUpdate"), ask.request.asked("type")) {
        (Some(since), _) => {
            let text = "The \"lastUpdate\" query parameter must be a valid date";
            let since = from_iso(since).ok_or_else(|| Refusal::coded("error-lastUpdate-param-invalid", text))?;
            let later = world.messages_of(&rid).rev().filter(|message| message.updated_ms > since);
            let updated: Vec<_> = later.map(|message| message.shown.clone()).collect();
            Ok(json!({ "result": { "updated": updated, "deleted": gone(world, &rid, since) } }))
        }
        (None, Some("UPDATED")) => Ok(changes(world, &rid, ask)),
        (None, Some("DELETED")) => {
            let next = number(ask, "next", 0);
            let deleted = gone(world, &rid, i64::try_from(next).unwrap_or(i64::MAX));
            Ok(json!({ "result": { "updated": [], "deleted": deleted, "cursor": { "next": null, "previous": null } } }))
        }
        _ => Err(Refusal::coded("error-param-required", "The \"type\" or \"lastUpdate\" parameters must be provided")),
    }
}

fn gone(world: &World, rid: &str, since: i64) -> Vec<Value> {
    world.deleted_since(rid, since).map(|(id, at)| json!({ "_id": id, "_deletedAt": date(at) })).collect()
}

/// Returns a page of what has changed, oldest change first, and where the next one begins.
fn changes(world: &World, rid: &str, ask: &Ask) -> Value {
    let next = i64::try_from(number(ask, "next", 0)).unwrap_or(i64::MAX);
    let mut later: Vec<_> = world.messages_of(rid).filter(|message| message.updated_ms > next).collect();
    later.sort_by_key(|message| message.updated_ms);
    let count = number(ask, "count", SYNC_COUNT_DEFAULT);
    let more = later.len() > count;
    later.truncate(count);
    let cursor = later.last().filter(|_| more).map(|message| message.updated_ms.to_string());
    let updated: Vec<_> = later.iter().map(|message| message.shown.clone()).collect();
    json!({ "result": { "updated": updated, "deleted": [], "cursor": { "next": cursor, "previous": null } } })
}
