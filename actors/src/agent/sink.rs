//! Where a turn's text goes while it is made.

use tokio::sync::mpsc;

use crate::message::Delta;

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
}
