//! Frames: from a text to what it says, and back. Safe on any text.

use serde_json::{Value, json};

/// The longest text of the server that an error or a log shows, characters.
const SHOWN_CHARS: usize = 200;

/// What stands before an event's name in the stream of a user's own events.
const USER_STREAM: &str = "stream-notify-user";
const ROOM_STREAM: &str = "stream-room-messages";

/// What the server says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::channel::rocketchat) enum Frame {
    /// The session stands.
    Connected,
    /// The server speaks another version.
    Failed,
    /// It wants a sign of life.
    Ping {
        /// What the answer has to repeat.
        id: Option<String>,
    },
    /// It gives one.
    Pong,
    /// A call is answered.
    Result {
        /// The call.
        id: String,
        /// How.
        answer: Answer,
    },
    /// Subscriptions stand.
    Ready {
        /// Which.
        subs: Vec<String>,
    },
    /// A subscription ends, or never began.
    NoSub {
        /// Which.
        id: String,
        /// Why, where it was refused.
        error: Option<String>,
    },
    /// Something happened.
    Event {
        /// Where.
        stream: Stream,
        /// What it is about: a room, or `<user>/<event>`.
        name: String,
        /// What is told.
        args: Vec<Value>,
    },
    /// The server did not understand a frame.
    Error {
        /// What it says.
        reason: String,
    },
    /// Nothing for us, for a reason that is no fault.
    Nothing,
}

/// How a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::channel::rocketchat) enum Answer {
    /// It was done.
    Done,
    /// It was not.
    Refused {
        /// The server's name of the reason: a word or a number.
        kind: String,
        /// The server's words.
        reason: String,
    },
}

/// A stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel::rocketchat) enum Stream {
    /// Messages of rooms.
    Messages,
    /// What concerns the account itself.
    User,
    /// Any other.
    Other,
}

impl Frame {
    /// Reads a frame.
    ///
    /// # Errors
    /// Says what is wrong with it; repeats no more of it than its kind.
    pub(in crate::channel::rocketchat) fn read(text: &str) -> Result<Self, String> {
        let frame: Value = serde_json::from_str(text).map_err(|error| format!("a frame that is no JSON: {error}"))?;
        let Value::Object(map) = &frame else { return Err("a frame that is no JSON object".to_owned()) };
        let Some(kind) = map.get("msg") else {
            // The first frame of a connection: `{"server_id":"0"}`.
            return if map.contains_key("server_id") { Ok(Self::Nothing) } else { Err("a frame without `msg`".to_owned()) };
        };
        let id = || map.get("id").and_then(word);
        match kind.as_str().unwrap_or_default() {
            "connected" => Ok(Self::Connected),
            "failed" => Ok(Self::Failed),
            "ping" => Ok(Self::Ping { id: id() }),
            "pong" => Ok(Self::Pong),
            "result" => {
                let id = id().ok_or("a `result` without `id`")?;
                Ok(Self::Result { id, answer: answer(map.get("error")) })
            }
            "ready" => Ok(Self::Ready { subs: words(map.get("subs")).ok_or("a `ready` without a list `subs`")? }),
            "nosub" => {
                let error = map.get("error").filter(|error| !error.is_null());
                Ok(Self::NoSub { id: id().ok_or("a `nosub` without `id`")?, error: error.map(reason) })
            }
            "changed" => event(&frame),
            "error" => Ok(Self::Error { reason: reason(&frame) }),
            "added" | "removed" | "updated" | "addedBefore" | "movedBefore" => Ok(Self::Nothing),
            other => Err(format!("a frame of an unknown kind \"{}\"", shown(other))),
        }
    }
}

fn event(frame: &Value) -> Result<Frame, String> {
    let collection = frame.get("collection").and_then(Value::as_str).ok_or("a `changed` without `collection`")?;
    let stream = match collection {
        ROOM_STREAM => Stream::Messages,
        USER_STREAM => Stream::User,
        other if other.starts_with("stream-") => Stream::Other,
        _ => return Ok(Frame::Nothing),
    };
    let name = frame.pointer("/fields/eventName").and_then(Value::as_str);
    let args = frame.pointer("/fields/args").and_then(Value::as_array);
    match (name, args) {
        (Some(name), Some(args)) => Ok(Frame::Event { stream, name: name.to_owned(), args: args.clone() }),
        _ => Err(format!("an event of {collection} without `eventName` or `args`")),
    }
}

fn answer(error: Option<&Value>) -> Answer {
    match error.filter(|error| !error.is_null()) {
        None => Answer::Done,
        Some(error) => {
            let kind = error.get("error").and_then(word).unwrap_or_default();
            Answer::Refused { kind: shown(&kind), reason: reason(error) }
        }
    }
}

fn reason(error: &Value) -> String {
    let said = ["reason", "message", "error"].iter().find_map(|key| error.get(key).and_then(word));
    shown(&said.unwrap_or_else(|| "without a reason".to_owned()))
}

fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN_CHARS).collect()
}

/// Returns a text or a number as a text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn words(value: Option<&Value>) -> Option<Vec<String>> {
    Some(value?.as_array()?.iter().filter_map(word).collect())
}

/// Returns the first frame of ours.
pub(in crate::channel::rocketchat) fn connect() -> String {
    json!({ "msg": "connect", "version": "1", "support": ["1"] }).to_string()
}

/// Returns the login by a token.
pub(in crate::channel::rocketchat) fn resume(id: &str, token: &str) -> String {
    call(id, "login", &json!([{ "resume": token }]))
}

/// Returns a call.
pub(in crate::channel::rocketchat) fn call(id: &str, method: &str, params: &Value) -> String {
    json!({ "msg": "method", "method": method, "id": id, "params": params }).to_string()
}

/// Returns a subscription to one event of a stream.
pub(in crate::channel::rocketchat) fn subscribe(id: &str, stream: Stream, event: &str) -> String {
    let name = if stream == Stream::User { USER_STREAM } else { ROOM_STREAM };
    let rest = json!({ "useCollection": false, "args": [] });
    json!({ "msg": "sub", "id": id, "name": name, "params": [event, rest] }).to_string()
}

/// Returns the end of a subscription.
pub(in crate::channel::rocketchat) fn unsubscribe(id: &str) -> String {
    json!({ "msg": "unsub", "id": id }).to_string()
}

/// Returns a sign of life.
pub(in crate::channel::rocketchat) fn ping() -> String {
    json!({ "msg": "ping" }).to_string()
}

/// Returns the answer to the server's own.
pub(in crate::channel::rocketchat) fn pong(id: Option<&str>) -> String {
    match id {
        Some(id) => json!({ "msg": "pong", "id": id }).to_string(),
        None => json!({ "msg": "pong" }).to_string(),
    }
}
