//! The driver for the control plane: a socket whose frames are hardly looked at.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::harness::gateway::TOKEN;
use crate::sample::Sample;

/// How soon something has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open socket.
pub struct Driver(WebSocketStream<TcpStream>);

impl Driver {
    /// Opens a socket on a port of the loopback.
    pub async fn open(port: u16) -> Self {
        Self::over(TcpSocket::new_v4().expect("a socket"), port).await
    }

    async fn over(socket: TcpSocket, port: u16) -> Self {
        let stream = socket.connect(([127, 0, 0, 1], port).into()).await.expect("the server");
        stream.set_nodelay(true).expect("a socket");
        let url = format!("ws://127.0.0.1:{port}/");
        Self(tokio_tungstenite::client_async(url, stream).await.expect("a handshake").0)
    }

    /// Opens a socket and is let in by a gateway.
    pub async fn connect(port: u16) -> Self {
        Self::open(port).await.let_in().await
    }

    /// The same over a socket for which the system keeps no more than so many bytes that were not read.
    pub async fn connect_keeping(port: u16, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(bytes).expect("a bound");
        Self::over(socket, port).await.let_in().await
    }

    async fn let_in(mut self) -> Self {
        let params = json!({
            "minProtocol": 3, "maxProtocol": 3, "auth": { "token": TOKEN },
            // One that asks and goes: it is on no list, so that events stay as small as they are.
            "client": { "id": "cli", "version": "1", "platform": "linux", "mode": "cli" },
        });
        self.say(json!({ "type": "req", "id": "c", "method": "connect", "params": params }).to_string()).await;
        self.until("\"id\":\"c\"").await;
        self
    }

    /// Sends a text.
    pub async fn say(&mut self, text: String) {
        assert!(self.offer(text).await, "the server takes it");
    }

    /// Sends a text if the server is still there.
    pub async fn offer(&mut self, text: String) -> bool {
        self.0.send(Message::text(text)).await.is_ok()
    }

    /// Waits for the next text; `None` at the end.
    pub async fn text(&mut self) -> Option<Utf8Bytes> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Some(text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads up to a text in which something stands.
    pub async fn until(&mut self, what: &str) -> Utf8Bytes {
        let found = async {
            loop {
                let text = self.text().await.expect("the server is there");
                if text.contains(what) {
                    return text;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("it comes in time")
    }

    /// Calls a method again and again, so many at a time; answers how many were answered a second, and how long each took.
    /// Whatever has the number of a call in it counts as its answer.
    pub async fn closed_loop(&mut self, method: &str, in_flight: usize, time: Duration) -> (f64, Sample) {
        let call =
            |number: usize| format!("{{\"type\":\"req\",\"id\":\"{number:08}\",\"method\":\"{method}\",\"params\":{{}}}}");
        let (mut sample, begun) = (Sample::default(), Instant::now());
        let mut sent = Vec::new();
        for number in 0..in_flight {
            sent.push(Instant::now());
            self.say(call(number)).await;
        }
        while sample.len() < sent.len() {
            let text = self.text().await.expect("the server is there");
            // Events come between.
            let Some(number) = number(&text) else { continue };
            sample.add(sent[number].elapsed());
            if begun.elapsed() < time {
                let next = sent.len();
                sent.push(Instant::now());
                self.say(call(next)).await;
            }
        }
        (sample.len() as f64 / begun.elapsed().as_secs_f64(), sample)
    }
}

/// Returns the number of the call that is answered.
fn number(text: &str) -> Option<usize> {
    let (_, rest) = text.get(..64.min(text.len()))?.split_once("\"id\":\"")?;
    rest.get(..8)?.parse().ok()
}
