//! Calls of platforms over HTTP: their client, their answers, and why there was none.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::tls::{self, TlsError, Trust};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// Its certificates cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The library refused.
    #[error("{0}")]
    Setup(reqwest::Error),
}

/// Returns a client for one server, which trusts the machine's certificates and those of the account (PEM). What stands in an address
/// is told to nobody by a `Referer`.
///
/// # Errors
/// There is none.
pub(super) async fn client(base: &str, ca_pem: Option<&str>, redirects: Policy) -> Result<Client, ClientError> {
    let trust = match (base.starts_with("https"), ca_pem) {
        (false, _) => Trust::Nothing,
        (true, None) => Trust::System,
        (true, Some(pem)) => Trust::SystemAnd(pem),
    };
    let tls = tls::client_config(trust).await?;
    let builder = Client::builder().tls_backend_preconfigured(tls).referer(false).redirect(redirects);
    builder.build().map_err(ClientError::Setup)
}

/// Why an answer was not read to its end.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It is longer than its bound.
    TooLong,
    /// It broke off.
    Broken(reqwest::Error),
}

/// Reads an answer of at most so many bytes.
///
/// # Errors
/// It is longer, or breaks off.
pub(super) async fn body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Returns the reason at the root of an error, without the address, which may hold a secret.
pub(super) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}
