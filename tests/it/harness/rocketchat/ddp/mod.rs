//! The wire of events: frames of DDP over a WebSocket.

mod methods;
mod socket;
mod subs;

use serde_json::{Value, json};

use super::faults::HangUp;
use super::world::{Out, Refused, World};

pub use socket::serve;

/// Answers a frame of a client.
fn hear(world: &mut World, id: u64, text: &str) {
    let Ok(frame) = serde_json::from_str::<Value>(text) else { return odd(world, id, "Bad request", text) };
    let Some(kind) = frame["msg"].as_str() else { return odd(world, id, "Bad request", text) };
    let greeted = world.sockets.get(id).is_some_and(|socket| socket.greeting == super::world::Greeting::Said);
    match kind {
        "connect" if greeted => odd(world, id, "Already connected", text),
        "connect" => connect(world, id, &frame),
        "ping" => {
            let mut pong = json!({ "msg": "pong" });
            if !frame["id"].is_null() {
                pong["id"] = frame["id"].clone();
            }
            say(world, id, &pong);
        }
        "pong" => {}
        _ if !greeted => odd(world, id, "Must connect first", text),
        "method" => methods::call(world, id, &frame),
        "sub" => subs::add(world, id, &frame),
        "unsub" => subs::remove(world, id, &frame),
        _ => odd(world, id, "Bad request", text),
    }
}

fn connect(world: &mut World, id: u64, frame: &Value) {
    let versions = ["1", "pre2", "pre1"];
    let Some(version) = frame["version"].as_str().filter(|version| versions.contains(version)) else {
        say(world, id, &json!({ "msg": "failed", "version": "1" }));
        return world.sockets.tell(id, Out::Close);
    };
    if version != "1" {
        world.record.odd_frames.push(frame.to_string());
    }
    if let Some(socket) = world.sockets.get(id) {
        socket.greeting = super::world::Greeting::Said;
    }
    say(world, id, &json!({ "msg": "connected", "session": super::ejson::new_id() }));
    if world.faults.hang_up == HangUp::AfterConnect {
        world.sockets.tell(id, Out::Close);
    }
}

fn odd(world: &mut World, id: u64, reason: &str, text: &str) {
    world.record.odd_frames.push(text.to_owned());
    let offending = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    say(world, id, &json!({ "msg": "error", "reason": reason, "offendingMessage": offending }));
}

fn say(world: &mut World, id: u64, frame: &Value) {
    world.sockets.tell(id, Out::Text(frame.to_string()));
}

/// Returns an error as frames carry it.
fn error(code: impl Into<Value>, reason: &str) -> Value {
    let code = code.into();
    let shown = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    json!({
        "isClientSafe": true, "error": code, "reason": reason, "message": format!("{reason} [{shown}]"), "errorType": "Meteor.Error"
    })
}

fn refusal(refused: &Refused) -> Value {
    // A failure without a code is not for clients to see.
    match refused.code {
        "" => error(500, "Internal server error"),
        code => error(code, &refused.reason),
    }
}
