//! `chat.send`, `chat.abort`, `chat.history` and `chat.inject`: gateway-protocol §7.5.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{
    ChatEvent, ChatState, ChatText, Entry, EventBody, EventName, Media, Role, RunId, RunReport, RunStand, RunVerdict,
    ToolResult, ToolRound, Usage,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::agent::may_send;
use super::attachments::{self, Attachment};
use super::levels;
use super::turns::{self, Ordered, Wishes, agent_named, session_named};
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Free, Method, SHORT, method};

/// How many lines a history has when the client names no number.
const LINES: u32 = 200;

/// How large a history may be, bytes of JSON; older lines are left out.
const HISTORY_BYTES_MAX: usize = 6 * 1024 * 1024;

/// The longest that a turn may take, milliseconds; more is cut to it.
const TIMEOUT_MS_MAX: u64 = 24 * 3_600_000;

/// Messages that end a turn instead of beginning one.
const STOP_WORDS: &[&str] = &["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt"];

pub(super) const METHODS: &[Method] = &[
    method!("chat.send", Scope::Write, SHORT, "Says something in a session; events tell the answer.", SendParams => Free, send),
    method!("chat.abort", Scope::Write, SHORT, "Ends a session's turns, or the one named.", AbortParams => Free, abort),
    method!("chat.history", Scope::Read, SHORT, "Returns the newest lines of a session, newest last.", HistoryParams => Free, history),
    method!("chat.inject", Scope::Admin, SHORT, "Writes a line of the agent into a session without a turn.", InjectParams => Free, inject),
];

/// Something that is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct SendParams {
    /// Where.
    #[schemars(length(min = 1))]
    session_key: String,
    /// What.
    #[schemars(length(max = 524_288))]
    message: String,
    /// The turn's id: the same key is run once.
    #[schemars(length(min = 1, max = 256))]
    idempotency_key: String,
    /// How much the model is to think.
    #[serde(default)]
    thinking: Option<String>,
    /// Whether the answer is also sent where the session's answers went last.
    #[serde(default)]
    deliver: Option<bool>,
    /// Files that go with it.
    #[serde(default)]
    attachments: Option<Vec<Attachment>>,
    /// How long the turn may take; 0 leaves it to the session.
    #[serde(default)]
    timeout_ms: Option<u64>,
}

async fn send(cx: Cx, params: SendParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let session = session_named(control, None, &params.session_key)?;
    let text = params.message.trim();
    if STOP_WORDS.contains(&text.to_lowercase().as_str()) {
        return Ok(stopped(&turns::stop(control, &session.key, None, "stop").await));
    }
    let attachments = params.attachments.unwrap_or_default();
    if text.is_empty() && attachments.is_empty() {
        return Err(WireError::invalid("message or attachment required").into());
    }
    let bad = |error: WireError| invalid("chat.send", &error.message);
    agent_named(control, session.key.agent().unwrap_or_default()).map_err(bad)?;
    let thinking = params.thinking.as_deref().map(|level| levels::check("thinkingLevel", level)).transpose().map_err(bad)?;
    let row = control.store.session(session.key.clone()).await?;
    may_send(row.as_ref())?;
    let last = row.and_then(|row| row.reply_to).filter(|target| target.account.channel() != "webchat");
    let key = session.key.clone();
    let media = attachments::take(control, attachments).await?;
    let wishes = Wishes {
        session,
        key: params.idempotency_key,
        text: params.message,
        media,
        system: None,
        thinking,
        timeout_ms: params.timeout_ms.filter(|ms| *ms > 0).map(|ms| ms.min(TIMEOUT_MS_MAX)),
        deliver: last.filter(|_| params.deliver == Some(true)),
    };
    let status = |run: RunId, status: &str| Ok(Free(json!({ "runId": run, "status": status })));
    match turns::order(&cx, "chat.send", wishes).await? {
        Ordered::New(run) => status(run, "started"),
        Ordered::Known(run, RunStand::Ended(report)) => match &*report {
            RunReport { outcome: RunVerdict::Failed(failure), .. } => Err(turns::refused(&run, failure.code, &failure.message)),
            _ => status(run, "ok"),
        },
        Ordered::Known(run, _) | Ordered::Open(run) => status(run, "in_flight"),
        Ordered::Done(run) => {
            turns::remembered(control, &run, &key).await?;
            status(run, "ok")
        }
        Ordered::Dead(run) => Err(turns::failed(&run)),
    }
}

fn stopped(runs: &[RunId]) -> Free {
    Free(json!({ "ok": true, "aborted": !runs.is_empty(), "runIds": runs }))
}

/// What is ended.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct AbortParams {
    /// Where.
    #[schemars(length(min = 1))]
    session_key: String,
    /// Only this turn.
    #[serde(default)]
    #[schemars(length(min = 1))]
    run_id: Option<String>,
}

async fn abort(cx: Cx, params: AbortParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let session = session_named(control, None, &params.session_key)?.key;
    let Some(run) = params.run_id else { return Ok(stopped(&turns::stop(control, &session, None, "rpc").await)) };
    let Some(run) = RunId::named(&run) else { return Ok(stopped(&[])) };
    let runs = control.switchboard.runs();
    if runs.find(&run).is_none() {
        turns::recall(control, &run, &session).await?;
    }
    match runs.find(&run) {
        Some((of, _)) if of != session => Err(WireError::invalid("runId does not match sessionKey").into()),
        Some((_, RunStand::Ended(_))) => Ok(stopped(&[])),
        // A turn that nobody ordered can be aborted by its name too.
        Some(_) | None => Ok(stopped(&turns::stop(control, &session, Some(&run), "rpc").await)),
    }
}

/// Which lines are wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct HistoryParams {
    /// Of which session.
    #[schemars(length(min = 1))]
    session_key: String,
    /// How many at the most.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

async fn history(cx: Cx, HistoryParams { session_key, limit }: HistoryParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let session = session_named(control, None, &session_key)?.key;
    let row = control.store.session(session.clone()).await?;
    let lines = control.store.history(session, limit.unwrap_or(LINES) as usize).await?;
    let mut told = json!({ "sessionKey": session_key, "messages": newest(&lines), "thinkingLevel": "off" });
    if let (Some(row), Some(fields)) = (row, told.as_object_mut()) {
        fields.insert("sessionId".to_owned(), row.id.to_string().into());
        fields.insert("thinkingLevel".to_owned(), row.traits.thinking_level.unwrap_or_else(|| "off".to_owned()).into());
    }
    Ok(Free(told))
}

/// Returns as many of the newest lines as fit, newest last.
fn newest(lines: &[Entry]) -> Vec<Value> {
    let mut room = HISTORY_BYTES_MAX;
    let mut messages = Vec::new();
    for line in lines.iter().rev() {
        let message = message(line);
        let Some(left) = room.checked_sub(message.to_string().len() + 1) else { break };
        room = left;
        messages.push(message);
    }
    messages.reverse();
    messages
}

fn message(line: &Entry) -> Value {
    let Entry { role, text, media, run, at_ms, rounds } = line;
    let mut content: Vec<_> = rounds.iter().flat_map(called).collect();
    content.push(json!({ "type": "text", "text": text }));
    content.extend(media.iter().map(shown));
    json!({ "role": role.shown(), "content": content, "timestamp": at_ms, "runId": run })
}

/// Returns what came with a line: by its address, or by its place in the agent's workspace. A picture that came in a `data:` address
/// is only named.
fn shown(media: &Media) -> Value {
    match media.url().filter(|url| !url.starts_with("data:")) {
        Some(url) => json!({ "type": "image_url", "url": url, "mimeType": media.mime }),
        None => json!({
            "type": "file", "path": media.path(), "fileName": media.name, "mimeType": media.mime, "size": media.size,
            "note": media.note,
        }),
    }
}

/// Returns the calls of a round of tools, each with what came of it.
fn called(round: &ToolRound) -> impl Iterator<Item = Value> {
    round.calls.iter().flat_map(|(call, result)| {
        let failed = matches!(result, ToolResult::Failed(_));
        [
            json!({ "type": "toolCall", "id": call.id, "name": call.name, "arguments": call.args }),
            json!({
                "type": "toolResult", "toolCallId": call.id, "toolName": call.name, "isError": failed,
                "content": [{ "type": "text", "text": result.text() }],
            }),
        ]
    })
}

/// A line to write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct InjectParams {
    /// Where.
    #[schemars(length(min = 1))]
    session_key: String,
    /// What.
    #[schemars(length(min = 1))]
    message: String,
    /// What stands before it in brackets.
    #[serde(default)]
    #[schemars(length(max = 100))]
    label: Option<String>,
}

async fn inject(cx: Cx, params: InjectParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let session = session_named(control, None, &params.session_key)?;
    if control.store.session(session.key.clone()).await?.is_none() {
        return Err(WireError::invalid("session not found").into());
    }
    let label = params.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
    let text = label.map_or_else(|| params.message.clone(), |label| format!("[{label}]\n\n{}", params.message));
    let id: String = Uuid::new_v4().simple().to_string().chars().take(8).collect();
    let run = RunId::named(&format!("inject-{id}")).unwrap_or_default();
    let at_ms = control.clock().now_ms();
    let line =
        Entry { role: Role::Assistant, text: text.clone(), media: Vec::new(), run: run.clone(), at_ms, rounds: Vec::new() };
    control.store.append_transcript(session.key.clone(), vec![line], Usage::default());
    control.store.flush().await?;
    control.switchboard.session_changed(&session.key);
    let event = ChatEvent {
        run_id: &run,
        session_key: &session.spelled,
        seq: 0,
        state: ChatState::Final,
        message: Some(ChatText::new(&text, at_ms)),
        error_message: None,
        stop_reason: Some("injected"),
    };
    control.switchboard.publish(EventBody::new(EventName::Chat, &event));
    Ok(Free(json!({ "ok": true, "messageId": id })))
}
