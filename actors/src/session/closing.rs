//! The last word on a turn, said when what it leaves behind is written down.

use std::sync::Arc;

use super::ended::Ended;
use super::voice::Voice;
use crate::agent::Provider;
use crate::message::RunReport;

/// A turn that is over and not yet told so.
pub(super) struct Closing {
    pub(super) voice: Voice,
    pub(super) ended: Ended,
    /// `None` for a turn that never began.
    pub(super) began: Option<Began>,
}

/// When a turn began, and who was asked.
pub(super) struct Began {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) model: String,
    pub(super) at_ms: i64,
}

impl Closing {
    /// Tells everybody who listens how the turn came out, then whoever ordered it.
    pub(super) fn tell(mut self, now_ms: i64) {
        self.voice.end(&self.ended, now_ms);
        let Some(run) = self.voice.ordered() else { return };
        let (provider, model, started_ms) = match (self.began, self.ended.by) {
            (Some(began), Some(by)) => (by.provider, by.model, began.at_ms),
            (Some(began), None) => (began.provider.name().to_owned(), began.model, began.at_ms),
            (None, _) => (String::new(), String::new(), now_ms),
        };
        let (outcome, usage) = (self.ended.how.verdict(), self.ended.spent);
        let report = RunReport { outcome, text: self.ended.text, usage, provider, model, started_ms, ended_ms: now_ms };
        self.voice.switchboard().runs().ended(run, report);
    }
}
