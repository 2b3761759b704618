//! A small HTTP server that answers as a backend would, well or badly.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

/// What the server does with one request.
pub(super) enum Reply {
    /// Answers with a status, headers and a body.
    Plain(u16, Vec<(&'static str, String)>, String),
    /// Streams parts of a body of events.
    Stream(Vec<String>, Then),
    /// Never answers.
    Silence,
}

/// What the server does after the last part.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Close,
    Cut,
    Stall,
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    /// Names and values, lower-cased names.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Value,
}

#[derive(Default)]
struct State {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

pub(super) struct StandIn {
    pub(super) url: String,
    state: Arc<State>,
    handle: actix_web::dev::ServerHandle,
}

impl StandIn {
    /// Starts a server that gives these replies in turn.
    pub(super) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let state = Arc::new(State { replies: Mutex::new(replies.into_iter().collect()), asked: Mutex::default() });
        let data = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/v1", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, state, handle }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // The command is sent at once; nobody needs to wait for it.
        drop(self.handle.stop(false));
    }
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    };
    let headers = request.headers().iter().map(header).collect();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = request.uri().to_string();
    state.asked.lock().unwrap().push(Asked { path, authorization, headers, body });
    let reply = state.replies.lock().unwrap().pop_front().expect("a reply is scripted");
    match reply {
        Reply::Plain(status, headers, body) => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
            for header in headers {
                response.insert_header(header);
            }
            response.body(body)
        }
        Reply::Stream(parts, then) => {
            let parts = stream::iter(parts.into_iter().map(|part| Ok(Bytes::from(part))));
            let end = match then {
                Then::Close => stream::empty().boxed_local(),
                Then::Cut => stream::once(cut()).boxed_local(),
                Then::Stall => stream::pending().boxed_local(),
            };
            HttpResponse::Ok().content_type("text/event-stream").streaming(parts.chain(end))
        }
        Reply::Silence => std::future::pending().await,
    }
}

/// Lets the server flush what it has, then breaks the connection.
async fn cut() -> Result<Bytes, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::Error::other("cut"))
}

/// A chunk with a piece of text, as an event.
pub(super) fn text(text: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The chunk that ends the text, as an event.
pub(super) fn finish(reason: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

/// The chunk that counts, as an event.
pub(super) fn usage(input: u64, output: u64) -> String {
    event(
        &json!({"choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}}),
    )
}

pub(super) fn done() -> String {
    "data: [DONE]\n\n".into()
}

pub(super) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}
