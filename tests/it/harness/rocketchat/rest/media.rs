//! Uploads: in two steps, or in one on older servers.

use serde_json::{Value, json};

use super::super::multipart;
use super::super::world::{Draft, Posted, Source, Upload, World};
use super::{Answer, Ask, Refusal};

/// What may be said with a file besides its description.
const SAID: &[&str] = &["msg", "tmid", "tshow", "alias", "avatar", "emoji", "groupable", "customFields", "t", "content"];

/// Returns the room that the path names, if the caller may post there.
fn room(world: &World, ask: &Ask) -> Result<String, Refusal> {
    let room = ask.rest.get(1).and_then(|rid| world.room(rid)).filter(|room| room.open_to(&ask.uid));
    room.map(|room| room.id.clone()).ok_or_else(|| Refusal::forbidden(world.version))
}

/// Returns the file of the form, and its other fields.
fn form(ask: &Ask) -> Result<(Upload, Value), Refusal> {
    let (mut file, mut fields) = (None, json!({}));
    for part in multipart::parts(ask.request) {
        match part.file {
            Some(name) if part.name == "file" => {
                let kind = part.kind.unwrap_or_else(|| "application/octet-stream".to_owned());
                file = Some(Upload { name, kind, bytes: part.bytes });
            }
            Some(_) => return Err(Refusal::coded("invalid-field", "invalid-field")),
            None => fields[part.name] = String::from_utf8_lossy(&part.bytes).into_owned().into(),
        }
    }
    let file = file.ok_or_else(|| Refusal::coded("invalid-field", "invalid-field"))?;
    Ok((file, fields))
}

/// Answers `rooms.media`: the file is kept, nobody sees it yet.
pub fn upload(world: &mut World, ask: &Ask) -> Answer {
    room(world, ask)?;
    let (upload, _) = form(ask)?;
    let id = world.add_file(upload);
    let path = world.file(&id).map(super::super::world::File::path);
    Ok(json!({ "file": { "_id": id, "url": path } }))
}

/// Answers `rooms.mediaConfirm`: a message shows the file. Made again it posts a second message, as the real one does.
pub fn confirm(world: &mut World, ask: &Ask) -> Answer {
    let rid = room(world, ask)?;
    let id = ask.rest.get(2).copied().unwrap_or_default();
    if world.file(id).is_none() {
        return Err(Refusal::coded("invalid-file", "invalid-file"));
    }
    say(world, ask, &rid, id, &ask.request.json())
}

/// Answers `rooms.upload`: both at once.
pub fn upload_at_once(world: &mut World, ask: &Ask) -> Answer {
    let rid = room(world, ask)?;
    let (upload, fields) = form(ask)?;
    let id = world.add_file(upload);
    say(world, ask, &rid, &id, &fields)
}

fn say(world: &mut World, ask: &Ask, rid: &str, file: &str, said: &Value) -> Answer {
    let mut fields = said.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    if let Some(other) = fields.find(|name| *name != "description" && !SAID.contains(name)) {
        return Err(Refusal::failure(&format!("Match error: Unknown key in field {other}")));
    }
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    if text("description").is_some_and(|text| text.chars().count() > world.text_chars_max) {
        return Err(Refusal::coded("error-message-size-exceeded", "error-message-size-exceeded"));
    }
    world.confirm_file(file, said["description"].as_str());
    let draft = Draft { tmid: text("tmid"), files: vec![file.to_owned()], ..Draft::of(&text("msg").unwrap_or_default()) };
    let (Posted::New(id) | Posted::Known(id)) = world.post(rid, &ask.uid, draft, Source::Client)?;
    Ok(json!({ "message": super::chat::shown(world, &id) }))
}
