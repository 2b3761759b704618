//! What must not be told of a backend, wherever its words come from.

use std::cmp::Reverse;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// A shorter secret would hide ordinary words, bytes.
const SECRET_BYTES_MIN: usize = 4;
/// A shorter piece of a header is more likely a word of its scheme (`Bearer`, `Basic`), bytes.
const PIECE_BYTES_MIN: usize = 8;

/// The secrets of a backend.
#[derive(Debug)]
pub(super) struct Secrets {
    /// The longest first: a piece of one that is hidden first would leave the rest of it to be read.
    secrets: Vec<SecretString>,
}

impl Secrets {
    /// Takes keys, the values of headers, with each piece of them that may be a key behind the name of its scheme, and what the URL's
    /// query says, as it is written and as it is meant.
    pub(super) fn new<'a>(
        keys: impl IntoIterator<Item = &'a SecretString>,
        headers: impl IntoIterator<Item = &'a SecretString>,
        url: &Url,
    ) -> Self {
        let mut secrets: Vec<String> = keys.into_iter().map(|key| key.expose_secret().trim().to_owned()).collect();
        for header in headers {
            let value = header.expose_secret().trim();
            let pieces = value.split_whitespace().chain(value.split([' ', '\t', ';', ',', '=', '"']));
            secrets.extend(pieces.filter(|piece| piece.len() >= PIECE_BYTES_MIN).map(str::to_owned));
            secrets.push(value.to_owned());
        }
        secrets.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
        let written = url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        secrets.extend(written.map(|(_, value)| value.to_owned()));
        secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        Self { secrets: secrets.into_iter().map(SecretString::from).collect() }
    }

    /// Returns the text with `***` for each secret.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "***"))
    }
}

#[cfg(test)]
mod tests;
