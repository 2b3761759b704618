//! `device.*`: gateway-protocol §7.10. The book has the rules and tells the events; here live connections are closed.

use callboard_actors::client::devices::{
    Closing, DeviceApproved, DeviceError, DevicePairs, DeviceRejected, TokenForm, TokenRevoked, TokenRotated,
};
use callboard_actors::client::{CloseCode, Payload, Refusal, Role, Scope, Scopes, WireError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ws::table::{Cx, Method, Nothing, SHORT, method, missing};

/// From which protocol on tokens are written in base64url.
const BASE64_FROM: u32 = 4;

pub(super) const METHODS: &[Method] = &[
    method!("device.pair.list", Scope::Pairing, SHORT, "Lists the devices that wait and those that were let in, without secrets.", Nothing => DevicePairs, list),
    method!("device.pair.approve", Scope::Pairing, SHORT, "Lets a device in; only with scopes that the one who asks has.", OneRequest => DeviceApproved, approve),
    method!("device.pair.reject", Scope::Pairing, SHORT, "Sends a device away; it may ask again.", OneRequest => DeviceRejected, reject),
    method!("device.token.rotate", Scope::Pairing, SHORT, "Makes a device's token anew, and closes the connections that came with the old one.", RotateParams => TokenRotated, rotate),
    method!("device.token.revoke", Scope::Pairing, SHORT, "Makes a device's token void, and closes its connections.", RevokeParams => TokenRevoked, revoke),
];

/// One request to be let in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct OneRequest {
    /// Its `requestId`.
    #[schemars(length(min = 1, max = 128))]
    request_id: String,
}

/// A device's token that is to be made anew.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct RotateParams {
    /// The device.
    #[schemars(length(min = 1, max = 128))]
    device_id: String,
    /// The role: `operator` or `node`.
    #[schemars(length(min = 1, max = 64))]
    role: String,
    /// Fewer scopes than it was let in with; names that are not known here are left out.
    #[serde(default)]
    #[schemars(length(max = 16))]
    scopes: Option<Vec<String>>,
}

/// A device's token that is to be void.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct RevokeParams {
    /// The device.
    #[schemars(length(min = 1, max = 128))]
    device_id: String,
    /// The role: `operator` or `node`.
    #[schemars(length(min = 1, max = 64))]
    role: String,
}

async fn list(cx: Cx, _: Nothing) -> Result<DevicePairs, Refusal> {
    cx.control.devices.list().await.map_err(|error| told(&cx, &error))
}

async fn approve(cx: Cx, OneRequest { request_id }: OneRequest) -> Result<DeviceApproved, Refusal> {
    let approved = cx.control.devices.approve(&request_id, &cx.seat().grant).await.map_err(|error| told(&cx, &error))?;
    tracing::info!(event = "device.approved", device = approved.device.card.device_id, "let in by hand");
    Ok(approved)
}

async fn reject(cx: Cx, OneRequest { request_id }: OneRequest) -> Result<DeviceRejected, Refusal> {
    let rejected = cx.control.devices.reject(&request_id).await.map_err(|error| told(&cx, &error))?;
    tracing::info!(event = "device.rejected", device = rejected.device_id, "sent away by hand");
    Ok(rejected)
}

async fn rotate(cx: Cx, RotateParams { device_id, role, scopes }: RotateParams) -> Result<Payload, Refusal> {
    let role = role_of(&cx, &role)?;
    let form = if cx.seat().protocol < BASE64_FROM { TokenForm::Hex } else { TokenForm::Base64Url };
    let scopes = scopes.map(Scopes::named);
    let rotated = cx.control.devices.rotate(&device_id, role, scopes, form, &cx.seat().grant).await;
    let (rotated, closing) = rotated.map_err(|error| told(&cx, &error))?;
    tracing::info!(event = "device.token_rotated", device = device_id, role = %role, "made anew by hand");
    Ok(cut(&cx, &rotated, &closing, "device token rotated"))
}

async fn revoke(cx: Cx, RevokeParams { device_id, role }: RevokeParams) -> Result<Payload, Refusal> {
    let role = role_of(&cx, &role)?;
    let revoked = cx.control.devices.revoke(&device_id, role, &cx.seat().grant).await;
    let (revoked, closing) = revoked.map_err(|error| told(&cx, &error))?;
    tracing::info!(event = "device.token_revoked", device = device_id, role = %role, "made void by hand");
    Ok(cut(&cx, &revoked, &closing, "device token revoked"))
}

/// Closes the connections that came with a token which is void now. The one that asks may be one of them: nothing is written to
/// it after its end, so its answer goes before.
fn cut(cx: &Cx, answer: &impl Serialize, closing: &Closing, reason: &str) -> Payload {
    let answer = Payload::of(answer);
    if closing.hits(&cx.seat().grant) {
        cx.seat().answer_early(&cx.call.id, &Ok(answer.clone()));
    }
    cx.control.seats.close_where(CloseCode::POLICY, reason, |seat| closing.hits(&seat.grant));
    answer
}

fn role_of(cx: &Cx, role: &str) -> Result<Role, Refusal> {
    role.parse().map_err(|()| told(cx, &DeviceError::UnknownDevice))
}

/// Tells why not, a scope that is missing as everywhere else.
fn told(cx: &Cx, error: &DeviceError) -> Refusal {
    match error {
        DeviceError::Beyond(scope) => missing(cx.seat(), *scope),
        other => WireError::new(other.code(), other.to_string()),
    }
    .into()
}
