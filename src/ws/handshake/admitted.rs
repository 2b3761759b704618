//! What is known of a client that was let in.

use std::collections::BTreeMap;

use callboard_actors::client::{ClientCard, Grant, Pass, Role, Scopes};
use serde::Serialize;

/// The device token that a client is given; `auth` of `hello-ok` when it has a device.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedAuth {
    /// The token.
    pub device_token: String,
    /// The role that it is good for.
    pub role: Role,
    /// The scopes that it is good for; the connection may have fewer.
    pub scopes: Scopes,
    /// When it was made, milliseconds since 1970.
    pub issued_at_ms: i64,
}

impl std::fmt::Debug for IssuedAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedAuth").field("role", &self.role).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// By which credential a client was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The shared token.
    Token,
    /// The shared password.
    Password,
    /// The token of its device.
    DeviceToken,
    /// The word of the tailnet's proxy.
    Tailscale,
    /// None was asked for.
    None,
}

/// A client that was let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The id of its request, which `hello-ok` answers.
    pub id: String,
    /// The protocol to speak: 3, 4 or 7.
    pub protocol: u8,
    /// How it describes itself. Only `id` and `mode` are its words to the letter; the rest is cut to 128 bytes and freed of control
    /// characters, since it is shown to others.
    pub client: ClientCard,
    /// What it may do.
    pub grant: Grant,
    /// By which credential it came.
    pub method: Method,
    /// What stands for that credential when many share it.
    pub pass: Option<Pass>,
    /// Its device's token; `None` without a device.
    pub auth: Option<IssuedAuth>,
    /// What a node can do, at most 64.
    pub caps: Vec<String>,
    /// Which commands a node says that it takes, at most 256; what of them it is sent, others decide.
    pub commands: Vec<String>,
    /// What a node's owner allowed it, at most 256.
    pub permissions: BTreeMap<String, bool>,
    /// A node's search path.
    pub path_env: Option<String>,
}
