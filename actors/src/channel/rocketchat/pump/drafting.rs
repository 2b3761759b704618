//! Answers that leave while their turns run: drafts on their way, rows that wait for their own draft, and that more is to come.

use std::sync::Arc;

use super::jobs::Done;
use super::{Place, Pump, Stage};
use crate::channel::rocketchat::drafts::{self, Drafted};
use crate::channel::rocketchat::{acts, send};
use crate::message::{Draft, TraceId};
use crate::ports::OutboxRow;

/// In how many places it is known that more is to come; in a further one the account seems to write no more.
const TALKING_MAX: usize = 256;

impl Pump {
    /// Sends rows that wait for their turn. One whose own draft is on its way follows on that.
    pub(super) fn send_held(&mut self) {
        while let Some(row) = self.outflow.next() {
            self.link.speakers.forget(row.id);
            if self.drafts.is_calling(row.id) {
                self.drafts.park(row);
            } else {
                self.send_now(row);
            }
        }
    }

    fn send_now(&self, row: Box<OutboxRow>) {
        let (api, shared, files) = (Arc::clone(&self.api), Arc::clone(&self.shared), self.files.clone());
        let shown = self.drafts.shown(row.id);
        self.job(async move { Done::Sent(send::send(api, shared, files, row, shown).await) });
    }

    /// Shows what turns have so far, as often as the server lets us.
    pub(super) fn show_drafts(&mut self) {
        let now = self.clock.elapsed();
        if !matches!(self.stage, Stage::Up(_)) || self.closing.is_some() || !self.drafts.may_call(now) {
            return;
        }
        let (drafts, outflow) = (&self.drafts, &self.outflow);
        // What was said in its chat before goes before it.
        let may = |draft: &Draft| !drafts.is_calling(draft.id) && !outflow.has(&draft.outbound.target.chat.id);
        for draft in self.link.speakers.take(may) {
            if let Some(shown) = self.drafts.begin(draft.id) {
                let (api, shared, cursors) = (Arc::clone(&self.api), Arc::clone(&self.shared), self.link.cursors.clone());
                self.job(async move { Done::Drafted(drafts::show(api, shared, cursors, draft, shown).await) });
            }
        }
    }

    /// Makes the next mark. One that the server has no time for is left out.
    pub(super) fn mark_next(&mut self) {
        if !matches!(self.stage, Stage::Up(_)) || self.closing.is_some() {
            return;
        }
        if let Some(marking) = self.marks.next() {
            let api = Arc::clone(&self.api);
            self.job(async move { Done::Marked(acts::mark(&api, &marking).await) });
        }
    }

    pub(super) fn drafted(&mut self, drafted: &Drafted) {
        let (now, pace) = (self.clock.elapsed(), drafts::pace(&self.api));
        if let Some(row) = self.drafts.over(drafted, now, pace) {
            self.send_now(row);
        }
    }

    /// Records that a piece of an answer was sent, or was not. The account seems to write until the last.
    pub(super) fn spoke(&mut self, trace: TraceId, place: Option<Place>) {
        let Some(place) = place else { return };
        if self.link.speakers.is_speaking(trace) && self.talking.len() < TALKING_MAX {
            self.talking.insert(trace, place);
            return;
        }
        self.talking.remove(&trace);
        let told = self.typing.end(&place, &self.me);
        self.call_typing(told);
    }

    /// Ends it where no more has come.
    pub(super) fn fall_silent(&mut self) {
        let speakers = &self.link.speakers;
        let over: Vec<_> = self.talking.extract_if(|trace, _| !speakers.is_speaking(*trace)).collect();
        for (_, place) in over {
            let told = self.typing.end(&place, &self.me);
            self.call_typing(told);
        }
    }
}
