//! Subscriptions to streams.

use serde_json::{Value, json};

use super::super::world::{Sub, World};
use super::{error, say};

/// The streams that there are.
const STREAMS: &[&str] = &["stream-room-messages", "stream-notify-user", "stream-notify-room", "stream-notify-logged"];
/// The one subscription for every room.
const MY_MESSAGES: &str = "__my_messages__";

/// Adds a subscription, or says why not.
pub fn add(world: &mut World, id: u64, frame: &Value) {
    let (Some(sub), Some(stream)) = (frame["id"].as_str(), frame["name"].as_str()) else {
        return super::odd(world, id, "Malformed subscription", &frame.to_string());
    };
    if !STREAMS.contains(&stream) {
        let reason = format!("Subscription '{stream}' not found");
        return refuse(world, id, sub, &error(404, &reason));
    }
    let event = frame["params"][0].as_str().unwrap_or_default().to_owned();
    let uid = world.sockets.get(id).and_then(|socket| socket.uid.clone());
    if !may(world, uid.as_deref(), stream, &event) || world.faults.refused_events.contains(&event) {
        return refuse(world, id, sub, &error("not-allowed", "not-allowed"));
    }
    let socket = world.sockets.get(id).expect("a socket that speaks");
    if socket.subs.iter().any(|known| known.id == sub) {
        // The same id again is the same subscription: nothing is said.
        return;
    }
    socket.subs.push(Sub { id: sub.to_owned(), stream: stream.to_owned(), event: event.clone() });
    world.record.subscribed.push(event);
    if frame["params"][1] == true || frame["params"][1]["useCollection"] == true {
        say(world, id, &json!({ "msg": "added", "collection": stream, "id": "id" }));
    }
    say(world, id, &json!({ "msg": "ready", "subs": [sub] }));
}

fn may(world: &World, uid: Option<&str>, stream: &str, event: &str) -> bool {
    let Some(uid) = uid else { return false };
    let first = event.split('/').next().unwrap_or_default();
    match stream {
        "stream-notify-user" => first == uid,
        "stream-notify-logged" => true,
        _ if event == MY_MESSAGES => stream == "stream-room-messages",
        _ => world.room(first).is_some_and(|room| room.open_to(uid)),
    }
}

fn refuse(world: &mut World, id: u64, sub: &str, error: &Value) {
    say(world, id, &json!({ "msg": "nosub", "id": sub, "error": error }));
}

/// Ends a subscription.
pub fn remove(world: &mut World, id: u64, frame: &Value) {
    if let Some(socket) = world.sockets.get(id) {
        socket.subs.retain(|sub| frame["id"] != sub.id);
    }
    say(world, id, &json!({ "msg": "nosub", "id": frame["id"] }));
}
