//! Files that come as base64 in a text: told apart from other text, and decoded with a bound that holds before anything is allocated.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Takes data with padding and without.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Why base64 gives no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Base64Fault {
    /// There would be too many.
    #[error("it is larger than {max} bytes, the most that is taken")]
    TooLarge {
        /// The bound, bytes.
        max: usize,
    },
    /// It is not base64.
    #[error("invalid base64 content")]
    Invalid,
    /// Too many others are on their way.
    #[error("too many files are on their way at once: send it again later")]
    Crowded,
}

/// Returns MIME type and base64 text of a `data:` address; `None` for anything else.
#[must_use]
pub fn split_address(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (scheme, rest) = text.split_at_checked("data:".len())?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, data) = rest.split_once(',')?;
    let cut = head.len().checked_sub(";base64".len())?;
    let (mime, mark) = head.split_at_checked(cut)?;
    mark.eq_ignore_ascii_case(";base64").then(|| (mime.split(';').next().unwrap_or_default(), data))
}

/// The bytes of files that are in hand at once, in the whole process: nobody has looked yet at who sent them.
const IN_HAND_BYTES_MAX: usize = 128 << 20;

static IN_HAND: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(IN_HAND_BYTES_MAX)));

/// Bytes with their places among those in hand.
struct Held {
    bytes: Vec<u8>,
    _places: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Decodes base64 of either alphabet, with white space in it or without.
///
/// # Errors
/// It is none, stands for more than `max` bytes, or too much is in hand already.
pub fn decode(text: &str, max: usize) -> Result<Bytes, Base64Fault> {
    let letters = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let count = letters.clone().filter(|byte| *byte != b'=').count();
    if count / 4 * 3 > max {
        return Err(Base64Fault::TooLarge { max });
    }
    let places = u32::try_from(count).map_err(|_| Base64Fault::TooLarge { max })?;
    let places = Arc::clone(&IN_HAND).try_acquire_many_owned(places).map_err(|_| Base64Fault::Crowded)?;
    let letters: Vec<u8> = letters.collect();
    let engine = if letters.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
    let bytes = engine.decode(letters).map_err(|_| Base64Fault::Invalid)?;
    if bytes.len() > max {
        return Err(Base64Fault::TooLarge { max });
    }
    Ok(Bytes::from_owner(Held { bytes, _places: places }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_both_alphabets_is_read_and_nothing_else() {
        let cases: &[(&str, &[u8])] =
            &[("AAEC", &[0, 1, 2]), ("-_8=", &[0xfb, 0xff]), ("+/8", &[0xfb, 0xff]), ("AA\r\nEC ", &[0, 1, 2]), ("", &[])];
        for (text, bytes) in cases {
            assert_eq!(decode(text, 8).as_deref(), Ok(*bytes), "{text}");
        }
        for text in ["A", "A*BC", "data:image/png;base64,AAEC", "AA=C", "🎭"] {
            assert_eq!(decode(text, 1 << 20), Err(Base64Fault::Invalid), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_known_before_it_is_decoded() {
        assert_eq!(decode("AAECAwQF", 6).map(|bytes| bytes.len()), Ok(6));
        assert_eq!(decode("AAECAwQF", 5), Err(Base64Fault::TooLarge { max: 5 }));
        // Not base64 at all, and refused by its size alone.
        assert_eq!(decode(&"*".repeat(1024), 16), Err(Base64Fault::TooLarge { max: 16 }));
    }

    #[test]
    fn a_data_address_is_cut_in_two() {
        assert_eq!(split_address("data:image/png;base64,AAEC"), Some(("image/png", "AAEC")));
        assert_eq!(split_address(" DATA:text/plain;charset=utf-8;BASE64,AA"), Some(("text/plain", "AA")));
        for other in ["", "data:", "data:image/png,AAEC", "https://a/b;base64,c", "dätä:x;base64,", "data:;base6,4"] {
            assert_eq!(split_address(other), None, "{other}");
        }
    }
}
