//! Credentials compared.

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// Compares in a time that tells neither where the two differ nor how long the secret is. An empty secret is like nothing.
#[must_use]
pub fn same(offer: &[u8], secret: &SecretString) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let equal = digest(&SHA256, offer).as_ref().ct_eq(digest(&SHA256, secret).as_ref());
    !secret.is_empty() && bool::from(equal)
}
