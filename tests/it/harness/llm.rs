//! A stand-in for LLM backends: speaks the three styles, well or with one fault.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, mpsc};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// How a backend is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `/chat/completions`
    Completions,
    /// `/responses`
    Responses,
    /// `/v1/messages`
    Messages,
}

/// All of them.
pub const STYLES: [Style; 3] = [Style::Completions, Style::Responses, Style::Messages];

/// What the backend does with one request.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Answers with this text, in two parts.
    Say(&'static str),
    /// Refuses with a status, a wait where it asks for one, and a reason.
    Status(u16, Option<&'static str>, &'static str),
    /// Begins with these words and breaks the connection.
    Cut(&'static str),
    /// Begins with these words and falls silent; no words for silence before the first token.
    Stall(&'static str),
    /// Takes the request and never answers it.
    Silence,
    /// Begins with these words and goes on with what is no JSON.
    BadJson(&'static str),
    /// Ends or fills what it never began.
    WrongOrder,
    /// Answers with a web page.
    Html,
    /// Begins with these words and goes on with a line of two mebibytes.
    HugeLine(&'static str),
    /// Waits behind the head until the test lets it go on, then says this.
    Late(&'static str),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The key, without what stands before it.
    pub key: String,
    /// The body.
    pub body: Value,
}

/// How it is decided what is done with a request.
enum Script {
    /// One after the other.
    InOrder(Mutex<VecDeque<Turn>>),
    /// By what it says.
    ByBody(fn(&Value) -> Turn),
}

struct State {
    style: Style,
    script: Script,
    asked: Mutex<Vec<Asked>>,
    gate: Semaphore,
}

/// A backend; it ends with its value.
pub struct Llm {
    /// Where it listens, as `baseUrl` has it.
    pub url: String,
    state: Arc<State>,
    handle: ServerHandle,
}

impl Style {
    /// Returns its name in the configuration.
    pub fn api(self) -> &'static str {
        match self {
            Self::Completions => "openai-completions",
            Self::Responses => "openai-responses",
            Self::Messages => "anthropic-messages",
        }
    }

    fn begin(self) -> String {
        match self {
            Self::Completions => event(&json!({ "choices": [{ "delta": { "role": "assistant", "content": "" } }] })),
            Self::Responses => event(&json!({ "type": "response.created", "response": { "status": "in_progress" } })),
            Self::Messages => {
                let usage = json!({ "input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1 });
                event(&json!({ "type": "message_start", "message": { "role": "assistant", "usage": usage } }))
            }
        }
    }

    /// Opens the text; nothing where there is nothing to open.
    fn open(self) -> String {
        match self {
            Self::Completions | Self::Responses => String::new(),
            Self::Messages => {
                let block = json!({ "type": "text", "text": "" });
                event(&json!({ "type": "content_block_start", "index": 0, "content_block": block }))
            }
        }
    }

    fn text(self, text: &str) -> String {
        event(&match self {
            Self::Completions => json!({ "choices": [{ "delta": { "content": text } }] }),
            Self::Responses => json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text }),
            Self::Messages => {
                json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } })
            }
        })
    }

    /// Ends the answer; ten tokens read and five from the cache, seven written.
    fn end(self) -> String {
        match self {
            Self::Completions => {
                let counted = json!({
                    "prompt_tokens": 15, "completion_tokens": 7, "prompt_tokens_details": { "cached_tokens": 5 },
                });
                event(&json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }))
                    + &event(&json!({ "choices": [], "usage": counted }))
                    + "data: [DONE]\n\n"
            }
            Self::Responses => {
                let counted = json!({ "input_tokens": 15, "output_tokens": 7, "input_tokens_details": { "cached_tokens": 5 } });
                event(&json!({ "type": "response.completed", "response": { "status": "completed", "usage": counted } }))
            }
            Self::Messages => {
                event(&json!({ "type": "content_block_stop", "index": 0 }))
                    + &event(&json!({
                        "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 7 },
                    }))
                    + &event(&json!({ "type": "message_stop" }))
            }
        }
    }

    fn wrong_order(self) -> String {
        match self {
            Self::Completions => "data: [DONE]\n\n".to_owned(),
            Self::Responses => {
                event(&json!({ "type": "response.function_call_arguments.delta", "output_index": 3, "delta": "{}" }))
            }
            Self::Messages => self.text("too early"),
        }
    }
}

impl Llm {
    /// Starts a backend that does these things with one request after the other, and refuses those beyond them.
    pub fn start(style: Style, turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::serve(style, Script::InOrder(Mutex::new(turns.into_iter().collect())))
    }

    /// Starts a backend that does with each request what its body calls for.
    pub fn start_by(style: Style, turn: fn(&Value) -> Turn) -> Self {
        Self::serve(style, Script::ByBody(turn))
    }

    fn serve(style: Style, script: Script) -> Self {
        let state = Arc::new(State { style, script, asked: Mutex::default(), gate: Semaphore::new(0) });
        let (tell, told) = mpsc::channel();
        let served = Arc::clone(&state);
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let data = Data::from(served);
                let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)));
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
                let port = server.addrs()[0].port();
                let server = server.run();
                tell.send((port, server.handle())).expect("a test that waits");
                server.await
            })
        });
        let (port, handle) = told.recv().expect("a backend");
        Self { url: format!("http://127.0.0.1:{port}/v1"), state, handle }
    }

    /// Returns what it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().expect("the requests").clone()
    }

    /// Lets one late answer go on.
    pub fn let_go(&self) {
        self.state.gate.add_permits(1);
    }

    /// Takes back what was let go and nobody has taken.
    pub fn hold(&self) {
        while let Ok(permit) = self.state.gate.try_acquire() {
            permit.forget();
        }
    }

    /// Returns it as a provider of the configuration, these settings over the usual ones.
    pub fn provider(&self, over: Value) -> Value {
        let mut provider = json!({
            "api": self.state.style.api(), "baseUrl": self.url, "apiKey": "sk-of-the-tests", "models": ["m"],
            "firstTokenTimeoutMs": 60_000, "tokenTimeoutMs": 60_000,
        });
        super::gateway::merge(&mut provider, over);
        provider
    }
}

impl Drop for Llm {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

fn event(data: &Value) -> String {
    // The name is there where the style has one, and always in the data too.
    match data["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let key = match state.style {
        Style::Messages => header("x-api-key"),
        Style::Completions | Style::Responses => header("authorization").trim_start_matches("Bearer ").to_owned(),
    };
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let turn = match &state.script {
        Script::InOrder(turns) => turns.lock().expect("the turns").pop_front(),
        Script::ByBody(turn) => Some(turn(&body)),
    };
    state.asked.lock().expect("the requests").push(Asked { key, body });
    perform(turn.unwrap_or(Turn::Status(418, None, "asked more often than the test says")), state).await
}

async fn perform(turn: Turn, state: Data<State>) -> HttpResponse {
    let style = state.style;
    let begun = |words: &str| match words {
        "" => style.begin(),
        words => style.begin() + &style.open() + &style.text(words),
    };
    let halves = |text: &str| {
        let (one, two) = text.split_at(text.len() / 2);
        style.begin() + &style.open() + &style.text(one) + &style.text(two) + &style.end()
    };
    match turn {
        Turn::Say(text) => streamed(halves(text), stream::empty().boxed_local()),
        Turn::Status(status, wait, reason) => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
            if let Some(wait) = wait {
                response.insert_header(("retry-after", wait));
            }
            response.json(json!({ "type": "error", "error": { "message": reason, "type": "a_kind" } }))
        }
        Turn::Cut(words) => streamed(begun(words), stream::once(cut()).boxed_local()),
        Turn::Stall(words) => streamed(begun(words), stream::pending().boxed_local()),
        Turn::Silence => std::future::pending().await,
        Turn::BadJson(words) => streamed(begun(words) + "data: {\"choices\": [\n\n", stream::pending().boxed_local()),
        Turn::WrongOrder => streamed(style.wrong_order(), stream::pending().boxed_local()),
        Turn::Html => HttpResponse::Ok().content_type("text/html").body("<html><body>Sign in</body></html>"),
        Turn::HugeLine(words) => {
            streamed(begun(words) + "data: " + &"x".repeat(2 * 1024 * 1024), stream::pending().boxed_local())
        }
        Turn::Late(text) => {
            let rest = halves(text);
            let late = async move {
                state.gate.acquire().await.expect("a gate").forget();
                Ok(Bytes::from(rest))
            };
            streamed(": ping\n\n".to_owned(), stream::once(late).boxed_local())
        }
    }
}

fn streamed(head: String, rest: stream::LocalBoxStream<'static, Result<Bytes, std::io::Error>>) -> HttpResponse {
    let head = stream::once(async move { Ok(Bytes::from(head)) });
    HttpResponse::Ok().content_type("text/event-stream").streaming(head.chain(rest))
}

/// Lets the server flush what it has, then breaks the connection.
async fn cut() -> Result<Bytes, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::Error::other("cut"))
}
