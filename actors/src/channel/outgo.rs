//! The way out: which rows are on their way, and what becomes of those that fail.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::platform::Platform;
use super::settings::ChannelSettings;
use crate::core::Backoff;
use crate::message::{Code, OutboxId, Receipt, Retry, TraceId};
use crate::ports::{Attempt, OutboxRow};

/// How many rows are on their way at a time.
pub(super) const SEND_WINDOW: usize = 512;

/// How waits grow between tries of one payload.
const SEND_BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), max: Duration::from_secs(300), jitter: 0.2 };

/// What a row leaves behind here while it is on its way.
#[derive(Clone, Copy, Debug)]
struct OnItsWay {
    attempts: u32,
    trace: TraceId,
}

/// How carefully rows are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// As many at a time as the window has room for.
    Usual,
    /// One at a time, since one of them may have made the actor crash; so many more until all is well again.
    OneByOne { left: usize },
}

/// What the store is being asked about rows to send; one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    /// Nothing.
    None,
    /// For rows to send.
    Asking,
    /// To put rows back in their place: what it answers to earlier questions counts no more.
    PuttingBack,
}

/// The rows on their way to the platform.
#[derive(Debug)]
pub(super) struct Outgo {
    on_their_way: HashMap<OutboxId, OnItsWay>,
    confirmed: Vec<(OutboxId, Receipt)>,
    care: Care,
    /// Rows on their way that the link had no room for yet, in order.
    pub(super) parked: VecDeque<Box<OutboxRow>>,
    /// Whether the store may have more.
    pub(super) hungry: bool,
    /// What the store is being asked.
    pub(super) talk: Talk,
    /// Whether rows may wait for their next try.
    pub(super) delayed: bool,
}

impl Outgo {
    pub(super) fn new(care: Care) -> Self {
        Self {
            on_their_way: HashMap::new(),
            confirmed: Vec::new(),
            care,
            parked: VecDeque::new(),
            hungry: true,
            talk: Talk::None,
            delayed: true,
        }
    }

    pub(super) fn care(&self) -> Care {
        self.care
    }

    /// Returns how many rows the store is to be asked for now: none until a good part of the window is free, so that a full
    /// one is not refilled row by row.
    pub(super) fn room(&self) -> usize {
        let (window, worth_asking) = match self.care {
            Care::Usual => (SEND_WINDOW, SEND_WINDOW / 4),
            Care::OneByOne { .. } => (1, 1),
        };
        let room = window.saturating_sub(self.on_their_way.len());
        if room >= worth_asking { room } else { 0 }
    }

    /// Records that a row is on its way.
    pub(super) fn begun(&mut self, row: &OutboxRow) {
        self.on_their_way.insert(row.id, OnItsWay { attempts: row.attempts, trace: row.trace });
    }

    /// Tells whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.on_their_way.is_empty()
    }

    /// Tells whether a row is on its way.
    pub(super) fn has(&self, id: OutboxId) -> bool {
        self.on_their_way.contains_key(&id)
    }

    /// Records a confirmation; answers with the row's trace, `None` for a row that is not on its way. That one was put back in
    /// the meantime, and its confirmation spares it from being sent again.
    pub(super) fn confirm(&mut self, id: OutboxId, receipt: Receipt) -> Option<TraceId> {
        self.confirmed.push((id, receipt));
        let row = self.on_their_way.remove(&id)?;
        self.relax();
        Some(row.trace)
    }

    /// Returns the confirmations that are to be written.
    pub(super) fn take_confirmed(&mut self) -> Vec<(OutboxId, Receipt)> {
        std::mem::take(&mut self.confirmed)
    }

    /// Decides what becomes of a row that the platform did not take; `None` for a row that is not on its way.
    pub(super) fn fail(
        &mut self,
        id: OutboxId,
        failure: (Code, String, Option<u64>),
        settings: &ChannelSettings,
        now_ms: i64,
    ) -> Option<(TraceId, Attempt)> {
        let row = self.on_their_way.remove(&id)?;
        let (code, reason, retry_after_ms) = failure;
        let tries = row.attempts + 1;
        let again = code.retry() != Retry::Never && tries < settings.attempts_max;
        let wait = retry_after_ms.map_or_else(|| SEND_BACKOFF.wait(tries), Duration::from_millis);
        let next_ms = again.then(|| now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        Some((row.trace, Attempt { code, reason, next_ms }))
    }

    /// Forgets what was on its way: the link is gone, and the store puts the rows back in their place.
    pub(super) fn forget(&mut self) {
        self.on_their_way.clear();
        self.parked.clear();
    }

    /// Says that the store has no more rows: with none on their way, whatever crashed the actor is not among them.
    pub(super) fn none_left(&mut self) {
        if self.on_their_way.is_empty() {
            self.care = Care::Usual;
        }
    }

    fn relax(&mut self) {
        if let Care::OneByOne { left } = &mut self.care {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.care = Care::Usual;
            }
        }
    }
}

/// Returns the last attempt of a row that a link cannot do: one of a version or a kind that could, or one about a message that never
/// arrived. Rows of a chat keep their order, so that the platform's id of a message that did is known by now.
pub(super) fn undoable(row: &OutboxRow, platform: &dyn Platform) -> Option<Attempt> {
    let act = &row.outbound.act;
    let deed = act.deed()?;
    let reason = if !platform.deeds().contains(&deed) {
        format!("`{}` cannot {} messages", row.outbound.target.account.channel(), deed.as_str())
    } else if let Some(about) = act.row() {
        format!("the message that it is about, `{about}`, never arrived, or is forgotten by now")
    } else {
        return None;
    };
    Some(Attempt { code: Code::Refused, reason, next_ms: None })
}

/// Returns the last attempt of a row that has waited too long.
pub(super) fn expired(row: &OutboxRow, settings: &ChannelSettings, now_ms: i64) -> Option<Attempt> {
    let age_max_ms = i64::try_from(settings.outbound_age_max.as_millis()).unwrap_or(i64::MAX);
    (now_ms.saturating_sub(row.created_ms) > age_max_ms).then(|| Attempt {
        code: Code::Expired,
        reason: format!("it waited longer than {} hours", settings.outbound_age_max.as_secs() / 3600),
        next_ms: None,
    })
}
