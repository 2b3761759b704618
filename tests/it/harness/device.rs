//! A device that proves itself to the control plane by its key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::control::ControlClient;

/// A device with a key of its own.
pub struct Device {
    /// The hash of its key.
    pub id: String,
    key: Ed25519KeyPair,
}

impl Device {
    /// Returns a device that nobody knows.
    pub fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { id, key }
    }

    /// Returns its proof of itself for the usual client, as it signs a challenge's payload.
    pub fn proof(&self, challenge: &Value, token: &str, scopes: &[&str]) -> Value {
        let nonce = challenge["nonce"].as_str().expect("a nonce");
        let signed_at = challenge["ts"].as_i64().expect("a time");
        let text = format!("v2|{}|test|test|operator|{}|{signed_at}|{token}|{nonce}", self.id, scopes.join(","));
        json!({
            "id": self.id,
            "publicKey": URL_SAFE_NO_PAD.encode(self.key.public_key()),
            "signature": URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes())),
            "signedAt": signed_at,
            "nonce": nonce,
        })
    }

    /// Connects with a token and scopes, after the challenge; answers as `hello` does.
    pub async fn connect(&self, client: &mut ControlClient, token: &str, scopes: &[&str]) -> Result<Value, Value> {
        let challenge = client.event("connect.challenge").await["payload"].clone();
        let device = self.proof(&challenge, token, scopes);
        client.hello(json!({ "device": device, "auth": { "token": token }, "scopes": scopes })).await
    }
}
