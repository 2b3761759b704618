//! A round of tool calls: the calls run beside each other, their results go back in the provider's order.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use tokio::sync::mpsc;

use super::hands::{Answered, Origin, Place};
use super::run::{Run, Stop, Written};
use super::shown;
use super::sink::{Sink, ToolNews};
use super::tool::Updates;
use super::{ProviderError, TurnState};
use crate::message::{BegunRound, RoundWritten, ToolCall};

/// How many calls of one round run at a time; the others wait.
pub const TOOL_CALLS_PARALLEL_MAX: usize = 8;

/// How many updates of one call wait to be told; what comes while there is no room is left out.
const UPDATES_MAX: usize = 8;

type Finished = (usize, Result<Answered, ProviderError>);

impl<S: Sink> Run<'_, S> {
    /// Makes the calls of a round that have no result yet, and puts the round into the prompt. It is written down before the
    /// first call begins.
    pub(super) async fn answer(&mut self, begun: BegunRound, origin: Origin, written: &mut Written) -> Result<(), Stop> {
        self.enter(TurnState::Tool);
        // A tool counts as alive by its own deadline, the store by the turn's.
        self.progress.pause();
        let number = written.rounds.len();
        // None of its calls was made before it was written down, so that they are made now as if it were asked for anew.
        let origin = if begun.written == RoundWritten::Perhaps { Origin::Asked } else { origin };
        if origin == Origin::Asked {
            // The disk may take it also when nobody waits any more: whoever tries again goes on with this round, not with another.
            written.rounds.push(BegunRound { written: RoundWritten::Perhaps, ..begun.clone() });
            self.hands.begin(number, &begun).await.map_err(Stop::Failed)?;
            written.rounds.truncate(number);
        }
        written.rounds.push(BegunRound { written: RoundWritten::Surely, ..begun.clone() });
        self.call(number, &begun, origin, written).await?;
        self.progress.stamp();
        if let Some(round) = written.rounds.last() {
            self.prompt.rounds.push(round.clone().closed());
        }
        self.prompt.shown = shown::of(&mut written.rounds, self.prompt.rounds.len());
        self.enter(TurnState::Waiting);
        Ok(())
    }

    async fn call(&mut self, number: usize, begun: &BegunRound, origin: Origin, written: &mut Written) -> Result<(), Stop> {
        let Self { hands, sink, .. } = self;
        let hands = &*hands;
        let mut open: Vec<BoxFuture<'_, Finished>> = Vec::new();
        let mut updates: SelectAll<BoxStream<'_, (&ToolCall, String)>> = SelectAll::new();
        for (place, (call, known)) in begun.calls.iter().enumerate() {
            if known.is_some() {
                continue;
            }
            sink.tool(ToolNews::Start(call));
            let (sender, receiver) = mpsc::channel(UPDATES_MAX);
            updates.push(told(call, receiver));
            let at = Place { round: number, call: place };
            let work = hands.call(at, call, origin, Updates::to(sender));
            open.push(Box::pin(async move { (place, work.await) }));
        }
        let mut running = stream::iter(open).buffer_unordered(TOOL_CALLS_PARALLEL_MAX);
        loop {
            tokio::select! {
                biased;
                Some((call, partial)) = updates.next() => sink.tool(ToolNews::Update(call, &partial)),
                finished = running.next() => {
                    let Some((place, result)) = finished else { return Ok(()) };
                    let Answered { result, pictures } = result.map_err(Stop::Failed)?;
                    // What a call told in its last moment comes before its result.
                    while let Some(Some((call, partial))) = updates.next().now_or_never() {
                        sink.tool(ToolNews::Update(call, &partial));
                    }
                    if let Some((call, _)) = begun.calls.get(place) {
                        sink.tool(ToolNews::Result(call, &result));
                    }
                    if let Some(round) = written.rounds.last_mut() {
                        round.finish(place, result);
                        if !pictures.is_empty() {
                            round.shown.insert(place, pictures);
                        }
                    }
                }
            }
        }
    }
}

/// Returns what a call tells before it is over.
fn told(call: &ToolCall, updates: mpsc::Receiver<String>) -> BoxStream<'_, (&ToolCall, String)> {
    stream::unfold(updates, move |mut updates| async move {
        let partial = updates.recv().await?;
        Some(((call, partial), updates))
    })
    .boxed()
}

#[cfg(test)]
mod tests;
