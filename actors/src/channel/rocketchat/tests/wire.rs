//! The socket behind a proxy that knows nothing but tunnels.

use futures_util::SinkExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::channel::rocketchat::ddp::Wire;
use crate::channel::rocketchat::rest::Rest;
use crate::core::Clock;
use crate::socketio::Proxies;

const HELLO: &str = r#"{"server_id":"0"}"#;

/// Returns a listener with its port.
async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Serves one connection as a proxy; returns what it was asked.
async fn proxy(listener: TcpListener, answer: &str) -> String {
    let (mut near, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(near.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    near.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.unwrap();
    if answer.starts_with("200") {
        let mut far = TcpStream::connect(head.split_whitespace().nth(1).unwrap()).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
    }
    head
}

async fn connect(server: u16, proxy: u16) -> Result<Wire, String> {
    let clock = Clock::system();
    let rest = Rest::new(format!("http://127.0.0.1:{server}"), None, clock.clone());
    let proxies = Proxies::Through(format!("http://me:secret@127.0.0.1:{proxy}"));
    Wire::connect(&rest, &proxies, clock).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_socket_goes_through_a_proxy_by_a_tunnel() {
    let ((server, port), (at_proxy, proxy_port)) = (listen().await, listen().await);
    let serving = async {
        let (stream, _) = server.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text(HELLO)).await.unwrap();
        socket
    };
    let (wire, asked, _socket) =
        tokio::join!(connect(port, proxy_port), proxy(at_proxy, "200 Connection Established"), serving);
    assert_eq!(wire.unwrap().read().await.unwrap().as_deref(), Some(HELLO));
    assert!(asked.starts_with(&format!("CONNECT 127.0.0.1:{port} ")), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{asked}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_without_its_login() {
    let ((_server, port), (at_proxy, proxy_port)) = (listen().await, listen().await);
    let (wire, _) = tokio::join!(connect(port, proxy_port), proxy(at_proxy, "407 Proxy Authentication Required"));
    let told = wire.err().unwrap();
    assert!(told.contains("407") && told.contains("proxy") && !told.contains("secret"), "{told}");
}
