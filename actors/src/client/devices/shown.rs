//! Lists, answers and events in the form of the protocol (its reference, §7.10). No secret but the one that a rotation answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::{Role, Scopes};

/// A device as it describes itself; whoever fills this in has bounded each text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceCard {
    /// Lower-case hex SHA-256 of its public key.
    pub device_id: String,
    /// Its ed25519 public key, base64url.
    pub public_key: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Which program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// How that is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mode: Option<String>,
    /// From which address it asked, if from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
}

/// A device that asks to be let in; also the event `device.pair.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingDevice {
    /// Names the request.
    pub request_id: String,
    /// The device.
    #[serde(flatten)]
    pub card: DeviceCard,
    /// As what.
    pub role: Role,
    /// The same, as a list.
    pub roles: Vec<Role>,
    /// With which scopes.
    pub scopes: Scopes,
    /// Whether no operator is asked; false in every list, since such a request does not wait.
    pub silent: bool,
    /// Whether it was let in before, with less.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_repair: bool,
    /// When it asked first, milliseconds since 1970.
    pub ts: i64,
}

/// A device that was let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairedDevice {
    /// The device.
    #[serde(flatten)]
    pub card: DeviceCard,
    /// As what, last; none when every role is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// As what.
    pub roles: Vec<Role>,
    /// With which scopes.
    pub scopes: Scopes,
    /// When it was let in first.
    pub created_at_ms: i64,
    /// When it was let in last.
    pub approved_at_ms: i64,
    /// Its tokens, one for each role.
    pub tokens: Vec<TokenSummary>,
}

/// What may be known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenSummary {
    /// The role that it is good for.
    pub role: Role,
    /// The scopes that it is good for.
    pub scopes: Scopes,
    /// When the first was made, milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last replaced by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_at_ms: Option<i64>,
    /// Since when it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at_ms: Option<i64>,
    /// When it was last shown; after a restart up to ten minutes old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at_ms: Option<i64>,
}

/// The answer of `device.pair.list`: the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DevicePairs {
    /// Who waits.
    pub pending: Vec<PendingDevice>,
    /// Who was let in.
    pub paired: Vec<PairedDevice>,
}

/// The answer of `device.pair.approve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceApproved {
    /// The request.
    pub request_id: String,
    /// The device, as it is let in now.
    pub device: PairedDevice,
}

/// The answer of `device.pair.reject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRejected {
    /// The request.
    pub request_id: String,
    /// The device.
    pub device_id: String,
}

/// The answer of `device.token.rotate`; the one place where a token is shown.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRotated {
    /// The device.
    pub device_id: String,
    /// The role.
    pub role: Role,
    /// The new token.
    pub token: String,
    /// The scopes that it is good for.
    pub scopes: Scopes,
    /// When, milliseconds since 1970.
    pub rotated_at_ms: i64,
}

impl std::fmt::Debug for TokenRotated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRotated").field("device_id", &self.device_id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// The answer of `device.token.revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRevoked {
    /// The device.
    pub device_id: String,
    /// The role.
    pub role: Role,
    /// Since when it is void, milliseconds since 1970.
    pub revoked_at_ms: i64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PairingDecision {
    /// It was let in.
    Approved,
    /// It was not.
    Rejected,
}

/// The event `device.pair.resolved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairingResolved {
    /// The request.
    pub request_id: String,
    /// The device.
    pub device_id: String,
    /// What became of it.
    pub decision: PairingDecision,
    /// When, milliseconds since 1970.
    pub ts: i64,
}
