//! Two plain clients, one a wire.

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::PATIENCE;
use crate::harness::rocketchat::{Person, RocketChat};

/// Somebody who makes requests.
pub struct Rest {
    base: String,
    http: reqwest::Client,
    token: String,
    uid: String,
}

impl Rest {
    /// Logs somebody in.
    pub fn of(server: &RocketChat, who: &Person) -> Self {
        Self::with(server, &server.login_token(who), &who.id)
    }

    /// Shows a token and an id.
    pub fn with(server: &RocketChat, token: &str, uid: &str) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("a client");
        Self { base: server.url.clone(), http, token: token.to_owned(), uid: uid.to_owned() }
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("X-Auth-Token", &self.token).header("X-User-Id", &self.uid)
    }

    /// Gets a page; status, headers and text.
    pub async fn page(&self, path: &str) -> Result<(u16, HeaderMap, Vec<u8>), reqwest::Error> {
        let answer = self.signed(self.http.get(format!("{}{path}", self.base))).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok((status, headers, answer.bytes().await?.to_vec()))
    }

    /// Gets a page of JSON.
    pub async fn get(&self, call: &str) -> (u16, Value) {
        let (status, _, body) = self.page(&format!("/api/v1/{call}")).await.expect("an answer");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// Posts JSON, and does not insist on an answer.
    pub async fn try_post(&self, call: &str, body: &Value) -> Result<(u16, Value), reqwest::Error> {
        let request = self.http.post(format!("{}/api/v1/{call}", self.base)).json(body);
        let answer = self.signed(request).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// Posts JSON.
    pub async fn post(&self, call: &str, body: Value) -> (u16, Value) {
        self.try_post(call, &body).await.expect("an answer")
    }

    /// Posts a form with one file and one more field.
    pub async fn post_file(&self, call: &str, name: &str, kind: &str, bytes: &[u8], field: (&str, &str)) -> (u16, Value) {
        let mut body = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n",
            field.0, field.1
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--xyz--\r\n");
        let request = self.http.post(format!("{}/api/v1/{call}", self.base));
        let request = request.header("Content-Type", "multipart/form-data; boundary=xyz").body(body);
        let answer = self.signed(request).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }
}

/// Somebody who is connected.
pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: usize,
}

impl Live {
    /// Connects and says which version it speaks.
    pub async fn connect(server: &RocketChat) -> Self {
        let mut live = Self::open(server).await;
        live.send(json!({ "msg": "connect", "version": "1", "support": ["1"] })).await;
        live.hear("connected").await;
        live
    }

    /// Connects and says nothing.
    pub async fn open(server: &RocketChat) -> Self {
        let url = format!("{}/websocket", server.url.replace("http:", "ws:"));
        let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("a connection");
        Self { socket, calls: 0 }
    }

    /// Connects and logs somebody in by a new token.
    pub async fn of(server: &RocketChat, who: &Person) -> Self {
        let mut live = Self::connect(server).await;
        let token = server.login_token(who);
        let result = live.call("login", json!([{ "resume": token }])).await;
        assert_eq!(result["result"]["id"], who.id, "{result}");
        live
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("an open connection");
    }

    /// Returns the next text; `None` at the end.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame") {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Some(format!("{} bytes", bytes.len())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Returns the next frame for which something holds, skipping others.
    pub async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let text = self.next().await.expect("an open connection");
            let frame = serde_json::from_str(&text).unwrap_or(Value::Null);
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// Returns the next frame of a kind.
    pub async fn hear(&mut self, kind: &str) -> Value {
        self.find(|frame| frame["msg"] == kind).await
    }

    /// Calls a method; the frame with its result.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = format!("c{}", self.calls);
        self.send(json!({ "msg": "method", "method": method, "id": id, "params": params })).await;
        self.find(|frame| frame["msg"] == "result" && frame["id"] == id.as_str()).await
    }

    /// Subscribes; the frame that says yes or no.
    pub async fn subscribe(&mut self, stream: &str, event: &str) -> Value {
        let id = format!("{stream}:{event}");
        self.send(json!({ "msg": "sub", "id": id, "name": stream, "params": [event, false] })).await;
        self.find(|frame| frame["subs"][0] == id.as_str() || (frame["msg"] == "nosub" && frame["id"] == id.as_str())).await
    }

    /// Returns the arguments of the next event of a name.
    pub async fn event(&mut self, name: &str) -> Value {
        self.find(|frame| frame["fields"]["eventName"] == name).await["fields"]["args"].clone()
    }

    /// Returns what comes before the answer to a ping of ours, which is everything that was sent until now.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.send(json!({ "msg": "ping", "id": "mark" })).await;
        let mut heard = Vec::new();
        loop {
            let text = self.next().await.expect("an open connection");
            let frame: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            if frame["msg"] == "pong" && frame["id"] == "mark" {
                return heard;
            }
            heard.push(frame);
        }
    }
}
