//! TCP to a server: straight, or through a proxy, which is asked for a tunnel (`CONNECT`).

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use url::Url;

use crate::socketio::fault::root_of;
use crate::socketio::{Endpoint, Fault, Proxies};

/// The longest answer of a proxy to a request for a tunnel, bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Connects to the server of an address. Whoever calls bounds the time.
///
/// # Errors
/// Nobody listens there, or the proxy does not let it through.
pub(super) async fn reach(endpoint: &Endpoint, address: &Url) -> Result<TcpStream, Fault> {
    let (host, port) = (address.host_str().unwrap_or_default(), address.port_or_known_default().unwrap_or_default());
    let stream = match proxy_for(endpoint, address.scheme(), host, port) {
        Some(proxy) => tunnel(&proxy, host, port).await?,
        None => TcpStream::connect((bare(host), port)).await.map_err(unreachable)?,
    };
    // Without it small frames would only wait longer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Returns the proxy that stands between here and a server.
fn proxy_for(endpoint: &Endpoint, scheme: &str, host: &str, port: u16) -> Option<Intercept> {
    let matcher = match endpoint.proxies() {
        Proxies::None => return None,
        Proxies::System => Matcher::from_system(),
        Proxies::Through(proxy) => Matcher::builder().all(proxy.as_str()).build(),
    };
    // Proxies are named for HTTP: WebSocket goes where HTTP would.
    let scheme = if matches!(scheme, "wss" | "https") { "https" } else { "http" };
    matcher.intercept(&format!("{scheme}://{host}:{port}/").parse::<Uri>().ok()?)
}

async fn tunnel(proxy: &Intercept, host: &str, port: u16) -> Result<TcpStream, Fault> {
    let at = proxy.uri();
    if at.scheme_str() != Some("http") {
        return Err(Fault::Unreachable("the proxy is no HTTP proxy: WebSocket does not go through it".to_owned()));
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
        Some(status) => Err(Fault::Status { status, said: "the proxy does not let WebSocket through".to_owned() }),
        None => Err(Fault::Foreign("the proxy answers with something else than HTTP".to_owned())),
    }
}

/// Reads the head of an answer and nothing behind it.
async fn head(stream: &mut TcpStream) -> Result<String, Fault> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(Fault::Foreign(format!("the proxy answers with more than {HEAD_BYTES_MAX} bytes")));
        }
        head.push(stream.read_u8().await.map_err(unreachable)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Returns a host without the brackets that an address has around one of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn unreachable(error: std::io::Error) -> Fault {
    Fault::Unreachable(root_of(&error))
}
