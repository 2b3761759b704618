//! TLS before a server that speaks none, with a certificate by a CA of its own.

use std::sync::Arc;

use rumqttc::tokio_rustls::TlsAcceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::mosquitto::make_certificates;
use super::tls_page::config;

/// A door with TLS; it ends with its value.
pub struct TlsFront {
    /// Where it listens, `https://127.0.0.1:port`.
    pub url: String,
    /// The certificate of its CA, PEM.
    pub ca_pem: String,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Opens a door to the server at `http://127.0.0.1:port`.
    pub async fn before(url: &str) -> Self {
        let behind = url.strip_prefix("http://").expect("a plain server").to_owned();
        let dir = tempfile::tempdir().expect("a folder");
        make_certificates(dir.path());
        let acceptor = TlsAcceptor::from(Arc::new(config(&dir)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that does not trust us breaks off.
                    let Ok(mut near) = acceptor.accept(socket).await else { return };
                    let Ok(mut far) = TcpStream::connect(behind).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        let ca_pem = std::fs::read_to_string(dir.path().join("ca.pem")).expect("a CA");
        Self { url: format!("https://127.0.0.1:{port}"), ca_pem, task }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}
