//! HTTP/1.1 by hand: one request after the other on a connection.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The longest body, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much is read at once, bytes.
const READ_BYTES: usize = 16 * 1024;

/// One request.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// What stands after the question mark.
    pub query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns a header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a value of the query.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns the body as JSON, an empty object when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers, those of the body's length and kind apart.
    pub headers: Vec<(String, String)>,
    /// What the body is.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns an answer with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string().into_bytes())
    }

    /// Returns an answer with these bytes.
    pub fn bytes(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), kind: kind.to_owned(), body }
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-type: {}\r\ncontent-length: {}\r\n\r\n", self.kind, self.body.len()));
        head
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Trouble",
    }
}

/// A connection, and what was read of it and not yet used.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Returns a connection that was not read yet.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Returns the connection and what was read of it, for another protocol to go on with.
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.buffer)
    }

    /// Reads one request; `None` at the end of the connection.
    ///
    /// # Errors
    /// The connection broke, or what came is no request.
    pub async fn request(&mut self) -> io::Result<Option<Request>> {
        let Some(end) = self.until(b"\r\n\r\n", HEAD_BYTES_MAX).await? else { return Ok(None) };
        let head = String::from_utf8_lossy(&self.take(end)).into_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else { return Err(odd("a request line")) };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut request = Request { method: method.to_owned(), path: path.to_owned(), query, headers, body: Vec::new() };
        request.body = self.body(&request).await?;
        Ok(Some(request))
    }

    async fn body(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return self.chunks().await;
        }
        let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(|_| odd("a length"))?;
        self.exactly(length).await
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.until(b"\r\n", HEAD_BYTES_MAX).await?.ok_or_else(|| odd("the end of a chunk"))?;
            let line = String::from_utf8_lossy(&self.take(end)).into_owned();
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| odd("a chunk's size"))?;
            body.extend(self.exactly(size).await?);
            self.exactly(2).await?;
            match size {
                0 => return Ok(body),
                _ if body.len() > BODY_BYTES_MAX => return Err(odd("a body within its bound")),
                _ => {}
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_BYTES_MAX {
            return Err(odd("a body within its bound"));
        }
        while self.buffer.len() < length {
            if self.fill().await? == 0 {
                return Err(odd("the rest of a body"));
            }
        }
        Ok(self.take(length))
    }

    /// Returns where this mark ends, reading on until it has come.
    async fn until(&mut self, mark: &[u8], bytes_max: usize) -> io::Result<Option<usize>> {
        loop {
            if let Some(at) = self.buffer.windows(mark.len()).position(|window| window == mark) {
                return Ok(Some(at + mark.len()));
            }
            if self.buffer.len() > bytes_max {
                return Err(odd("a head within its bound"));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let mut bytes = [0; READ_BYTES];
        let count = self.stream.read(&mut bytes).await?;
        self.buffer.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn answer(&mut self, response: &Response) -> io::Result<()> {
        let mut bytes = response.head().into_bytes();
        bytes.extend_from_slice(&response.body);
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }

    /// Writes the head of an answer and half of its body.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn half(&mut self, response: &Response) -> io::Result<()> {
        let mut bytes = response.head().into_bytes();
        bytes.extend_from_slice(&response.body[..response.body.len() / 2]);
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not {what}"))
}
