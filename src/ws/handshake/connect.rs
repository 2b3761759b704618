//! The parameters of `connect`, read.

use std::collections::BTreeMap;

use callboard_actors::client::ClientCard;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::protocol::Range;
use super::refusal::{Fault, cut};
use super::schema::{Length, Part, Reader};

/// How a client may be used. `operator` is a role, but documents show it here.
const MODES: &[&str] = &["webchat", "cli", "ui", "backend", "node", "probe", "test", "operator"];
/// How long a word of a client about itself is kept, in bytes.
const WORD_BYTES_MAX: usize = 128;
/// How long a client's search path is kept, in bytes.
const LINE_BYTES_MAX: usize = 4096;

const NAME: Length = Length { min: 1, max: 128 };
const ANY: Length = Length { min: 1, max: 65_536 };
const MAYBE: Length = Length { min: 0, max: 65_536 };
const KEY: Length = Length { min: 1, max: 1024 };
const CREDENTIAL: Length = Length { min: 0, max: 4096 };
const SCOPES: Length = Length { min: 0, max: 16 };
const CAPS: Length = Length { min: 0, max: 64 };
const COMMANDS: Length = Length { min: 0, max: 256 };

/// What a device says of itself.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) public_key: String,
    pub(super) signature: String,
    pub(super) signed_at: i64,
    pub(super) nonce: Option<String>,
}

/// The parameters of `connect`.
#[derive(Clone, Debug)]
pub(super) struct Connect {
    pub(super) range: Range,
    pub(super) client: ClientCard,
    pub(super) caps: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) permissions: BTreeMap<String, bool>,
    pub(super) path_env: Option<String>,
    pub(super) role: Option<String>,
    /// To the letter: they are signed.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) device: Option<Identity>,
    /// An empty one is none.
    pub(super) token: Option<SecretString>,
    /// Where newer clients put their device's token, so that it is not taken for the shared one. An empty one is none.
    pub(super) device_token: Option<SecretString>,
    /// An empty one is none.
    pub(super) password: Option<SecretString>,
}

impl Connect {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Something is missing or of the wrong form; every such thing is named, up to eight.
    pub(super) fn read(params: &str) -> Result<Self, Fault> {
        let fields: Option<Map<String, Value>> =
            serde_json::from_str(params).map_err(|_| Fault::Params("at root: must be object".into()))?;
        let fields = fields.unwrap_or_default();
        let (mut reader, whole) = (Reader::default(), Part::whole(&fields));
        reader.require(whole, &["minProtocol", "maxProtocol", "client"]);
        let min = reader.integer(whole, "minProtocol", 1);
        let max = reader.integer(whole, "maxProtocol", 1);
        let client = reader.part(whole, "client", "/client").and_then(|part| client(&mut reader, part));
        let auth = reader.part(whole, "auth", "/auth");
        let mut secret = |name| {
            let text = auth.and_then(|part| reader.text(part, name, CREDENTIAL))?;
            (!text.is_empty()).then(|| SecretString::from(text))
        };
        let (token, device_token, password) = (secret("token"), secret("deviceToken"), secret("password"));
        let read = Self {
            range: Range { min: min.unwrap_or(1), max: max.unwrap_or(1) },
            client: client.unwrap_or_default(),
            caps: reader.texts(whole, "caps", CAPS, NAME).unwrap_or_default(),
            commands: reader.texts(whole, "commands", COMMANDS, NAME).unwrap_or_default(),
            permissions: reader.switches(whole, "permissions", COMMANDS).into_iter().collect(),
            path_env: reader.text(whole, "pathEnv", MAYBE).map(|text| tidy(text, LINE_BYTES_MAX)),
            role: reader.text(whole, "role", ANY).map(str::to_owned),
            scopes: reader.texts(whole, "scopes", SCOPES, NAME),
            device: reader.part(whole, "device", "/device").and_then(|part| device(&mut reader, part)),
            token,
            device_token,
            password,
        };
        // Nobody asks for these yet; of the wrong form they are refused all the same.
        for name in ["locale", "userAgent"] {
            let _ = reader.text(whole, name, MAYBE);
        }
        reader.verdict().map_err(Fault::Params)?;
        Ok(read)
    }
}

fn client(reader: &mut Reader, part: Part<'_>) -> Option<ClientCard> {
    reader.require(part, &["id", "version", "platform", "mode"]);
    let id = reader.text(part, "id", NAME);
    let mut word = |name| reader.text(part, name, ANY).map(|text| tidy(text, WORD_BYTES_MAX));
    let (version, platform) = (word("version"), word("platform"));
    let (display_name, device_family) = (word("displayName"), word("deviceFamily"));
    let (model_identifier, instance_id) = (word("modelIdentifier"), word("instanceId"));
    let mode = reader.one_of(part, "mode", MODES);
    Some(ClientCard {
        id: id?.to_owned(),
        mode: mode?.to_owned(),
        version: version?,
        platform: platform?,
        display_name,
        device_family,
        model_identifier,
        instance_id,
    })
}

fn device(reader: &mut Reader, part: Part<'_>) -> Option<Identity> {
    reader.require(part, &["id", "publicKey", "signature", "signedAt"]);
    let mut text = |name| reader.text(part, name, KEY).map(str::to_owned);
    let (id, public_key, signature, nonce) = (text("id"), text("publicKey"), text("signature"), text("nonce"));
    let signed_at = reader.integer(part, "signedAt", 0);
    Some(Identity { id: id?, public_key: public_key?, signature: signature?, signed_at: signed_at?, nonce })
}

/// Returns a text as it can be shown: without control characters, at most so long.
fn tidy(text: &str, bytes_max: usize) -> String {
    let shown: String = cut(text, bytes_max).chars().filter(|char| !char.is_control()).collect();
    shown.trim().to_owned()
}
