//! A bare socket that answers each text with the same text, on a thread of its own.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;

/// Starts it; answers with its port. It lasts as long as the process.
pub fn start() -> u16 {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
            tell.send(listener.local_addr().expect("an address").port()).expect("whoever waits");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a socket");
                actix_web::rt::spawn(async move {
                    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
                    while let Some(Ok(message)) = socket.next().await {
                        if message.is_text() && socket.send(message).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
    });
    told.recv().expect("a server")
}
