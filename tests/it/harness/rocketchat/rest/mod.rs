//! The wire of requests: which call it is, who makes it, and the bodies around the answers.

mod chat;
mod download;
mod history;
mod login;
mod media;
mod rooms;

use serde_json::{Value, json};

use super::ejson::to_rest;
use super::http::{Request, Response};
use super::limits::Verdict;
use super::world::{Refused, Version, World};

/// A refusal: a status and a body.
pub struct Refusal {
    status: u16,
    body: Value,
}

type Answer = Result<Value, Refusal>;

impl Refusal {
    /// Returns a failure with a text.
    fn failure(text: &str) -> Self {
        Self { status: 400, body: json!({ "success": false, "error": text }) }
    }

    /// Returns one without.
    fn bare() -> Self {
        Self { status: 400, body: json!({ "success": false }) }
    }

    /// Returns one with a code.
    fn coded(code: &str, text: &str) -> Self {
        let error = format!("{text} [{code}]");
        Self { status: 400, body: json!({ "success": false, "error": error, "errorType": code }) }
    }

    fn not_there() -> Self {
        Self { status: 404, body: json!({ "success": false, "error": "API endpoint does not exist" }) }
    }

    fn forbidden(version: Version) -> Self {
        let error = if version == Version::Eight { "forbidden" } else { "unauthorized" };
        Self { status: 403, body: json!({ "success": false, "error": error }) }
    }

    fn logged_out(version: Version) -> Self {
        let text = "You must be logged in to do this.";
        let body = match version {
            Version::Eight => json!({ "success": false, "error": text }),
            Version::Six | Version::Seven => json!({ "status": "error", "message": text }),
        };
        Self { status: 401, body }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused.code {
            "" => Self::failure(&refused.reason),
            code => Self::coded(code, &refused.reason),
        }
    }
}

/// Who asks for what.
struct Ask<'a> {
    uid: String,
    request: &'a Request,
    /// What the path goes on with after the call's name.
    rest: Vec<&'a str>,
}

/// Returns the call that a request makes: the path's part after `/api/v1/`, or its first one.
pub fn route(request: &Request) -> String {
    let path = request.path.strip_prefix("/api/v1/").or(request.path.strip_prefix("/api/")).unwrap_or(&request.path);
    path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned()
}

/// Answers a request.
pub fn answer(world: &mut World, request: &Request, route: &str) -> Response {
    match route {
        "file-upload" => return download::file(world, request),
        "storage" => return download::storage(world, request),
        _ if !request.path.starts_with("/api/") => {
            return Response::bytes(404, "text/html", b"<html>Not found</html>".to_vec());
        }
        _ => {}
    }
    let now = world.now_ms();
    let standing = world.limits.count(route, now);
    let mut response = match standing {
        Some(standing) if standing.verdict == Verdict::Over => {
            let wait_ms = u64::try_from((standing.reset_ms - now).max(0)).unwrap_or_default();
            limited(wait_ms.div_ceil(1000), standing.reset_ms)
        }
        _ => finish(call(world, request, route)),
    };
    if let Some(standing) = standing {
        response.headers.retain(|(name, _)| !name.starts_with("X-RateLimit"));
        let header = |name: &str, value: String| (format!("X-RateLimit-{name}"), value);
        response.headers.push(header("Limit", standing.limit.to_string()));
        response.headers.push(header("Remaining", standing.remaining.to_string()));
        response.headers.push(header("Reset", standing.reset_ms.to_string()));
    }
    response
}

/// Returns the answer to a call that came too early.
pub fn limited(seconds: u64, reset_ms: i64) -> Response {
    let text = format!(
        "Error, too many requests. Please slow down. You must wait {seconds} seconds before trying this endpoint again. [error-too-many-requests]"
    );
    let mut response = Response::json(429, &json!({ "success": false, "error": text, "errorType": "error-too-many-requests" }));
    for (name, value) in [("Limit", 10.to_string()), ("Remaining", 0.to_string()), ("Reset", reset_ms.to_string())] {
        response.headers.push((format!("X-RateLimit-{name}"), value));
    }
    response
}

fn finish(answer: Answer) -> Response {
    match answer {
        Ok(body) => {
            let mut body = to_rest(&body);
            if body.get("status").is_none() {
                body["success"] = true.into();
            }
            Response::json(200, &body)
        }
        Err(refusal) => Response::json(refusal.status, &refusal.body),
    }
}

fn call(world: &mut World, request: &Request, route: &str) -> Answer {
    match (request.method.as_str(), route) {
        ("GET", "info") => return Ok(json!({ "version": world.version.number() })),
        ("POST", "login") => return login::log_in(world, request),
        _ => {}
    }
    let uid = login::who(world, request).ok_or_else(|| Refusal::logged_out(world.version))?;
    let rest = request.path.trim_start_matches('/').split('/').skip(3).collect();
    let ask = Ask { uid, request, rest };
    match (request.method.as_str(), route) {
        ("GET", "me") => Ok(world.user(&ask.uid).map_or(Value::Null, super::world::User::profile)),
        ("POST", "logout") => login::log_out(world, request),
        ("POST", "chat.sendMessage") => chat::send(world, &ask),
        ("POST", "chat.postMessage") => chat::post(world, &ask),
        ("POST", "chat.update") => chat::update(world, &ask),
        ("POST", "chat.react") => chat::react(world, &ask),
        ("POST", "chat.delete") => chat::delete(world, &ask),
        ("GET", "chat.getMessage") => chat::get(world, &ask),
        ("GET", "chat.getThreadMessages") => history::thread(world, &ask),
        ("GET", "chat.syncMessages") => history::sync(world, &ask),
        ("GET", "channels.history" | "groups.history" | "im.history" | "dm.history") => history::page(world, &ask, route),
        ("GET", "rooms.info" | "channels.info") => rooms::info(world, &ask),
        ("GET", "rooms.get") => rooms::rooms(world, &ask),
        ("GET", "subscriptions.get") => rooms::subscriptions(world, &ask),
        ("GET", "channels.list.joined" | "groups.list" | "im.list" | "dm.list") => rooms::list(world, &ask, route),
        ("POST", "im.create" | "dm.create") => rooms::create_direct(world, &ask),
        ("GET", "users.info") => rooms::user(world, &ask),
        ("POST", "rooms.media") if world.version != Version::Six => media::upload(world, &ask),
        ("POST", "rooms.mediaConfirm") if world.version != Version::Six => media::confirm(world, &ask),
        ("POST", "rooms.upload") if world.version != Version::Eight => media::upload_at_once(world, &ask),
        _ => Err(Refusal::not_there()),
    }
}
