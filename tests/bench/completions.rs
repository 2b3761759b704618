//! The driver for chat completions: connections that are kept, requests that are made once, answers that are only counted.

use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};

use crate::harness::gateway::TOKEN;
use crate::sample::Sample;

/// How many connections share a paced load: more than there will ever be requests at a time.
const CONNECTIONS: usize = 16;
const HEAD_END: &[u8] = b"\r\n\r\n";
const CHUNKS_END: &[u8] = b"\r\n0\r\n\r\n";

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In one piece.
    Whole,
    /// As it comes.
    Streamed,
}

/// Who is asked, and how.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its port on the loopback.
    pub port: u16,
    /// How the answer is asked for.
    pub mode: Mode,
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: BytesMut,
}

impl Target {
    /// Keeps so many requests on their way; answers how many were answered a second.
    pub async fn closed_loop(self, in_flight: usize, time: Duration) -> f64 {
        let mut connections = self.connect(in_flight).await;
        let begun = Instant::now();
        let counts = connections.iter_mut().map(|connection| async move {
            let mut count = 0_u32;
            while begun.elapsed() < time {
                connection.ask().await;
                count += 1;
            }
            f64::from(count)
        });
        join_all(counts).await.into_iter().sum::<f64>() / begun.elapsed().as_secs_f64()
    }

    /// Makes so many requests a second, whatever comes back; answers how long each took from when it was due.
    pub async fn paced(self, rate: u32, time: Duration) -> Sample {
        self.crew().await.paced(rate, time).await
    }

    /// Opens the connections, each with a first request behind it.
    pub async fn crew(self) -> Crew {
        Crew(self.connect(CONNECTIONS).await)
    }

    async fn connect(self, count: usize) -> Vec<Connection> {
        join_all((0..count).map(|_| async move {
            let mut connection = Connection::open(self).await;
            connection.ask().await;
            connection
        }))
        .await
    }
}

/// Connections that are open.
pub struct Crew(Vec<Connection>);

impl Crew {
    /// Makes so many requests a second, whatever comes back; answers how long each took from when it was due.
    pub async fn paced(mut self, rate: u32, time: Duration) -> Sample {
        let tickets = Mutex::new(tickets(rate, time));
        let samples = self.0.iter_mut().map(|connection| async {
            let mut sample = Sample::default();
            loop {
                let ticket = tickets.lock().await.recv().await;
                let Some(issued) = ticket else { return sample };
                connection.ask().await;
                sample.add(issued.elapsed());
            }
        });
        join_all(samples).await.into_iter().fold(Sample::default(), |mut all, sample| {
            all.join(sample);
            all
        })
    }
}

/// Issues tickets from a thread of its own: the runtime's timer counts in milliseconds.
fn tickets(rate: u32, time: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (issue, tickets) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let begun = Instant::now();
        for number in 0..(time.as_secs_f64() * f64::from(rate)) as u32 {
            let due = begun + Duration::from_secs(1) * number / rate;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if issue.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    tickets
}

impl Connection {
    async fn open(target: Target) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", target.port)).await.expect("the server");
        stream.set_nodelay(true).expect("a socket");
        let streamed = target.mode == Mode::Streamed;
        let body = format!(
            "{{\"model\":\"standin/m\",\"stream\":{streamed},\"messages\":[{{\"role\":\"user\",\"content\":\"What is the answer to the question that nobody has asked?\"}}]}}"
        );
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { stream, request: request.into_bytes(), answer: BytesMut::with_capacity(16 * 1024) }
    }

    /// Asks once and reads the answer to its end.
    async fn ask(&mut self) {
        self.stream.write_all(&self.request).await.expect("the server");
        let head = loop {
            if let Some(at) = find(&self.answer, HEAD_END) {
                break at + HEAD_END.len();
            }
            self.read().await;
        };
        assert!(self.answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.answer));
        match content_length(&self.answer[..head]) {
            Some(length) => {
                while self.answer.len() < head + length {
                    self.read().await;
                }
                self.answer.advance(head + length);
            }
            None => {
                while !self.answer.ends_with(CHUNKS_END) {
                    self.read().await;
                }
                self.answer.clear();
            }
        }
    }

    async fn read(&mut self) {
        let bytes = self.stream.read_buf(&mut self.answer).await.expect("the server");
        assert!(bytes > 0, "the server closed the connection: {}", String::from_utf8_lossy(&self.answer));
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).expect("a head");
    let (_, value) =
        head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.trim().parse().ok()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
