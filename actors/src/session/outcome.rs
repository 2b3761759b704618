//! What a turn leaves behind in the store.

use super::ended::{Ended, How};
use super::memory::SendPolicy;
use super::speaking::Left;
use super::steps::remembered;
use super::telling::Telling;
use crate::agent::ProviderError;
use crate::message::{Entry, Outbound, OutboxId, Role, SessionKey, Switchboard, Target, ToolRound};
use crate::ports::{InboxRow, NewOutbox, TurnOutcome};

/// What is said when nothing could answer: honest, short, and without the operator's business. The code stands between the two.
const APOLOGY: (&str, &str) = ("Sorry, I could not answer that (", "). Please try again later.");

/// What stands behind an answer that had begun to leave and was ended by somebody else than its reader.
const ENDED: &str = "(The answer was ended here.)";

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
    telling: &Telling,
    switchboard: &dyn Switchboard,
    now_ms: i64,
) -> TurnOutcome {
    let route = &row.inbound.route;
    let target = match &row.inbound.order {
        Some(order) => order.deliver.clone(),
        None => Some(Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() }),
    };
    let trace = row.inbound.trace;
    let before = telling.before.iter().filter(|text| !text.trim().is_empty());
    let answer = match (said(row, ended), &telling.below) {
        (said, Some(below)) if !said.trim().is_empty() => format!("{said}\n\n{below}"),
        // All of the answer has left by now.
        (_, Some(below)) if has_begun(ended) => below.clone(),
        (said, _) => said,
    };
    let is_silent = answer.trim().is_empty() && before.clone().next().is_none();
    let mut draft = match ended.left {
        Left::Draft(id) => Some(id),
        Left::Nothing | Left::Parts(_) => None,
    };
    let fresh = |outbound| NewOutbox { id: OutboxId::default(), outbound, trace, idempotency_key: None };
    let first = |outbound| NewOutbox { id: draft.take().unwrap_or_default(), ..fresh(outbound) };
    let outbox: Vec<_> = match (&target, telling.send) {
        (Some(target), SendPolicy::Allow) => {
            let before = before.flat_map(|text| switchboard.shape(outbound(target.clone(), text.clone()))).map(fresh);
            before.chain(shaped(outbound(target.clone(), answer), &ended.left, switchboard).into_iter().map(first)).collect()
        }
        (Some(target), SendPolicy::Deny) => {
            if !is_silent {
                tracing::info!(event = "answer.kept", %session, %trace, "the session's send policy is deny: its answer is not sent");
            }
            // What was shown of it while that was allowed is taken back.
            let closed = matches!(ended.left, Left::Draft(_)).then(|| outbound(target.clone(), ENDED.to_owned()));
            closed.into_iter().flat_map(|closed| switchboard.shape(closed)).map(first).collect()
        }
        _ => Vec::new(),
    };
    TurnOutcome {
        session: session.clone(),
        run: question.run.clone(),
        done: vec![row.id],
        dropped: Vec::new(),
        entries: entries(question, line(row, ended), remembered(ended.rounds.clone()), now_ms),
        outbox,
        reply_to: target,
        usage: ended.spent,
    }
}

/// Returns what is still to be sent of an answer: nothing of one that says nothing.
fn shaped(outbound: Outbound, left: &Left, switchboard: &dyn Switchboard) -> Vec<Outbound> {
    if outbound.text.trim().is_empty() {
        return Vec::new();
    }
    match (left, switchboard.shaper(&outbound.target.account)) {
        (Left::Parts(_), Some(shaper)) => shaper.shape_rest(outbound),
        _ => switchboard.shape(outbound),
    }
}

/// What the peer reads beside what has left. No draft is left as if there were more to come: where nothing else takes its place, it is
/// said that it was ended.
fn said(row: &InboxRow, ended: &Ended) -> String {
    let said = said_of(row, ended);
    if said.trim().is_empty() && matches!(ended.left, Left::Draft(_)) { ENDED.to_owned() } else { said }
}

/// What the peer reads of how a turn came out. A failure is never silence for a peer; whoever ordered the turn hears of it by itself.
fn said_of(row: &InboxRow, ended: &Ended) -> String {
    match &ended.how {
        How::Done(_) => rest(ended).to_owned(),
        How::Failed(error) | How::Late(error) if row.inbound.order.is_none() || is_announced(row) => {
            behind(shown(ended), &apology(error))
        }
        How::Aborted(why) if is_announced(row) => format!("The task was ended before it was done: {why}."),
        // They ended it themselves.
        How::Aborted("stop" | "interrupt") => shown(ended).to_owned(),
        How::Aborted(_) if has_begun(ended) => behind(shown(ended), ENDED),
        How::Failed(_) | How::Late(_) | How::Aborted(_) => String::new(),
    }
}

/// Returns what of a text has not left for good.
fn rest(ended: &Ended) -> &str {
    // Every answer begins with what has left of it.
    ended.text.strip_prefix(ended.left.words().as_str()).unwrap_or(&ended.text)
}

/// Returns what a reader has seen, or may have, in the place of the message to come.
fn shown(ended: &Ended) -> &str {
    match ended.left {
        Left::Draft(_) => ended.text.trim(),
        Left::Nothing | Left::Parts(_) => "",
    }
}

/// Says whether a reader has seen a part of an answer.
fn has_begun(ended: &Ended) -> bool {
    matches!(ended.left, Left::Parts(_)) || !shown(ended).is_empty()
}

fn behind(text: &str, last: &str) -> String {
    if text.is_empty() { last.to_owned() } else { format!("{text}\n\n{last}") }
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
        How::Failed(error) | How::Late(error) if row.inbound.order.is_some() => behind(&ended.text, &apology(error)),
        How::Failed(error) | How::Late(error) => match &ended.left {
            Left::Draft(_) => behind(shown(ended), &apology(error)),
            left => behind(left.words().trim_end(), &apology(error)),
        },
    }
}

fn outbound(target: Target, text: String) -> Outbound {
    Outbound::text(target, text)
}
