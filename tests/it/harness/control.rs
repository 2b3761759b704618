//! A client of the control plane, as plain as the protocol: frames in, frames out.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;
use super::gateway::{Gateway, TOKEN};

/// Returns the usual parameters of `connect`, under those given.
pub fn connect_params(over: Value) -> Value {
    let mut params = json!({
        "minProtocol": 3, "maxProtocol": 3,
        "client": { "id": "test", "version": "1.0.0", "platform": "linux", "mode": "test" },
        "auth": { "token": TOKEN },
    });
    super::gateway::merge(&mut params, over);
    params
}

/// An open socket, with what came and was not asked for yet.
pub struct ControlClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
    next: u64,
}

/// What a socket yields.
#[derive(Debug)]
pub enum Came {
    /// A frame.
    Frame(Value),
    /// The end, with its code and reason.
    Closed(u16, String),
}

impl ControlClient {
    /// Opens a socket and says nothing.
    pub async fn open(gateway: &Gateway) -> Self {
        Self::open_as(gateway, "/", &[]).await.expect("a socket")
    }

    /// Opens a socket on a path with further headers; answers with the status of one that was refused.
    pub async fn open_as(gateway: &Gateway, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let url = format!("{}{path}", gateway.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket, waiting: VecDeque::new(), next: 0 }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// Connects with the gateway's token and all scopes, protocol 3.
    pub async fn connect(gateway: &Gateway) -> Self {
        let mut client = Self::open(gateway).await;
        client.hello(json!({})).await.expect("hello-ok");
        client
    }

    /// Sends `connect` with the usual parameters, under those given; answers with `hello-ok` or the error.
    pub async fn hello(&mut self, over: Value) -> Result<Value, Value> {
        self.call("connect", connect_params(over)).await
    }

    /// Calls a method; answers with the payload or the error.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.send(method, params).await;
        self.answer(&id).await
    }

    /// Sends a request and does not wait; returns its id.
    pub async fn send(&mut self, method: &str, params: Value) -> String {
        self.next += 1;
        let id = format!("r{}", self.next);
        self.send_text(json!({ "type": "req", "id": id, "method": method, "params": params }).to_string()).await;
        id
    }

    /// Sends a text frame as it is.
    pub async fn send_text(&mut self, text: String) {
        self.send_message(Message::text(text)).await;
    }

    /// Sends a message, or a frame of one, as it is.
    pub async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.expect("the socket takes it");
    }

    /// Waits for the pong to a ping; what comes before it is lost.
    pub async fn pong(&mut self) -> Vec<u8> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a pong in time");
            if let Message::Pong(bytes) = message.expect("an open socket").expect("a message") {
                return bytes.to_vec();
            }
        }
    }

    /// Waits for the next answer to a request; events that come meanwhile are kept.
    pub async fn answer(&mut self, id: &str) -> Result<Value, Value> {
        let frame = self.until(|frame| frame["type"] == "res" && frame["id"] == id).await;
        if frame["ok"] == true { Ok(frame["payload"].clone()) } else { Err(frame["error"].clone()) }
    }

    /// Waits for the next event of a name; answers with the whole frame.
    pub async fn event(&mut self, name: &str) -> Value {
        self.until(|frame| frame["type"] == "event" && frame["event"] == name).await
    }

    /// Waits for a frame; those that do not fit are kept for later.
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(place).expect("it is there");
        }
        loop {
            match self.came().await {
                Came::Frame(frame) if fits(&frame) => return frame,
                Came::Frame(frame) => self.waiting.push_back(frame),
                Came::Closed(code, reason) => panic!("closed with {code} {reason:?} while a frame was waited for"),
            }
        }
    }

    /// Waits for the end of the connection; answers with code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Came::Closed(code, reason) = self.came().await {
                return (code, reason);
            }
        }
    }

    /// Waits for whatever comes next.
    pub async fn came(&mut self) -> Came {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something comes in time");
            match message {
                Some(Ok(Message::Text(text))) => return Came::Frame(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return Came::Closed(code.into(), reason.to_string());
                }
                Some(Ok(Message::Close(None))) => return Came::Closed(1005, String::new()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Closed(1006, String::new()),
            }
        }
    }
}
