//! Whether a client is the device that it says it is: it signs what it asks for, and the challenge of this very connection.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use callboard_actors::core::hex;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::connect::{Connect, Identity};
use super::credential::signed_token;
use super::refusal::DeviceFault;

/// How far a device's clock may be from ours, milliseconds.
const DRIFT_MS_MAX: u64 = 10 * 60 * 1000;
/// How long a public key is.
const KEY_BYTES: usize = 32;
/// What stands before the key in a PEM file (RFC 8410 §4: the algorithm, then a bit string).
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// From where a device shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distance {
    /// This machine: the challenge need not be signed.
    Here,
    /// Anywhere else.
    Afar,
}

/// Looks at a device's proof and returns its public key, base64url.
///
/// # Errors
/// The proof is not good.
pub(super) fn prove(
    device: &Identity,
    connect: &Connect,
    role: &str,
    challenge: &str,
    distance: Distance,
    now_ms: i64,
) -> Result<String, DeviceFault> {
    let key = public_key(&device.public_key).filter(|key| hash(key) == device.id).ok_or(DeviceFault::Identity)?;
    if device.signed_at.abs_diff(now_ms) > DRIFT_MS_MAX {
        return Err(DeviceFault::Expired);
    }
    match (device.nonce.as_deref(), distance) {
        (None, Distance::Afar) => return Err(DeviceFault::NoNonce),
        (Some(nonce), _) if nonce != challenge => return Err(DeviceFault::Nonce),
        _ => {}
    }
    let signature = decode(&device.signature).ok_or(DeviceFault::Signature)?;
    let key_of_device = UnparsedPublicKey::new(&ED25519, &key);
    let verified =
        payloads(device, connect, role).iter().any(|signed| key_of_device.verify(signed.as_bytes(), &signature).is_ok());
    if verified { Ok(URL_SAFE_NO_PAD.encode(key)) } else { Err(DeviceFault::Signature) }
}

/// Returns what a device may sign (the protocol's reference, §2.3). The scopes are those that it asks for, to the letter. Newer
/// clients sign what they run on as well.
fn payloads(device: &Identity, connect: &Connect, role: &str) -> Vec<String> {
    let scopes = connect.scopes.as_deref().unwrap_or_default().join(",");
    let client = &connect.client;
    let fields = [&*device.id, &client.id, &client.mode, role, &scopes, &device.signed_at.to_string(), signed_token(connect)];
    let fields = fields.join("|");
    let Some(nonce) = device.nonce.as_deref() else { return vec![format!("v1|{fields}")] };
    let family = client.device_family.as_deref().unwrap_or_default().to_ascii_lowercase();
    let platform = client.platform.to_ascii_lowercase();
    vec![format!("v2|{fields}|{nonce}"), format!("v3|{fields}|{nonce}|{platform}|{family}")]
}

/// Reads a public key: its bytes in base64url, or a PEM file.
fn public_key(text: &str) -> Option<[u8; KEY_BYTES]> {
    let bytes = match text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----") {
        None => decode(text)?,
        Some(rest) => {
            let body: String = rest.split("-----END").next()?.split_ascii_whitespace().collect();
            STANDARD.decode(body).ok()?.strip_prefix(&DER_PREFIX)?.to_vec()
        }
    };
    bytes.try_into().ok()
}

/// Reads base64 in either alphabet, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let url_safe: String = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(url_safe).ok()
}

/// Returns a device's id: its key's SHA-256 in lower-case hex.
fn hash(key: &[u8; KEY_BYTES]) -> String {
    hex(digest(&SHA256, key).as_ref())
}
