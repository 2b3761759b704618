//! A listener that keeps what it hears.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::message::{Event, Heard, Listener};

/// Passes every event on to a test.
pub(crate) struct Ear(mpsc::UnboundedSender<Arc<Event>>);

impl Ear {
    /// Returns a listener and what it hears.
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Arc<Event>>) {
        let (sender, heard) = mpsc::unbounded_channel();
        (Arc::new(Self(sender)), heard)
    }
}

impl Listener for Ear {
    fn hear(&self, event: &Arc<Event>) -> Heard {
        if self.0.send(Arc::clone(event)).is_ok() { Heard::Here } else { Heard::Gone }
    }
}
