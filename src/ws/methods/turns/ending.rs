//! How ordered turns are told to have ended: gateway-protocol §7.4.

use std::time::Duration;

use callboard_actors::client::{Payload, Refusal, WireError};
use callboard_actors::message::{Code, Role, RunId, RunReport, RunStand, RunVerdict, SessionKey, Usage};
use callboard_actors::session::tells_failure;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::ws::Control;
use crate::ws::table::Free;

/// How long the events of a turn may take to be on their way before its end is answered all the same.
const HEARD_WAIT: Duration = Duration::from_secs(2);

/// How many lines back the answer of a turn is looked for whose end is not in memory any more.
const LOOK_BACK_MAX: usize = 1_000;

/// Waits for the end of a turn and tells it.
///
/// # Errors
/// It failed, or nothing is known of it any more.
pub(in super::super) async fn ended(control: &Control, run: &RunId, session: &SessionKey) -> Result<Free, Refusal> {
    let gone = || refused(run, Code::Unavailable, "nothing is known of this turn any more: see chat.history");
    let Some(mut following) = control.switchboard.runs().follow(run) else { return Err(gone()) };
    let report = match following.wait_for(|stand| matches!(stand, RunStand::Ended(_))).await.as_deref() {
        Ok(RunStand::Ended(report)) => report.clone(),
        _ => return Err(gone()),
    };
    // Whoever hears of the end has heard what came before it.
    let (done, heard) = oneshot::channel();
    control.switchboard.heard(done);
    let _ = control.clock().within(HEARD_WAIT, heard).await;
    told(control, run, session, &report).await
}

async fn told(control: &Control, run: &RunId, session: &SessionKey, report: &RunReport) -> Result<Free, Refusal> {
    let RunReport { outcome, text, usage, provider, model, started_ms, ended_ms } = report;
    let aborted = match outcome {
        RunVerdict::Failed(failure) => return Err(refused(run, failure.code, &failure.message)),
        RunVerdict::Aborted(why) => Some(*why),
        RunVerdict::Done => None,
    };
    let meta = json!({
        "durationMs": ended_ms.saturating_sub(*started_ms),
        "agentMeta": agent_meta(control, session, (provider, model), *usage).await,
        "aborted": aborted.is_some(),
        "stopReason": aborted,
    });
    Ok(finished(run, if aborted.is_some() { "aborted" } else { "completed" }, text, meta))
}

/// Tells a turn whose end is not in memory any more, from what stands in the transcript: its answer, without usage and duration.
/// Of an aborted one the part stands there that was written, and is told as its answer.
///
/// # Errors
/// No answer of it stands there, because it failed, was aborted before it said anything, or was compacted away; or the store
/// does not answer.
pub(in super::super) async fn remembered(control: &Control, run: &RunId, session: &SessionKey) -> Result<Free, Refusal> {
    let lines = control.store.history(session.clone(), LOOK_BACK_MAX).await?;
    let own = lines.iter().filter(|line| line.run == *run && line.role == Role::Assistant);
    let said: Vec<&str> = own.map(|line| line.text.as_str()).filter(|text| !tells_failure(text)).collect();
    if said.is_empty() {
        let why = "this turn is over, and its answer is no longer known: see chat.history";
        return Err(refused(run, Code::Unavailable, why));
    }
    let text = said.join("\n\n");
    let agent_meta = agent_meta(control, session, ("", ""), Usage::default()).await;
    Ok(finished(run, "completed", &text, json!({ "durationMs": 0, "agentMeta": agent_meta, "aborted": false })))
}

async fn agent_meta(control: &Control, session: &SessionKey, (provider, model): (&str, &str), usage: Usage) -> Value {
    let row = control.store.session(session.clone()).await.ok().flatten();
    json!({
        "sessionId": row.map(|row| row.id),
        "provider": provider,
        "model": model,
        "usage": {
            "input": usage.input, "output": usage.output, "cacheRead": usage.cache_read, "cacheWrite": usage.cache_write,
            "total": usage.total(),
        },
    })
}

fn finished(run: &RunId, summary: &str, text: &str, meta: Value) -> Free {
    let text = text.trim();
    let payloads = if text.is_empty() { json!([]) } else { json!([{ "text": text, "mediaUrl": null }]) };
    Free(json!({
        "runId": run, "status": "ok", "summary": summary, "result": { "payloads": payloads, "meta": meta },
    }))
}

/// Returns the refusal of a turn that failed.
pub(in super::super) fn refused(run: &RunId, code: Code, why: &str) -> Refusal {
    let error = WireError { code: Code::Unavailable.wire(), ..WireError::new(code, why) };
    let payload = Payload::of(&json!({ "runId": run, "status": "error", "summary": why }));
    Refusal { error, payload: Some(payload) }
}

/// Returns the refusal of a turn whose message stands in the dead letters.
pub(in super::super) fn failed(run: &RunId) -> Refusal {
    refused(run, Code::Poison, "the message of this turn stands in the dead letters: see callboard deadletters list")
}
