//! TLS with ring, for the broker and the config call. Nothing is loaded before the first encrypted connection.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// Why no TLS connection can be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// The own certificates cannot be read.
    #[error("`caPem` holds no readable certificate: it has to be PEM, with BEGIN CERTIFICATE")]
    OwnCa,
    /// The machine has no certificates.
    #[error("this machine has no root certificates: install ca-certificates, or set `caFile`")]
    NoRoots,
    /// The library refused.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Which certificates are trusted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust<'a> {
    /// Those of the machine.
    System,
    /// These alone, PEM: whoever names a CA for a broker wants no other.
    Only(&'a str),
    /// Those of the machine and these, PEM: the same CA may stand behind a self-hosted backend, or not.
    SystemAnd(&'a str),
    /// None, for connections without encryption.
    Nothing,
}

/// Returns the settings of a client.
///
/// # Errors
/// Fails when the certificates cannot be read.
pub(super) async fn client_config(trust: Trust<'_>) -> Result<ClientConfig, TlsError> {
    let roots = match trust {
        Trust::System => system_roots().await?,
        Trust::Only(pem) => with_own(RootCertStore::empty(), pem)?,
        Trust::SystemAnd(pem) => {
            // The own ones alone may do: a small container often has no others.
            let system = system_roots().await.unwrap_or_else(|_| Arc::new(RootCertStore::empty()));
            with_own(system.as_ref().clone(), pem)?
        }
        Trust::Nothing => Arc::new(RootCertStore::empty()),
    };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Returns the certificates of a PEM text, at least one.
///
/// # Errors
/// Fails when a part of it cannot be read, or there is none.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| TlsError::OwnCa)?;
    if found.is_empty() { Err(TlsError::OwnCa) } else { Ok(found) }
}

fn with_own(mut roots: RootCertStore, pem: &str) -> Result<Arc<RootCertStore>, TlsError> {
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|_| TlsError::OwnCa)?;
    }
    Ok(Arc::new(roots))
}

/// Reads the machine's certificates once: some hundred files, so on a thread that may block.
async fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    static ROOTS: OnceCell<Arc<RootCertStore>> = OnceCell::const_new();
    ROOTS
        .get_or_try_init(|| async {
            let loaded =
                tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await.map_err(|_| TlsError::NoRoots)?;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(loaded.certs);
            if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(Arc::new(roots)) }
        })
        .await
        .cloned()
}
