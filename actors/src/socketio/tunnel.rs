//! TCP to a server: straight, or through a proxy, which is asked for a tunnel (`CONNECT`).

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use url::Url;

use super::fault::root_of;
use super::{Fault, Proxies};

/// The longest answer of a proxy to a request for a tunnel, bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Why there is no way to a server. No text of it holds a proxy's login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TunnelError {
    /// Nobody listens there, or at the proxy.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The proxy is spoken to in another way.
    #[error("the proxy is no HTTP proxy: WebSocket does not go through it")]
    NotHttp,
    /// The proxy refuses.
    #[error("HTTP {0}: the proxy does not let WebSocket through")]
    Refused(u16),
    /// What stands there is no proxy.
    #[error("{0}")]
    Foreign(String),
}

impl From<TunnelError> for Fault {
    fn from(error: TunnelError) -> Self {
        match error {
            TunnelError::Unreachable(reason) => Self::Unreachable(reason),
            TunnelError::NotHttp => Self::Unreachable(error.to_string()),
            TunnelError::Refused(status) => {
                Self::Status { status, said: "the proxy does not let WebSocket through".to_owned() }
            }
            TunnelError::Foreign(reason) => Self::Foreign(reason),
        }
    }
}

/// Connects to the server of an address. Whoever calls bounds the time.
///
/// # Errors
/// Nobody listens there, or the proxy does not let it through.
pub(crate) async fn reach(proxies: &Proxies, address: &Url) -> Result<TcpStream, TunnelError> {
    let (host, port) = (address.host_str().unwrap_or_default(), address.port_or_known_default().unwrap_or_default());
    let stream = match proxy_for(proxies, address.scheme(), host, port) {
        Some(proxy) => tunnel(&proxy, host, port).await?,
        None => TcpStream::connect((bare(host), port)).await.map_err(unreachable)?,
    };
    // Without it small frames would only wait longer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Returns the proxy that stands between here and a server.
fn proxy_for(proxies: &Proxies, scheme: &str, host: &str, port: u16) -> Option<Intercept> {
    let matcher = match proxies {
        Proxies::None => return None,
        Proxies::System => Matcher::from_system(),
        Proxies::Through(proxy) => Matcher::builder().all(proxy.as_str()).build(),
    };
    // Proxies are named for HTTP: WebSocket goes where HTTP would.
    let scheme = if matches!(scheme, "wss" | "https") { "https" } else { "http" };
    matcher.intercept(&format!("{scheme}://{host}:{port}/").parse::<Uri>().ok()?)
}

async fn tunnel(proxy: &Intercept, host: &str, port: u16) -> Result<TcpStream, TunnelError> {
    let at = proxy.uri();
    if at.scheme_str() != Some("http") {
        return Err(TunnelError::NotHttp);
    }
    let (name, door) = (at.host().unwrap_or_default(), at.port_u16().unwrap_or(80));
    let mut stream = TcpStream::connect((bare(name), door)).await.map_err(unreachable)?;
    let login = proxy.basic_auth().and_then(|login| login.to_str().ok());
    let login = login.map(|login| format!("Proxy-Authorization: {login}\r\n")).unwrap_or_default();
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(unreachable)?;
    let head = head(&mut stream).await?;
    match head.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok()) {
        Some(200..300) => Ok(stream),
        Some(status) => Err(TunnelError::Refused(status)),
        None => Err(TunnelError::Foreign("the proxy answers with something else than HTTP".to_owned())),
    }
}

/// Reads the head of an answer and nothing behind it.
async fn head(stream: &mut TcpStream) -> Result<String, TunnelError> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(TunnelError::Foreign(format!("the proxy answers with more than {HEAD_BYTES_MAX} bytes")));
        }
        head.push(stream.read_u8().await.map_err(unreachable)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Returns a host without the brackets that an address has around one of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn unreachable(error: std::io::Error) -> TunnelError {
    TunnelError::Unreachable(root_of(&error))
}
