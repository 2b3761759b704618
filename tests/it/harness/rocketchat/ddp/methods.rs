//! Methods: logins, lists, messages, signs of typing.

use serde_json::{Value, json};

use super::super::faults::HangUp;
use super::super::record::{Sign, Typing};
use super::super::world::{Draft, LoginRefused, Out, Posted, Source, Token, Version, World};
use super::{error, refusal, say};

type Answer = Result<Value, Value>;

/// Answers a call.
pub fn call(world: &mut World, id: u64, frame: &Value) {
    let (Some(call), Some(method)) = (frame["id"].as_str(), frame["method"].as_str()) else {
        return super::odd(world, id, "Malformed method invocation", &frame.to_string());
    };
    let params = &frame["params"];
    let uid = world.sockets.get(id).and_then(|socket| socket.uid.clone());
    let answer = match (method, uid) {
        ("login", _) => log_in(world, id, &params[0]),
        (_, None) => known(method).and_then(|()| Err(error("error-invalid-user", "Invalid user"))),
        ("logout", Some(_)) => Ok(log_out(world, id)),
        ("rooms/get", Some(uid)) => Ok(list(params, world.rooms_of(&uid).map(|room| world.room_shown(&room.id)).collect())),
        ("subscriptions/get", Some(uid)) => {
            Ok(list(params, world.rooms_of(&uid).map(|room| world.subscription(&room.id, &uid)).collect()))
        }
        ("sendMessage", Some(uid)) => send(world, &uid, &params[0]),
        ("setReaction", Some(uid)) => react(world, &uid, params),
        ("stream-notify-room", Some(uid)) => {
            notify_room(world, &uid, params);
            Ok(Value::Null)
        }
        ("createDirectMessage", Some(uid)) => create_direct(world, &uid, &params[0]),
        (other, Some(_)) => known(other).map(|()| Value::Null),
    };
    let mut result = json!({ "msg": "result", "id": call });
    match answer {
        Ok(Value::Null) => {}
        Ok(value) => result["result"] = value,
        Err(error) => result["error"] = error,
    }
    let done = json!({ "msg": "updated", "methods": [call] });
    // Either may come first; clients have to take both.
    let order = if call.len() % 2 == 0 { [&done, &result] } else { [&result, &done] };
    for frame in order {
        say(world, id, frame);
    }
    let logged_in = method == "login" && result.get("error").is_none();
    if logged_in && world.faults.hang_up == HangUp::AfterLogin {
        world.sockets.tell(id, Out::Close);
    }
}

fn known(method: &str) -> Result<(), Value> {
    let methods = ["logout", "rooms/get", "subscriptions/get", "sendMessage", "setReaction", "stream-notify-room"];
    match methods.contains(&method) || method == "createDirectMessage" {
        true => Ok(()),
        false => Err(error(404, &format!("Method '{method}' not found"))),
    }
}

/// Returns everything without a date, and what is new since with one.
fn list(params: &Value, all: Vec<Value>) -> Value {
    match params[0]["$date"].as_i64() {
        None => all.into(),
        Some(since) => {
            let update: Vec<_> = all.into_iter().filter(|item| item["_updatedAt"]["$date"].as_i64() > Some(since)).collect();
            json!({ "update": update, "remove": [] })
        }
    }
}

fn log_in(world: &mut World, id: u64, with: &Value) -> Answer {
    let (token, kind) = match with["resume"].as_str() {
        Some(token) => (world.resume(token), "resume"),
        None => {
            // A second factor wraps the login that it belongs to.
            let (with, code) = match &with["totp"] {
                Value::Null => (with, None),
                totp => (&totp["login"], totp["code"].as_str()),
            };
            let name = with["user"]["username"].as_str().or(with["user"]["email"].as_str()).unwrap_or_default();
            (world.log_in(name, &with["password"], code), "password")
        }
    };
    let Token { token, uid, .. } = match &token {
        Ok(token) => token.clone(),
        Err(refused) => return Err(login_error(*refused)),
    };
    let ends = World::end_shown(world.token(&token).expect("a token of just now"));
    let socket = world.sockets.get(id).expect("a socket that speaks");
    (socket.uid, socket.token) = (Some(uid.clone()), Some(token.clone()));
    let user = world.user(&uid).expect("a user of this server");
    let fields = json!({ "username": user.username, "name": user.name, "emails": user.profile()["emails"] });
    say(world, id, &json!({ "msg": "added", "collection": "users", "id": uid, "fields": fields }));
    let mut result = json!({ "id": uid, "token": token, "type": kind });
    if !ends.is_null() {
        result["tokenExpires"] = ends;
    }
    Ok(result)
}

fn login_error(refused: LoginRefused) -> Value {
    match refused {
        LoginRefused::NobodyThere => error(403, "User not found"),
        LoginRefused::WrongPassword => error(403, "Incorrect password"),
        LoginRefused::SecondFactor => {
            let mut error = error("totp-required", "TOTP Required");
            error["details"] = json!({ "method": "totp", "codeGenerated": false, "availableMethods": ["totp"] });
            error
        }
        LoginRefused::LoggedOut => error(403, "You've been logged out by the server. Please log in again."),
    }
}

fn log_out(world: &mut World, id: u64) -> Value {
    if let Some(socket) = world.sockets.get(id) {
        socket.uid = None;
        socket.subs.clear();
        let token = socket.token.take();
        if let Some(token) = token {
            world.end_token(&token);
        }
    }
    Value::Null
}

fn send(world: &mut World, uid: &str, message: &Value) -> Answer {
    let text = |name: &str| message[name].as_str().map(str::to_owned);
    let Some(rid) = text("rid") else { return Ok(Value::Null) };
    let draft = Draft { id: text("_id"), tmid: text("tmid"), ..Draft::of(&text("msg").unwrap_or_default()) };
    match world.post(&rid, uid, draft, Source::Client) {
        Ok(Posted::New(id)) => Ok(world.message(&id).map_or(Value::Null, |message| message.shown.clone())),
        Ok(Posted::Known(_)) => Ok(Value::Null),
        Err(refused) if refused.reason == "error-not-allowed" => Err(error("error-not-allowed", "Not allowed")),
        Err(refused) => {
            // The call succeeds all the same: the reason only comes as a note to the user.
            world.tell_user(uid, "message", &json!([{ "rid": rid, "msg": refused.reason, "private": true }]));
            Ok(Value::Null)
        }
    }
}

fn react(world: &mut World, uid: &str, params: &Value) -> Answer {
    let (emoji, id) = (params[0].as_str().unwrap_or_default(), params[1].as_str().unwrap_or_default());
    world.react(id, uid, emoji, params[2].as_bool()).map(|()| Value::Null).map_err(|refused| refusal(&refused))
}

fn create_direct(world: &mut World, uid: &str, name: &Value) -> Answer {
    let other = name.as_str().and_then(|name| world.user_named(name)).map(|user| user.id.clone());
    let other = other.ok_or_else(|| error("error-invalid-user", "Invalid user"))?;
    let rid = world.direct_room(&[uid, &other]);
    Ok(json!({ "t": "d", "rid": rid, "_id": rid }))
}

fn notify_room(world: &mut World, uid: &str, params: &Value) {
    let Some((rid, event)) = params[0].as_str().and_then(|event| event.split_once('/')) else { return };
    let name = params[1].as_str().unwrap_or_default();
    let typing = match event {
        "user-activity" if world.version != Version::Six => params[2].as_array().is_some_and(|all| !all.is_empty()),
        "typing" => params[2] == true,
        _ => return,
    };
    let own = world.user(uid).is_some_and(|user| user.username == name);
    let open = world.room(rid).is_some_and(|room| room.open_to(uid));
    // The event of old shows nothing any more.
    let shown = own && open && (event == "user-activity" || world.version == Version::Six);
    let sign = match (shown, typing) {
        (false, _) => Sign::Ignored,
        (true, true) => Sign::Typing,
        (true, false) => Sign::Still,
    };
    let tmid = params[3]["tmid"].as_str().map(str::to_owned);
    world.record.typing.push(Typing { rid: rid.to_owned(), name: name.to_owned(), tmid, sign });
    if own && open {
        let args: Vec<_> = params.as_array().into_iter().flatten().skip(1).cloned().collect();
        world.tell_room(rid, event, &args.into());
    }
}
