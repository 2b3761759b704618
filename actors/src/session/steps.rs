//! What a turn may do on the way to its answer, and where it writes down what it did.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::actor::{STORE_AGAIN, STORE_WAIT, SessionActor};
use super::queue::Writers;
use super::seed::{Seed, Source};
use crate::agent::{Entrance, Hands, Journal, ProviderError, ToolContext};
use crate::core::Clock;
use crate::message::{BegunRound, InboxId, RoundWritten, ToolCall, ToolResult, ToolRound};
use crate::ports::{Answer, Store, StoreError};

/// How many bytes of one result, and of one call's arguments, a later turn sees.
const KEPT_TEXT_BYTES_MAX: usize = 4 * 1024;

/// How many bytes of all rounds of a turn a later one sees; the oldest rounds are left out.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// The agent of a session whose key names none.
const AGENT: &str = "main";

impl SessionActor {
    /// Returns what a turn may do. Steps are kept for a row only: a client that waits is its own retry.
    pub(super) fn hands(&self, seed: &Seed, models: Vec<String>, clock: &Clock) -> Hands {
        let agent = self.key.agent().unwrap_or(AGENT);
        let mut context = ToolContext::new(Entrance::Turn, self.key.clone(), agent, seed.trace());
        context.models = models;
        let Source::Row(row) = &seed.source else { return Hands::of(Arc::clone(&self.parts.tools), context) };
        let route = &row.inbound.route;
        context.channel = Some(route.account.channel().to_owned());
        context.account = Some(route.account.account().to_owned());
        context.chat = Some(route.chat.clone());
        context.answered = row.inbound.order.is_none().then(|| row.inbound.platform_id.clone());
        // Where several wrote, a tool has to be there for each of them.
        context.sender = (seed.writers == Writers::One).then(|| route.peer.id.clone());
        if seed.writers == Writers::One {
            context.asker = self.settings().commands.asker(&row.inbound);
        }
        let (store, with) = (Arc::clone(&self.parts.store), self.queue.also.clone());
        let book = StepBook { store, row: row.id, with, clock: clock.clone() };
        Hands::of(Arc::clone(&self.parts.tools), context).kept(Arc::new(book), row.steps.clone()).behind(seed.answered())
    }
}

/// Writes the steps of a row's turn into the store. A disk that does not take one is asked again until the turn's time is over:
/// what is not written down would be done twice after a crash.
struct StepBook {
    store: Arc<dyn Store>,
    row: InboxId,
    /// The rows that share its turn from the start.
    with: Vec<InboxId>,
    clock: Clock,
}

impl Journal for StepBook {
    fn begun(&self, round: usize, calls: &BegunRound) -> BoxFuture<'static, Result<(), ProviderError>> {
        let (store, row, mut calls) = (Arc::clone(&self.store), self.row, calls.clone());
        calls.written = RoundWritten::Surely;
        if round == 0 {
            calls.with.clone_from(&self.with);
        }
        written(self.clock.clone(), move || store.begin_round(row, round, calls.clone()))
    }

    fn finished(&self, round: usize, call: usize, result: &ToolResult) -> BoxFuture<'static, Result<(), ProviderError>> {
        let (store, row, result) = (Arc::clone(&self.store), self.row, result.clone());
        written(self.clock.clone(), move || store.finish_call(row, round, call, result.clone()))
    }
}

fn written(clock: Clock, write: impl Fn() -> Answer<()> + Send + 'static) -> BoxFuture<'static, Result<(), ProviderError>> {
    Box::pin(async move {
        loop {
            // Asked in a statement of its own, so that nothing of it is held while it is waited for.
            let asked = write();
            match clock.within(STORE_WAIT, asked).await {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) if !is_passing(&error) => return Err(unkept(&error)),
                Some(Err(_)) | None => clock.sleep(STORE_AGAIN).await,
            }
        }
    })
}

fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Full { .. } | StoreError::Unavailable { .. } | StoreError::Closed)
}

fn unkept(error: &StoreError) -> ProviderError {
    let message = format!("a step of the turn cannot be written down: {error}");
    ProviderError { code: error.code(), message, retry_after: None }
}

/// Returns as much of a turn's rounds as later turns see: the newest that have room, long results and arguments cut.
pub(super) fn remembered(rounds: Vec<BegunRound>) -> Vec<ToolRound> {
    let mut left = KEPT_BYTES_MAX;
    let mut kept: Vec<_> = rounds
        .into_iter()
        .rev()
        .map(|round| shortened(round.closed()))
        .take_while(|round| {
            let fits = bytes_of(round) <= left;
            left = left.saturating_sub(bytes_of(round));
            fits
        })
        .collect();
    kept.reverse();
    kept
}

fn bytes_of(round: &ToolRound) -> usize {
    let calls = round.calls.iter().map(|(call, result)| call.name.len() + call.args_text().len() + result.text().len());
    round.text.len() + calls.sum::<usize>()
}

fn shortened(round: ToolRound) -> ToolRound {
    let calls = round.calls.into_iter().map(|(call, result)| {
        let result = match cut(result.text()) {
            Some(text) => result.with_text(text),
            None => result,
        };
        (brief(call), result)
    });
    ToolRound { text: round.text, calls: calls.collect() }
}

/// Arguments stay an object, which some backends insist on.
fn brief(call: ToolCall) -> ToolCall {
    match cut(&call.args_text()) {
        Some(text) => ToolCall { args: serde_json::json!({ "cut": text }), ..call },
        None => call,
    }
}

/// Returns the beginning of a text that is too long to be kept.
fn cut(text: &str) -> Option<String> {
    let kept = text.get(..text.floor_char_boundary(KEPT_TEXT_BYTES_MAX))?;
    (kept.len() < text.len()).then(|| format!("{kept}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(args: &str, result: &str) -> BegunRound {
        let call = ToolCall { id: "1".into(), name: "read".into(), args: serde_json::json!({ "path": args }) };
        BegunRound { calls: vec![(call, Some(ToolResult::Done(result.into())))], ..BegunRound::default() }
    }

    #[test]
    fn later_turns_see_the_newest_rounds_cut_to_their_bounds() {
        let short = vec![round("a", "b"), round("c", "d")];
        let whole: Vec<_> = short.iter().cloned().map(BegunRound::closed).collect();
        assert_eq!(remembered(short), whole);

        let long = "é".repeat(KEPT_TEXT_BYTES_MAX);
        let kept = remembered(vec![round(&long, &long)]);
        let (call, result) = &kept[0].calls[0];
        assert!(call.args["cut"].as_str().is_some_and(|text| text.ends_with('…') && text.len() <= KEPT_TEXT_BYTES_MAX + 3));
        assert!(result.text().ends_with('…') && result.text().len() <= KEPT_TEXT_BYTES_MAX + 3);

        let mut many: Vec<_> = (0..40).map(|_| round(&long, &long)).collect();
        many.push(round("last", "one"));
        let kept = remembered(many);
        assert!(kept.len() < 20 && kept.iter().map(bytes_of).sum::<usize>() <= KEPT_BYTES_MAX, "{}", kept.len());
        assert_eq!(kept.last().unwrap().calls[0].1, ToolResult::Done("one".into()), "the newest stay");
    }

    #[test]
    fn a_call_without_a_result_says_that_nobody_knows() {
        let begun = BegunRound::new("so".into(), vec![round("a", "").calls.remove(0).0]);
        let kept = remembered(vec![begun]);
        assert!(matches!(&kept[0].calls[0].1, ToolResult::Failed(text) if text.contains("not known")));
    }
}
