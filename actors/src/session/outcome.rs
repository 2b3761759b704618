//! What a turn leaves behind in the store.

use crate::agent::ProviderError;
use crate::message::{Entry, Outbound, OutboxId, Role, RunId, SessionKey, Switchboard, Target};
use crate::ports::{InboxRow, NewOutbox, TurnOutcome};

/// What the peer is told when nothing could answer: honest, short, and without the operator's business.
pub(super) fn apology(error: &ProviderError) -> String {
    format!("Sorry, I could not answer that ({}). Please try again later.", error.code)
}

/// Returns the two lines that a turn adds to the transcript; only the question's when there is no answer.
pub(super) fn entries(question: Entry, answer: &str, now_ms: i64) -> Vec<Entry> {
    let run = question.run;
    let mut entries = vec![question];
    if !answer.is_empty() {
        entries.push(Entry { role: Role::Assistant, text: answer.to_owned(), media: None, run, at_ms: now_ms });
    }
    entries
}

/// Returns the outcome of a turn that a row asked for: the answer goes back to where the row came from.
pub(super) fn of_row(
    session: &SessionKey,
    row: &InboxRow,
    run: RunId,
    entries: Vec<Entry>,
    answer: String,
    switchboard: &dyn Switchboard,
) -> TurnOutcome {
    let route = &row.inbound.route;
    let target = Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() };
    let outbound = Outbound { target: target.clone(), text: answer, media_url: None, mentions: Vec::new() };
    let payloads = if outbound.text.trim().is_empty() { Vec::new() } else { switchboard.shape(outbound) };
    let trace = row.inbound.trace;
    let waiting = |outbound| NewOutbox { id: OutboxId::new(), outbound, trace, idempotency_key: None };
    TurnOutcome {
        session: session.clone(),
        run,
        done: vec![row.id],
        entries,
        outbox: payloads.into_iter().map(waiting).collect(),
        reply_to: Some(target),
    }
}
