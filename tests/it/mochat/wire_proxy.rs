//! The client of Socket.IO behind a proxy that knows nothing but tunnels.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use callboard_actors::socketio::{Fault, Parser, Parsers, Proxies, Session, Transport, Way};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::rig::{echo, open, options, platform};

/// A proxy that opens tunnels for whoever has its login, and counts them.
struct Proxy {
    port: u16,
    tunnels: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let tunnels = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&tunnels);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counter)));
            }
        });
        Self { port, tunnels }
    }

    fn through(&self, login: &str) -> Proxies {
        Proxies::Through(format!("http://{login}127.0.0.1:{}", self.port))
    }
}

async fn serve(mut stream: TcpStream, tunnels: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("a head");
    let answer: &[u8] = if !head.starts_with("CONNECT ") {
        b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"
    } else if !head.contains("Proxy-Authorization: Basic bWU6cHc=\r\n") {
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    } else {
        let to = head.split_whitespace().nth(1).expect("where to");
        let mut far = TcpStream::connect(to).await.expect("the server");
        tunnels.fetch_add(1, Ordering::Relaxed);
        stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await.expect("it is taken");
        let _ = copy_bidirectional(&mut stream, &mut far).await;
        return;
    };
    stream.write_all(answer).await.expect("it is taken");
}

#[tokio::test]
async fn websocket_goes_through_a_proxy_by_a_tunnel() {
    let (platform, proxy) = (platform(Parser::Json).await, Proxy::start().await);
    let mut options = options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json));
    options.endpoint = options.endpoint.behind(proxy.through("me:pw@"));
    let session = open(&options).await;
    assert_eq!(session.opened().transport, Transport::WebSocket);
    assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
    assert_eq!(proxy.tunnels.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_without_its_login() {
    let (platform, proxy) = (platform(Parser::Json).await, Proxy::start().await);
    let mut options = options(&platform, Way::WebSocketFirst, Parsers::Only(Parser::Json));
    options.endpoint = options.endpoint.behind(proxy.through("me:wrong@"));
    let error = Session::open(&options).await.expect_err("refused");
    assert!(matches!(error.tried[0].fault, Fault::Status { status: 407, .. }), "{error}");
    assert!(matches!(error.tried[1].fault, Fault::Status { status: 405, .. }), "{error}");
    assert!(!format!("{error:?} {error} {options:?}").contains("wrong"), "{error}");
    assert_eq!(proxy.tunnels.load(Ordering::Relaxed), 0);
}
