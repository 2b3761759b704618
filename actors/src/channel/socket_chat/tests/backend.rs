//! The config call in time: its deadline and how long an answer is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::backend::{Backend, BackendError, BackendSettings, Source};
use super::super::broker::Encryption;
use crate::core::Clock;
use crate::message::Code;

const PATIENCE: Duration = Duration::from_secs(10);

/// A backend on a clock that stands still, with a server that answers every call with this, or never; and the count of calls.
async fn rig(answer: Option<&'static str>, clock: &Clock) -> (Arc<Backend>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            counted.fetch_add(1, Ordering::SeqCst);
            match answer {
                Some(answer) => {
                    let _ = socket.write_all(answer.as_bytes()).await;
                }
                None => open.push(socket),
            }
        }
    });
    let settings = BackendSettings {
        base,
        key: "sk-secret".to_owned().into(),
        ca_pem: None,
        unsaid: Encryption::Plain,
        ttl: Duration::from_secs(300),
    };
    (Arc::new(Backend::new(settings, clock.clone())), calls)
}

fn good() -> &'static str {
    let body = json!({
        "host": "h.example", "port": 1883, "username": "u", "password": "p", "clientId": "c", "reciveTopic": "in",
        "sendTopic": "out", "robotId": "r", "userId": "7"
    });
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).leak()
}

#[tokio::test]
async fn a_backend_that_does_not_answer_is_given_up() {
    let clock = Clock::manual(0);
    let (backend, calls) = rig(None, &clock).await;
    let asked = tokio::spawn(async move { backend.broker().await });
    let reached = async {
        while calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("a call");
    clock.advance(Duration::from_secs(9));
    tokio::task::yield_now().await;
    assert!(!asked.is_finished());
    clock.advance(Duration::from_secs(1));
    let error = tokio::time::timeout(PATIENCE, asked).await.expect("an end in time").unwrap().unwrap_err();
    assert_eq!((error.clone(), error.code()), (BackendError::Timeout, Code::LinkDown));
    assert_eq!(error.to_string(), "the config call failed: no answer within 10 s: check `apiBaseUrl`");
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time_or_until_a_disconnect() {
    let clock = Clock::manual(0);
    let (backend, calls) = rig(Some(good()), &clock).await;
    let source = async || backend.broker().await.unwrap().1;
    assert!(backend.known().is_none());
    assert_eq!(source().await, Source::Asked);
    clock.advance(Duration::from_secs(299));
    assert_eq!(source().await, Source::Kept);
    clock.advance(Duration::from_secs(1));
    assert_eq!(source().await, Source::Asked);
    backend.forget();
    assert!(backend.known().is_some(), "good enough while the backend is down");
    assert_eq!(source().await, Source::Asked);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let clock = Clock::manual(0);
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "garbage\r\n\r\n", ""] {
        let (backend, _) = rig(Some(answer), &clock).await;
        let error = backend.broker().await.unwrap_err();
        assert!(matches!(error, BackendError::Unreachable(_)), "{answer}: {error:?}");
        assert!(!error.to_string().contains("sk-secret"), "{error}");
    }
}
