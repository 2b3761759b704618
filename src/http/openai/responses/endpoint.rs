//! One question to a session, and its answer in one piece or many.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::message::{Ask, Code, RunId, SessionKey, Tenure, ToolCall};
use tokio::sync::mpsc;

use super::book::{Given, ResponseBook};
use super::events::Events;
use super::input;
use super::request::{ResponseRequest, in_our_terms};
use super::wire::Head;
use crate::http::body::{Body, Responses};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::observe::Trace;
use crate::http::openai::attached::{self, Attached};
use crate::http::openai::completions::{DELTAS_MAX, Deltas, MODEL_DEFAULT, collect, join, late};
use crate::http::openai::content::Content;
use crate::http::openai::flow::Flow;
use crate::http::openai::request::{ChatMessage, MessageCall};
use crate::http::openai::route::{self, Front};
use crate::http::openai::{prompt, sampling, tools};
use crate::http::settings::HttpSettings;

/// How long the lines of the answer before are waited for, and how often it is looked whether they are written.
const WRITTEN_WAIT: Duration = Duration::from_secs(5);
const WRITTEN_LOOK: Duration = Duration::from_millis(5);

/// Asks an agent's session and waits for its answer.
#[utoipa::path(
    post, path = "/v1/responses", tag = "openai", request_body = ResponseRequest,
    params(
        ("x-callboard-session-key" = Option<String>, Header, description = "the session; without, one for each `user` or request"),
        ("x-callboard-agent-id" = Option<String>, Header, description = "the agent; without, by the model's name")
    ),
    responses(
        (status = 200, body = Object, description = "a `response`, or, streamed, events of `response.…`"),
        (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 504, body = ErrorBody)
    )
)]
pub(in crate::http) async fn create(
    gateway: Data<Gateway>,
    request: HttpRequest,
    trace: Trace,
    body: Body<Responses>,
) -> Result<HttpResponse, ApiError> {
    let settings = gateway.settings.get();
    if !settings.responses_enabled {
        let text = "responses are off: set `gateway.http.endpoints.responses.enabled`";
        return Err(ApiError::new(Code::NotFound, text));
    }
    let asked = ResponseRequest::parse(&body.bytes)?;
    let agent = route::agent(&settings, request.headers(), asked.model.as_deref())?;
    let before = previous(&gateway.responses, &asked, &agent)?;
    let (session, tenure) = session(&settings, request.headers(), &agent, &asked, before.as_ref())?;
    let run = RunId::new();
    let model = asked.model.clone().filter(|model| !model.is_empty()).unwrap_or_else(|| MODEL_DEFAULT.to_owned());
    let head = Head::new(&run.to_string(), gateway.clock.now_ms() / 1000, &model, &asked);
    let mut messages = input::messages(&asked.input, before.as_ref().map(|given| &*given.open).unwrap_or_default())?;
    attached::read_texts(&mut messages, &settings.responses)?;
    let inline: usize = messages.iter().flat_map(|message| &message.content.attached).map(Attached::inline_bytes).sum();
    let mut afterwards = Afterwards {
        book: gateway.responses.clone(),
        agent,
        session: session.clone(),
        bytes: body.bytes.len().saturating_sub(inline) + before.as_ref().map_or(0, |given| given.open_bytes),
        // Without tools an answer leaves nothing open.
        messages: if asked.tools.is_some() { messages.clone() } else { Vec::new() },
    };
    let (streams, instructions) = (asked.stream == Some(true), asked.instructions.clone());
    let mut chat = asked.into_chat(messages);
    let sampling = sampling::sampling(&mut chat).map_err(in_our_terms)?;
    let tools = tools::tools(&mut chat).map_err(in_our_terms)?;
    let prompt::Question { system, before: said, text, attached, rounds } =
        prompt::question(chat.messages).map_err(in_our_terms)?;
    let taken = attached::take(attached, &settings.responses, &gateway.media).await?;
    taken.settle(&mut afterwards.messages);
    drop(body);
    if before.is_some() {
        written(&gateway, &session).await?;
    }
    let (sender, deltas) = mpsc::channel(DELTAS_MAX);
    gateway.switchboard.ask(Ask {
        session,
        tenure,
        run,
        system: join(join(instructions, system), taken.texts()),
        before: said,
        text,
        media: taken.media(),
        rounds,
        tools,
        sampling,
        model: None,
        deltas: sender,
        trace: trace.0,
    })?;

    let deltas = Deltas { deltas, clock: gateway.clock.clone(), wait_max: settings.turn_wait_max };
    if streams {
        Flow::new(Events::new(head, afterwards), deltas).respond().await
    } else {
        whole(&head, &afterwards, deltas).await
    }
}

async fn whole(head: &Head, afterwards: &Afterwards, mut deltas: Deltas) -> Result<HttpResponse, ApiError> {
    let (clock, limit) = (deltas.clock.clone(), deltas.wait_max);
    let answer = clock.within(limit, collect(&mut deltas)).await;
    let (text, end) = answer.ok_or_else(|| late(limit))??;
    afterwards.remember(&head.id, &text, &end.calls);
    Ok(HttpResponse::Ok().json(head.ended(&text, &end)))
}

/// Returns the answer that a request goes on after.
fn previous(book: &ResponseBook, asked: &ResponseRequest, agent: &str) -> Result<Option<Given>, ApiError> {
    let field = "previous_response_id";
    let Some(id) = asked.previous_response_id.as_deref().filter(|id| !id.is_empty()) else { return Ok(None) };
    let Some(given) = book.find(id) else {
        let text = "no such answer is known (any more): send the whole conversation, or name `user` for a session that stays";
        return Err(ApiError::new(Code::NotFound, text).about(field));
    };
    if given.agent == agent {
        return Ok(Some(given));
    }
    Err(ApiError::field(field, format!("`{field}` is an answer of the agent {}: ask that one", given.agent)))
}

fn session(
    settings: &HttpSettings,
    headers: &HeaderMap,
    agent: &str,
    asked: &ResponseRequest,
    before: Option<&Given>,
) -> Result<(SessionKey, Tenure), ApiError> {
    match before {
        Some(given) => Ok((given.session.clone(), Tenure::Kept)),
        None => route::session(settings, headers, agent, asked.user.as_deref(), Front::Responses),
    }
}

/// Waits until the lines of the answer before stand in the store: they are written behind it, and whoever goes on at once would
/// miss them.
async fn written(gateway: &Gateway, session: &SessionKey) -> Result<(), ApiError> {
    let looks = async {
        loop {
            gateway.store.flush().await?;
            // A session is known from its first lines on.
            if gateway.store.session(session.clone()).await?.is_some() {
                return Ok(());
            }
            gateway.clock.sleep(WRITTEN_LOOK).await;
        }
    };
    let gone = || ApiError::new(Code::NotFound, "the session of that answer is gone: begin anew").about("previous_response_id");
    gateway.clock.within(WRITTEN_WAIT, looks).await.unwrap_or_else(|| Err(gone()))
}

/// What is remembered of an answer once it is given.
#[derive(Debug)]
pub(super) struct Afterwards {
    book: ResponseBook,
    agent: String,
    session: SessionKey,
    /// All that was said of the question, where its answer may call tools of the client.
    messages: Vec<ChatMessage>,
    /// How many bytes that is, about.
    bytes: usize,
}

impl Afterwards {
    /// Remembers the answer, so that a request may go on after it.
    pub(super) fn remember(&self, id: &str, text: &str, calls: &[ToolCall]) {
        let mut open = Vec::new();
        let mut open_bytes = 0;
        if !calls.is_empty() {
            let mut said = input::message("assistant", Content::text(text));
            said.tool_calls = Some(calls.iter().map(MessageCall::from).collect());
            open_bytes = self.bytes + text.len() + calls.iter().map(|call| call.args_text().len()).sum::<usize>();
            open = self.messages.iter().cloned().chain([said]).collect();
        }
        let (agent, session) = (self.agent.clone(), self.session.clone());
        self.book.remember(Given { id: id.to_owned(), agent, session, open: open.into(), open_bytes });
    }
}
