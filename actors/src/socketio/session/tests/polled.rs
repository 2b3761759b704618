//! Sessions over polling on a server that asks and does not listen.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::core::Clock;
use crate::socketio::{Auth, CloseReason, EmitError, Endpoint, Event, Options, Parser, Parsers, Session, Way};

const HANDSHAKE: &str = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

/// A server that gives each poll the next of its bodies, takes the first post, and leaves all others without an answer.
async fn serve(listener: TcpListener, bodies: mpsc::Receiver<String>) {
    let bodies = std::sync::Arc::new(tokio::sync::Mutex::new(bodies));
    let posts = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    while let Ok((mut stream, _)) = listener.accept().await {
        let (bodies, posts) = (std::sync::Arc::clone(&bodies), std::sync::Arc::clone(&posts));
        tokio::spawn(async move {
            while let Some(head) = request(&mut stream).await {
                let body = if head.starts_with("GET") {
                    bodies.lock().await.recv().await
                } else if posts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                    Some("ok".to_owned())
                } else {
                    None
                };
                let Some(body) = body else { return std::future::pending().await };
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.expect("it is taken");
            }
        });
    }
}

/// Reads one request; returns its head.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("a head");
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

/// Opens a session on such a server.
async fn stand() -> (Session, mpsc::Sender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (say, bodies) = mpsc::channel(16);
    tokio::spawn(serve(listener, bodies));
    let endpoint = Endpoint::new(&url, "/socket.io", None).expect("an address");
    let parsers = Parsers::Only(Parser::Json);
    let options = Options { way: Way::PollingOnly, parsers, ..Options::new(endpoint, Auth::none(), Clock::system()) };
    say.send(HANDSHAKE.to_owned()).await.expect("a server");
    say.send(r#"40{"sid":"n"}"#.to_owned()).await.expect("a server");
    (Session::open(&options).await.expect("a session"), say)
}

#[tokio::test]
async fn signs_of_life_that_are_asked_for_without_end_end_the_session() {
    let (mut session, say) = stand().await;
    // Sixteen answers are on their way, as many wait, and that is all.
    say.send(vec!["2"; 16].join("\u{1e}")).await.expect("a server");
    assert_eq!(session.next().await, Event::Alive);
    say.send(vec!["2"; 17].join("\u{1e}")).await.expect("a server");
    let closed = loop {
        match session.next().await {
            Event::Closed(closed) => break closed,
            other => assert_eq!(other, Event::Alive),
        }
    };
    assert_eq!(closed.reason, CloseReason::Flooded { waiting: 16 });
}

#[tokio::test]
async fn acknowledgements_that_nobody_takes_are_bounded() {
    let (mut session, say) = stand().await;
    say.send(vec![r#"427["question"]"#; 200].join("\u{1e}")).await.expect("a server");
    let mut answers = tokio::task::JoinSet::new();
    let mut refused = None;
    while refused.is_none() {
        let Event::Message(incoming) = session.next().await else { panic!("a question") };
        assert_eq!(incoming.name, "question");
        let (emitter, ack) = (session.emitter(), incoming.ack.expect("an answer is wanted"));
        answers.spawn(async move { emitter.answer(ack, vec![json!(1)]).await });
        while let Some(answered) = answers.try_join_next() {
            match answered.expect("it ends") {
                Ok(()) => {}
                Err(error) => refused = Some(error),
            }
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(refused, Some(EmitError::TooManyAnswers { answers_max: 64 }));
}
