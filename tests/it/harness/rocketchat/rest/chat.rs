//! Messages.

use serde_json::{Value, json};

use super::super::faults::DuplicateId;
use super::super::world::{Draft, Posted, Source, World};
use super::{Answer, Ask, Refusal};

/// What a message may bring along, as it stands.
const MORE: &[&str] = &["alias", "avatar", "emoji", "attachments", "tshow", "customFields", "groupable"];

fn more(message: &Value) -> Option<Value> {
    let fields = message.as_object()?.iter().filter(|(name, value)| MORE.contains(&name.as_str()) && !value.is_null());
    Some(Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

/// Answers `chat.sendMessage`.
pub fn send(world: &mut World, ask: &Ask) -> Answer {
    let message = &ask.request.json()["message"];
    if !message.is_object() {
        return Err(Refusal::coded("invalid-params", "must have required property 'message'"));
    }
    let text = |name: &str| message[name].as_str().map(str::to_owned);
    if let Some(ts) = message.get("ts") {
        let far = super::super::ejson::from_iso(ts.as_str().unwrap_or_default());
        if far.is_none_or(|ms| (ms - world.now_ms()).abs() > 60_000) {
            return Err(Refusal::coded("error-message-ts-out-of-sync", "Message timestamp is out of sync"));
        }
    }
    if message["tshow"] == true && message["tmid"].is_null() {
        return Err(Refusal::coded("invalid-params", "tshow provided but missing tmid"));
    }
    let missing = || Refusal::failure("The 'rid' property on the message object is missing.");
    let rid = text("rid").filter(|rid| !rid.is_empty()).ok_or_else(missing)?;
    let draft =
        Draft { id: text("_id"), tmid: text("tmid"), more: more(message), ..Draft::of(&text("msg").unwrap_or_default()) };
    match world.post(&rid, &ask.uid, draft, Source::Client)? {
        Posted::New(id) => Ok(json!({ "message": shown(world, &id) })),
        Posted::Known(_) => match world.faults.duplicate_id {
            DuplicateId::OddFailure => Err(Refusal::failure("Cannot read properties of undefined (reading 'starred')")),
            DuplicateId::EmptySuccess => Ok(json!({})),
        },
    }
}

/// Answers `chat.postMessage`.
pub fn post(world: &mut World, ask: &Ask) -> Answer {
    let body = ask.request.json();
    let text = body["text"].as_str().unwrap_or_default();
    if text.chars().count() > world.text_chars_max {
        return Err(Refusal::failure("error-message-size-exceeded"));
    }
    let target = body["roomId"].as_str().or(body["channel"].as_str()).unwrap_or_default();
    let rid = place(world, &ask.uid, target).ok_or_else(|| Refusal::coded("invalid-channel", "invalid-channel"))?;
    let tmid = body["tmid"].as_str().map(str::to_owned);
    let draft = Draft { tmid, more: more(&body), ..Draft::of(text) };
    let (Posted::New(id) | Posted::Known(id)) = world.post(&rid, &ask.uid, draft, Source::Client)?;
    Ok(json!({ "ts": world.now_ms(), "channel": target, "message": shown(world, &id) }))
}

/// Returns the room of a target: its id, `#name`, `@name`, a user's id.
fn place(world: &mut World, uid: &str, target: &str) -> Option<String> {
    if let Some(room) = world.room(target).or_else(|| world.room_named(target.trim_start_matches('#'))) {
        return Some(room.id.clone());
    }
    let other = world.user_named(target.trim_start_matches('@')).or_else(|| world.user(target))?.id.clone();
    Some(world.direct_room(&[uid, &other]))
}

/// Answers `chat.update`.
pub fn update(world: &mut World, ask: &Ask) -> Answer {
    let body = ask.request.json();
    let id = own(world, &body)?;
    let text = body["text"].as_str().unwrap_or_default();
    world.edit(&id, &ask.uid, text)?;
    world.record.edits.push((id.clone(), text.to_owned()));
    Ok(json!({ "message": shown(world, &id) }))
}

/// Answers `chat.delete`.
pub fn delete(world: &mut World, ask: &Ask) -> Answer {
    let id = own(world, &ask.request.json())?;
    if world.message(&id).is_none_or(|message| message.uid != ask.uid) {
        return Err(Refusal::coded("error-action-not-allowed", "Not allowed"));
    }
    world.delete(&id);
    Ok(json!({ "_id": id, "ts": world.now_ms().to_string() }))
}

/// Returns the id of a message that is in the room that the call names.
fn own(world: &World, body: &Value) -> Result<String, Refusal> {
    let id = body["msgId"].as_str().unwrap_or_default();
    let message = world.message(id).ok_or_else(|| Refusal::failure(&format!("No message found with the id of \"{id}\".")))?;
    match body["roomId"] == message.rid {
        true => Ok(message.id.clone()),
        false => Err(Refusal::failure("The room id provided does not match where the message is from.")),
    }
}

/// Answers `chat.react`.
pub fn react(world: &mut World, ask: &Ask) -> Answer {
    let body = ask.request.json();
    let id = body["messageId"].as_str().unwrap_or_default();
    let emoji = body["emoji"].as_str().or(body["reaction"].as_str()).unwrap_or_default();
    if emoji.is_empty() {
        return Err(Refusal::coded("error-emoji-param-not-provided", "The required \"emoji\" param is missing."));
    }
    world.react(id, &ask.uid, emoji, body["shouldReact"].as_bool())?;
    Ok(json!({}))
}

/// Answers `chat.getMessage`.
pub fn get(world: &mut World, ask: &Ask) -> Answer {
    let id = ask.request.asked("msgId").ok_or_else(|| Refusal::failure("The \"msgId\" query parameter must be provided."))?;
    let message = world.message(id).ok_or_else(Refusal::bare)?;
    match world.room(&message.rid).is_some_and(|room| room.open_to(&ask.uid)) {
        true => Ok(json!({ "message": message.shown })),
        false => Err(Refusal::coded("error-not-allowed", "Not allowed")),
    }
}

/// Returns a message's document.
pub fn shown(world: &World, id: &str) -> Value {
    world.message(id).map_or(Value::Null, |message| message.shown.clone())
}
