//! The parameters of `connect`, read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use callboard_actors::client::ClientCard;
use jsonschema::Validator;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::protocol::Range;
use super::refusal::{Fault, cut};
use crate::ws::params;

/// How a client may be used. `operator` is a role, but documents show it here.
const MODES: &[&str] = &["webchat", "cli", "ui", "backend", "node", "probe", "test", "operator"];
/// How long a word of a client about itself is kept, in bytes.
const WORD_BYTES_MAX: usize = 128;
/// How long a client's search path is kept, in bytes.
const LINE_BYTES_MAX: usize = 4096;

/// The parameters of `connect` as they are sent. What is not known here is passed over, whatever the protocol: newer clients send
/// more.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::ws) struct ConnectParams {
    /// The lowest protocol that the client speaks.
    #[schemars(range(min = 1))]
    min_protocol: i64,
    /// The highest.
    #[schemars(range(min = 1))]
    max_protocol: i64,
    /// What the client says of itself: shown, and never a reason to trust it.
    client: ClientSaid,
    /// What it can do, as a node.
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    caps: Option<Vec<String>>,
    /// Which commands it takes, as a node.
    #[schemars(length(max = 256), inner(length(min = 1, max = 128)))]
    commands: Option<Vec<String>>,
    /// What its owner allowed it, as a node.
    #[schemars(extend("maxProperties" = 256))]
    permissions: Option<BTreeMap<String, bool>>,
    /// Its search path, as a node.
    #[schemars(length(max = 65_536))]
    path_env: Option<String>,
    /// `operator`, which it is without one, or `node`.
    #[schemars(length(min = 1, max = 65_536))]
    role: Option<String>,
    /// The scopes that it asks for, to the letter as they are signed.
    #[schemars(length(max = 16), inner(length(min = 1, max = 128)))]
    scopes: Option<Vec<String>>,
    /// The device that it is, with its proof.
    device: Option<Identity>,
    /// What lets it in.
    auth: Option<AuthSaid>,
}

/// What a client says of itself.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ClientSaid {
    /// Its program.
    #[schemars(length(min = 1, max = 128))]
    id: String,
    /// What it is used as.
    #[schemars(schema_with = "modes")]
    mode: String,
    /// Its version.
    #[schemars(length(min = 1, max = 65_536))]
    version: String,
    /// What it runs on.
    #[schemars(length(min = 1, max = 65_536))]
    platform: String,
    /// Its name for people.
    #[schemars(length(min = 1, max = 65_536))]
    display_name: Option<String>,
    /// What sort of machine it runs on.
    #[schemars(length(min = 1, max = 65_536))]
    device_family: Option<String>,
    /// Which model of it.
    #[schemars(length(min = 1, max = 65_536))]
    model_identifier: Option<String>,
    /// The same over its reconnects.
    #[schemars(length(min = 1, max = 65_536))]
    instance_id: Option<String>,
}

/// What lets a client in. An empty one is none.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AuthSaid {
    /// The gateway's token; older clients put their device's here.
    #[schemars(with = "Option<String>", length(max = 4096))]
    token: Option<SecretString>,
    /// Where newer clients put their device's token, so that it is not taken for the shared one.
    #[schemars(with = "Option<String>", length(max = 4096))]
    device_token: Option<SecretString>,
    /// The gateway's password.
    #[schemars(with = "Option<String>", length(max = 4096))]
    password: Option<SecretString>,
}

/// What a device says of itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    /// The hash of its key.
    #[schemars(length(min = 1, max = 1024))]
    pub(super) id: String,
    /// Its key.
    #[schemars(length(min = 1, max = 1024))]
    pub(super) public_key: String,
    /// What it signed with it.
    #[schemars(length(min = 1, max = 1024))]
    pub(super) signature: String,
    /// When, in milliseconds of its clock.
    #[schemars(range(min = 0))]
    pub(super) signed_at: i64,
    /// The challenge that it signed.
    #[schemars(length(min = 1, max = 1024))]
    pub(super) nonce: Option<String>,
}

/// The parameters of `connect` as they are kept.
#[derive(Clone, Debug)]
pub(super) struct Connect {
    pub(super) range: Range,
    pub(super) client: ClientCard,
    pub(super) caps: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) permissions: BTreeMap<String, bool>,
    pub(super) path_env: Option<String>,
    pub(super) role: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) device: Option<Identity>,
    pub(super) token: Option<SecretString>,
    pub(super) device_token: Option<SecretString>,
    pub(super) password: Option<SecretString>,
}

static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| {
    jsonschema::validator_for(SchemaGenerator::default().into_root_schema_for::<ConnectParams>().as_value()).ok()
});

impl Connect {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Something is missing or of the wrong form: each such place is named.
    pub(super) fn read(raw: Option<&RawValue>) -> Result<Self, Fault> {
        let fitting = params::read("connect", params::LENIENT_FROM, raw, VALIDATOR.as_ref());
        let fitting = fitting.map_err(|error| Fault::Params(error.message))?;
        let said: ConnectParams = serde_json::from_value(fitting)
            .map_err(|error| Fault::Params(params::invalid("connect", &format!("at root: {error}")).message))?;
        let auth = said.auth.unwrap_or_default();
        let filled = |secret: Option<SecretString>| secret.filter(|secret| !secret.expose_secret().is_empty());
        Ok(Self {
            range: Range { min: said.min_protocol, max: said.max_protocol },
            client: said.client.card(),
            caps: said.caps.unwrap_or_default(),
            commands: said.commands.unwrap_or_default(),
            permissions: said.permissions.unwrap_or_default(),
            path_env: said.path_env.map(|path| tidy(&path, LINE_BYTES_MAX)),
            role: said.role,
            scopes: said.scopes,
            device: said.device,
            token: filled(auth.token),
            device_token: filled(auth.device_token),
            password: filled(auth.password),
        })
    }
}

impl ClientSaid {
    fn card(self) -> ClientCard {
        let word = |text: String| tidy(&text, WORD_BYTES_MAX);
        ClientCard {
            id: self.id,
            mode: self.mode,
            version: word(self.version),
            platform: word(self.platform),
            display_name: self.display_name.map(word),
            device_family: self.device_family.map(word),
            model_identifier: self.model_identifier.map(word),
            instance_id: self.instance_id.map(word),
        }
    }
}

fn modes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": MODES })
}

/// Returns a text as it can be shown: without control characters, at most so long.
fn tidy(text: &str, bytes_max: usize) -> String {
    let shown: String = cut(text, bytes_max).chars().filter(|char| !char.is_control()).collect();
    shown.trim().to_owned()
}
