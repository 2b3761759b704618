//! What a turn leaves behind in the store.

use super::ended::{Ended, How};
use super::memory::SendPolicy;
use super::steps::remembered;
use crate::agent::ProviderError;
use crate::message::{Entry, Outbound, OutboxId, Role, SessionKey, Switchboard, Target, ToolRound};
use crate::ports::{InboxRow, NewOutbox, TurnOutcome};

/// What is said when nothing could answer: honest, short, and without the operator's business. The code stands between the two.
const APOLOGY: (&str, &str) = ("Sorry, I could not answer that (", "). Please try again later.");

fn apology(error: &ProviderError) -> String {
    format!("{}{}{}", APOLOGY.0, error.code, APOLOGY.1)
}

/// Says whether a line of a transcript is, or ends with, what a turn says that could not answer.
#[must_use]
pub fn tells_failure(line: &str) -> bool {
    let last = line.rsplit("\n\n").next().unwrap_or(line);
    let code = last.strip_prefix(APOLOGY.0).and_then(|rest| rest.strip_suffix(APOLOGY.1));
    code.is_some_and(|code| !code.is_empty() && code.bytes().all(|mark| mark.is_ascii_lowercase() || mark == b'_'))
}

/// Returns the two lines that a turn adds to the transcript; only the question's when nothing was said or done.
pub(super) fn entries(question: Entry, answer: String, rounds: Vec<ToolRound>, now_ms: i64) -> Vec<Entry> {
    let run = question.run.clone();
    let mut entries = vec![question];
    if !(answer.is_empty() && rounds.is_empty()) {
        entries.push(Entry { role: Role::Assistant, text: answer, media: Vec::new(), run, at_ms: now_ms, rounds });
    }
    entries
}

/// Returns the outcome of a turn that a row asked for. The answer goes back to where the row came from, or to where its order
/// has it delivered; an order that has it delivered nowhere leaves where the session's answers go as it was.
pub(super) fn of_row(
    session: &SessionKey,
    row: &InboxRow,
    question: Entry,
    ended: &Ended,
    send: SendPolicy,
    switchboard: &dyn Switchboard,
    now_ms: i64,
) -> TurnOutcome {
    let route = &row.inbound.route;
    let target = match &row.inbound.order {
        Some(order) => order.deliver.clone(),
        None => Some(Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() }),
    };
    let trace = row.inbound.trace;
    let said = said(row, ended);
    let payloads = match (&target, send) {
        (Some(target), SendPolicy::Allow) if !said.trim().is_empty() => switchboard.shape(outbound(target.clone(), said)),
        (Some(_), SendPolicy::Deny) if !said.trim().is_empty() => {
            tracing::info!(event = "answer.kept", %session, %trace, "the session's send policy is deny: its answer is not sent");
            Vec::new()
        }
        _ => Vec::new(),
    };
    let waiting = |outbound| NewOutbox { id: OutboxId::new(), outbound, trace, idempotency_key: None };
    TurnOutcome {
        session: session.clone(),
        run: question.run.clone(),
        done: vec![row.id],
        entries: entries(question, line(row, ended), remembered(ended.rounds.clone()), now_ms),
        outbox: payloads.into_iter().map(waiting).collect(),
        reply_to: target,
        usage: ended.spent,
    }
}

/// What the peer reads. A failure is never silence for a peer; whoever ordered the turn hears of it by itself.
fn said(row: &InboxRow, ended: &Ended) -> String {
    match &ended.how {
        How::Done(_) => ended.text.clone(),
        How::Failed(error) | How::Late(error) if row.inbound.order.is_none() || is_announced(row) => apology(error),
        How::Aborted(why) if is_announced(row) => format!("The task was ended before it was done: {why}."),
        How::Failed(_) | How::Late(_) | How::Aborted(_) => String::new(),
    }
}

/// Whether another session waits for the answer, which hears of a failure by nothing else.
fn is_announced(row: &InboxRow) -> bool {
    let target = row.inbound.order.as_ref().and_then(|order| order.deliver.as_ref());
    row.inbound.is_task() && target.is_some_and(|target| target.thread.is_some())
}

/// What the transcript keeps as the answer: all that was written where the peer or the listeners have read it.
fn line(row: &InboxRow, ended: &Ended) -> String {
    match &ended.how {
        How::Done(_) | How::Aborted(_) => ended.text.clone(),
        How::Failed(error) | How::Late(error) if row.inbound.order.is_some() && !ended.text.is_empty() => {
            format!("{}\n\n{}", ended.text, apology(error))
        }
        How::Failed(error) | How::Late(error) => apology(error),
    }
}

fn outbound(target: Target, text: String) -> Outbound {
    Outbound { target, text, media: Vec::new(), mentions: Vec::new() }
}
