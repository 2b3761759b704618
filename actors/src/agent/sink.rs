//! Where a turn's text goes while it is made.

use tokio::sync::mpsc;

use super::TurnState;
use crate::message::{Delta, ToolCall, ToolResult};

/// Whoever listened is gone: the turn need not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Takes a turn's text piece by piece. A slow sink is waited for, so that it, not a queue, holds the provider back.
pub trait Sink: Send {
    /// Takes the next piece, never empty; `whole` is all the text of the turn so far, the piece at its end.
    ///
    /// # Errors
    /// `Gone` when nobody will ever read it.
    fn text(&mut self, piece: &str, whole: &str) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Hears what the model thinks aloud, a piece at a time, never empty.
    fn thought(&mut self, _piece: &str) {}

    /// Hears of a tool.
    fn tool(&mut self, _news: ToolNews<'_>) {}

    /// Hears where the turn stands now.
    fn stands(&mut self, _state: TurnState) {}
}

/// What there is to tell of a tool call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToolNews<'a> {
    /// It begins.
    Start(&'a ToolCall),
    /// This is what it has so far.
    Update(&'a ToolCall, &'a str),
    /// It is over.
    Result(&'a ToolCall, &'a ToolResult),
}

/// Nobody listens; the turn runs all the same.
impl Sink for () {
    async fn text(&mut self, _piece: &str, _whole: &str) -> Result<(), Gone> {
        Ok(())
    }
}

/// A waiting client.
impl Sink for mpsc::Sender<Delta> {
    async fn text(&mut self, piece: &str, _whole: &str) -> Result<(), Gone> {
        self.send(Delta::Text { text: piece.to_owned() }).await.map_err(|_| Gone)
    }
}

impl<S: Sink> Sink for &mut S {
    async fn text(&mut self, piece: &str, whole: &str) -> Result<(), Gone> {
        (**self).text(piece, whole).await
    }

    fn thought(&mut self, piece: &str) {
        (**self).thought(piece);
    }

    fn tool(&mut self, news: ToolNews<'_>) {
        (**self).tool(news);
    }

    fn stands(&mut self, state: TurnState) {
        (**self).stands(state);
    }
}
