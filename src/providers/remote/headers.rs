//! The headers of a backend that the configuration names.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// Headers that belong to the connection and to the body: whoever set them would break every request.
const OURS: [&str; 9] =
    ["connection", "content-length", "content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// Reads headers, marked as sensitive.
///
/// # Errors
/// Names the header that cannot be sent, and why.
pub(super) fn read(headers: &[(String, SecretString)]) -> Result<HeaderMap, (String, &'static str)> {
    let mut read = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let wrong = |reason: &'static str| (name.clone(), reason);
        let header = HeaderName::try_from(name.trim()).map_err(|_| wrong("is no header's name"))?;
        if OURS.contains(&header.as_str()) {
            return Err(wrong("belongs to the connection; leave it out"));
        }
        let value = HeaderValue::from_str(value.expose_secret().trim());
        let mut value = value.map_err(|_| wrong("has characters that cannot be sent; write it again"))?;
        value.set_sensitive(true);
        read.insert(header, value);
    }
    Ok(read)
}
