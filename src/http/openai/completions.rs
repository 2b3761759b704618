//! One question to a session, and its answer in one piece or many.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::core::Clock;
use callboard_actors::message::{Ask, Code, Delta, RunId, TurnEnd};
use tokio::sync::mpsc;

use super::flow::Flow;
use super::request::ChatRequest;
use super::route::Front;
use super::stream::{Chunks, Head};
use super::tools::{Form, calls_out};
use super::wire::{ChatCompletion, Choice, Message};
use super::{attached, prompt, route, sampling, tools};
use crate::http::body::{Body, Chat};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::observe::Trace;

/// How many pieces of an answer wait for a client that reads slowly; then the session waits.
pub(super) const DELTAS_MAX: usize = 64;
/// The model's name when the request has none.
pub(super) const MODEL_DEFAULT: &str = "callboard";

/// Asks an agent's session and waits for its answer.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "openai", request_body = ChatRequest,
    params(
        ("x-callboard-session-key" = Option<String>, Header, description = "the session; without, one for each `user` or request"),
        ("x-callboard-agent-id" = Option<String>, Header, description = "the agent; without, by the model's name")
    ),
    responses(
        (status = 200, body = ChatCompletion, description = "or, streamed, events of `chat.completion.chunk`"),
        (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 504, body = ErrorBody)
    )
)]
pub(in crate::http) async fn complete(
    gateway: Data<Gateway>,
    request: HttpRequest,
    trace: Trace,
    body: Body<Chat>,
) -> Result<HttpResponse, ApiError> {
    let settings = gateway.settings.get();
    if !settings.chat_completions_enabled {
        let text = "chat completions are off: set `gateway.http.endpoints.chatCompletions.enabled`";
        return Err(ApiError::new(Code::NotFound, text));
    }
    let mut asked = ChatRequest::parse(&body.bytes)?;
    attached::read_texts(&mut asked.messages, &settings.chat)?;
    let agent = route::agent(&settings, request.headers(), asked.model.as_deref())?;
    let (session, tenure) = route::session(&settings, request.headers(), &agent, asked.user.as_deref(), Front::Chat)?;
    let (streams, wants_usage) = (asked.streams(), asked.wants_usage());
    let model = asked.model.take().filter(|model| !model.is_empty()).unwrap_or_else(|| MODEL_DEFAULT.to_owned());
    let sampling = sampling::sampling(&mut asked)?;
    let tools = tools::tools(&mut asked)?;
    let question = prompt::question(asked.messages)?;
    let prompt::Question { system, before, text, attached, rounds } = question;
    let taken = attached::take(attached, &settings.chat, &gateway.media).await?;
    drop(body);

    let (sender, deltas) = mpsc::channel(DELTAS_MAX);
    let run = RunId::new();
    let ask = Ask {
        session,
        tenure,
        run: run.clone(),
        system: join(system, taken.texts()),
        before,
        text,
        media: taken.media(),
        rounds,
        tools,
        sampling,
        model: None,
        deltas: sender,
        trace: trace.0,
    };
    gateway.switchboard.ask(ask)?;

    let head = Head { id: format!("chatcmpl_{run}"), model, created: gateway.clock.now_ms() / 1000 };
    let deltas = Deltas { deltas, clock: gateway.clock.clone(), wait_max: settings.turn_wait_max };
    if streams { Flow::new(Chunks::new(head, wants_usage), deltas).respond().await } else { whole(&head, deltas).await }
}

/// Returns two instructions as one.
pub(super) fn join(first: Option<String>, second: Option<String>) -> Option<String> {
    let parts: Vec<_> = [first, second].into_iter().flatten().filter(|part| !part.trim().is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

async fn whole(head: &Head, mut deltas: Deltas) -> Result<HttpResponse, ApiError> {
    let clock = deltas.clock.clone();
    let limit = deltas.wait_max;
    let answer = clock.within(limit, collect(&mut deltas)).await;
    let (text, end) = answer.ok_or_else(|| late(limit))??;
    let tool_calls = calls_out(&end.calls, Form::Whole);
    // Calls without a word have no content, which is not the same as an empty one.
    let content = (tool_calls.is_none() || !text.is_empty()).then_some(text.as_str());
    let message = Message { role: "assistant", content, refusal: None, tool_calls };
    let choices = [Choice { index: 0, message, logprobs: None, finish_reason: &end.finish_reason }];
    let Head { id, model, created } = head;
    let object = "chat.completion";
    Ok(HttpResponse::Ok().json(ChatCompletion { id, object, created: *created, model, choices, usage: end.usage.into() }))
}

/// Returns a whole answer.
///
/// # Errors
/// The turn failed, or its session ended before it.
pub(super) async fn collect(deltas: &mut Deltas) -> Result<(String, TurnEnd), ApiError> {
    let mut whole = String::new();
    loop {
        match deltas.deltas.recv().await {
            // Most answers of a provider that does not stream come in one piece, which need not be copied.
            Some(Delta::Text { text }) if whole.is_empty() => whole = text,
            Some(Delta::Text { text }) => whole.push_str(&text),
            Some(Delta::End(end)) => return Ok((whole, end)),
            Some(Delta::Failed(failure)) => return Err(failure.into()),
            None => return Err(broken_off()),
        }
    }
}

/// The pieces of an answer and how long they are waited for. Dropping it tells the session that its client is gone.
pub(super) struct Deltas {
    /// The pieces.
    pub(super) deltas: mpsc::Receiver<Delta>,
    /// The gateway's clock.
    pub(super) clock: Clock,
    /// How long in all, for a whole answer; from piece to piece, for a streamed one.
    pub(super) wait_max: Duration,
}

/// Returns the failure of a turn whose session ended before it.
pub(super) fn broken_off() -> ApiError {
    ApiError::new(Code::Unavailable, "the session was restarted before the answer was whole: ask again")
}

/// Returns the failure of a turn that takes too long.
pub(super) fn late(limit: Duration) -> ApiError {
    ApiError::new(Code::Timeout, format!("the session did not answer within {} seconds", limit.as_secs()))
}
