//! Who is asking.

use serde_json::{Value, json};

use super::super::http::Request;
use super::super::world::{LoginRefused, Token, User, Version, World};
use super::{Answer, Refusal};

/// Returns who shows a token that holds, and is the one that it belongs to.
pub fn who(world: &World, request: &Request) -> Option<String> {
    let (token, uid) = (request.header("x-auth-token")?, request.header("x-user-id")?);
    world.token(token).filter(|token| token.uid == uid).map(|token| token.uid.clone())
}

/// Answers `login`.
pub fn log_in(world: &mut World, request: &Request) -> Answer {
    let with = request.json();
    let token = match with["resume"].as_str() {
        Some(token) => world.resume(token),
        None => {
            let name = ["user", "username", "email"].iter().find_map(|field| match &with[*field] {
                Value::String(name) => Some(name.as_str()),
                user => user["username"].as_str().or(user["email"].as_str()),
            });
            world.log_in(name.unwrap_or_default(), &with["password"], with["code"].as_str())
        }
    };
    match token {
        Ok(Token { token, uid, .. }) => {
            let me = world.user(&uid).map(User::profile);
            Ok(json!({ "status": "success", "data": { "userId": uid, "authToken": token, "me": me } }))
        }
        Err(refused) => Err(Refusal { status: 401, body: refusal(refused, world.version) }),
    }
}

fn refusal(refused: LoginRefused, version: Version) -> Value {
    match (refused, version) {
        (LoginRefused::SecondFactor, Version::Eight) => json!({ "success": false, "error": "totp-required" }),
        (LoginRefused::SecondFactor, Version::Six | Version::Seven) => json!({
            "status": "error", "error": "totp-required", "message": "TOTP Required [totp-required]",
            "details": { "method": "totp", "codeGenerated": false, "availableMethods": ["totp"] }
        }),
        (_, Version::Eight) => json!({ "success": false, "error": "unauthorized" }),
        (_, Version::Six | Version::Seven) => {
            json!({ "status": "error", "error": "Unauthorized", "message": "Unauthorized" })
        }
    }
}

/// Answers `logout`.
pub fn log_out(world: &mut World, request: &Request) -> Answer {
    world.end_token(request.header("x-auth-token").unwrap_or_default());
    Ok(json!({ "status": "success", "data": { "message": "You've been logged out!" } }))
}
