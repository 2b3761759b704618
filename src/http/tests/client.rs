//! The smallest HTTP client that can also misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const TOKEN: &str = "a-long-and-secret-token";

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Checks that a failure has the one form that failures have.
    pub(super) fn error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        let error = body["error"].as_object().unwrap_or_else(|| panic!("no error in {body}"));
        let names: Vec<_> = error.keys().map(String::as_str).collect();
        assert_eq!(names, ["message", "type", "code", "param"]);
        assert_eq!(error["code"], code, "{body}");
        body["error"].clone()
    }
}

pub(super) async fn raw(to: SocketAddr, bytes: &[u8]) -> Answer {
    parse(&exchange(to, bytes).await.expect("a cut socket"))
}

/// What a client hears that sends more than anybody reads: an answer, or a cut.
pub(super) async fn flood(to: SocketAddr, bytes: &[u8]) -> Option<u16> {
    exchange(to, bytes).await.ok().filter(|answer| !answer.is_empty()).map(|answer| parse(&answer).status)
}

async fn exchange(to: SocketAddr, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let exchange = async {
        let mut socket = TcpStream::connect(to).await.unwrap();
        // A server that answers early may stop reading; what it said counts.
        let (mut read, mut write) = socket.split();
        let mut answer = Vec::new();
        let (_, got) = tokio::join!(write.write_all(bytes), read.read_to_end(&mut answer));
        got.map(|_| answer)
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("no answer in time")
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(body) } else { body.to_owned() };
    Answer { status, head: head.to_owned(), body }
}

fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
    body
}

/// A request with everything that is needed, and more headers if any.
pub(super) async fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    raw(to, head(to, method, path, headers, body).as_bytes()).await
}

pub(super) fn head(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        text.push_str(&format!("host: {to}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

pub(super) async fn get(to: SocketAddr, path: &str) -> Answer {
    request(to, "GET", path, &[("authorization", &format!("Bearer {TOKEN}"))], "").await
}

pub(super) async fn post(to: SocketAddr, path: &str, body: &str) -> Answer {
    request(to, "POST", path, &[("authorization", &format!("Bearer {TOKEN}"))], body).await
}
