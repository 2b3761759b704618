//! `sessions_send`: asks another session and waits for its answer.

use std::time::Duration;

use callboard_actors::agent::{Entrance, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::{
    Ask, AskError, Code, Delta, RunId, Sampling, SessionKey, Tenure, ToolUse, TraceId, TurnFailure, Usage,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::place::{KEY_BYTES_MAX, seen_session};
use super::{ToolParts, args};

/// How long an answer is waited for at the most, and without being told, seconds; below what a call may take.
const WAIT_SECS_MAX: u64 = 100;
const WAIT_SECS_DEFAULT: u64 = 30;
/// How many bytes a message may have.
const MESSAGE_BYTES_MAX: u64 = 256 * 1024;
/// How many pieces of an answer wait to be read.
const DELTAS_MAX: usize = 64;

/// Asks another session.
pub(super) struct SessionsSend {
    parts: ToolParts,
}

impl SessionsSend {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { parts: parts.clone() }
    }
}

impl Tool for SessionsSend {
    fn name(&self) -> &str {
        "sessions_send"
    }

    fn description(&self) -> &str {
        "Says something to another session and returns its answer. A turn that takes longer than is waited for is ended."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["sessionKey", "message"],
            "properties": {
                "sessionKey": {
                    "type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX,
                    "description": "The session; `main` is the agent's main one."
                },
                "message": { "type": "string", "minLength": 1, "maxLength": MESSAGE_BYTES_MAX, "description": "What to say." },
                "timeoutSeconds": {
                    "type": "integer", "minimum": 1, "maximum": WAIT_SECS_MAX,
                    "description": "How long to wait for the answer; 30 without."
                }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let parts = self.parts.clone();
        let send = async move {
            let session = seen_session(args::required(&args, &["sessionKey"])?, &context, &parts).await?;
            if context.entrance == Entrance::Turn && session == context.session {
                return Err(ToolFault::argument("sessionKey", "is this very session, which waits for this tool"));
            }
            let message = args::required(&args, &["message"])?.to_owned();
            let run = RunId::new();
            let (deltas, receiver) = mpsc::channel(DELTAS_MAX);
            let question = question(session.clone(), run.clone(), message, deltas, context.trace);
            parts.outgoing.switchboard.ask(question).map_err(not_taken)?;
            let wait = Duration::from_secs(args::number(&args, "timeoutSeconds", WAIT_SECS_DEFAULT));
            let answer = parts.outgoing.clock.within(wait, answer(receiver)).await;
            let (reply, usage) = answer.ok_or_else(|| {
                let text = format!("the session had not answered after {} s; its turn is ended", wait.as_secs());
                ToolFault::failed(Code::Timeout, text)
            })??;
            let usage = json!({ "input": usage.input, "output": usage.output });
            let details = json!({ "runId": run, "status": "ok", "sessionKey": session, "reply": reply, "usage": usage });
            Ok(ToolOutput::json(details))
        };
        send.boxed()
    }
}

fn question(session: SessionKey, run: RunId, text: String, deltas: mpsc::Sender<Delta>, trace: TraceId) -> Ask {
    Ask {
        session,
        tenure: Tenure::Kept,
        run,
        system: None,
        before: Vec::new(),
        text,
        media: Vec::new(),
        rounds: Vec::new(),
        tools: ToolUse::default(),
        sampling: Sampling::default(),
        model: None,
        deltas,
        trace,
    }
}

fn not_taken(error: AskError) -> ToolFault {
    match error {
        AskError::Overloaded => ToolFault::failed(Code::Overloaded, "too many turns wait already: try again in a moment"),
        AskError::Unavailable => ToolFault::failed(Code::Unavailable, "the gateway is starting, draining or restarting a part"),
    }
}

async fn answer(mut deltas: mpsc::Receiver<Delta>) -> Result<(String, Usage), ToolFault> {
    let mut whole = String::new();
    loop {
        match deltas.recv().await {
            Some(Delta::Text { text }) => whole.push_str(&text),
            Some(Delta::End(end)) => return Ok((whole, end.usage)),
            Some(Delta::Failed(TurnFailure { code, message })) => return Err(ToolFault::failed(code, message)),
            None => {
                return Err(ToolFault::failed(Code::Unavailable, "the session was restarted before its answer was whole"));
            }
        }
    }
}
