//! Pairing codes: short enough to be read out, without letters and digits that look alike.

use rand::seq::IndexedRandom as _;

/// The letters and digits of a code: no I, O, 0 or 1.
pub const CODE_ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How long a code is.
pub const CODE_LEN: usize = 8;
/// How long a request stays open.
pub const PAIRING_TTL_MS: i64 = 60 * 60 * 1000;
/// How many requests may be open for one account; a further stranger gets no answer.
pub const PAIRING_PENDING_MAX: usize = 3;

/// Returns a fresh code from the operating system's randomness.
#[must_use]
pub fn new_code() -> String {
    let mut rng = rand::rng();
    (0..CODE_LEN).filter_map(|_| CODE_ALPHABET.choose(&mut rng)).map(|&letter| char::from(letter)).collect()
}
