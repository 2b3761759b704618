//! One page over https, with a certificate by a CA of its own.

use std::sync::Arc;

use rumqttc::tokio_rustls::TlsAcceptor;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::mosquitto::make_certificates;

/// A server that answers every request with one JSON text; it ends with its value.
pub struct TlsPage {
    /// Where it listens, `https://127.0.0.1:port`.
    pub url: String,
    /// The certificate of its CA, PEM.
    pub ca_pem: String,
    task: JoinHandle<()>,
}

impl TlsPage {
    /// Starts a server with this text.
    pub async fn start(body: String) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        make_certificates(dir.path());
        let acceptor = TlsAcceptor::from(Arc::new(config(&dir)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let page = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that does not trust us breaks off.
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(page.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let ca_pem = std::fs::read_to_string(dir.path().join("ca.pem")).expect("a CA");
        Self { url: format!("https://127.0.0.1:{port}"), ca_pem, task }
    }
}

impl Drop for TlsPage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns what a server speaks TLS with, by the certificates in a folder.
pub(super) fn config(dir: &TempDir) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(dir.path().join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(dir.path().join("server.key")).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().expect("a chain"), key)
        .expect("a certificate and its key")
}
