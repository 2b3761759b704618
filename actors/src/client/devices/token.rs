//! A device's token as it is made and kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::core::hex;

/// How a token is written, which clients of one protocol expect so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenForm {
    /// 32 hex digits, 128 bits: protocol 3.
    Hex,
    /// 43 characters of base64url, 256 bits: protocol 4 and later.
    Base64Url,
}

impl TokenForm {
    /// Makes a token from the operating system's randomness.
    pub(super) fn mint(self) -> SecretString {
        let mut rng = rand::rng();
        match self {
            Self::Hex => hex(&rng.random::<[u8; 16]>()).into(),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(rng.random::<[u8; 32]>()).into(),
        }
    }
}

/// A token as it is kept: enough to know it again, not enough to use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenRecord {
    /// Its SHA-256, lower-case hex. Tokens are random and long, so no salt is needed.
    hash: String,
    /// When it was made, milliseconds since 1970.
    pub(super) made_at_ms: i64,
    /// When it was last shown, as far as it was noted.
    pub(super) used_at_ms: i64,
}

impl TokenRecord {
    /// Keeps a token.
    pub(super) fn new(token: &SecretString, now_ms: i64) -> Self {
        Self { hash: hash(token.expose_secret()), made_at_ms: now_ms, used_at_ms: now_ms }
    }

    /// Returns whether it is this token, in a time that does not tell how near the guess was.
    pub(super) fn is(&self, token: &str) -> bool {
        bool::from(self.hash.as_bytes().ct_eq(hash(token).as_bytes()))
    }
}

fn hash(token: &str) -> String {
    hex(digest(&SHA256, token.as_bytes()).as_ref())
}
