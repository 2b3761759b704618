//! How an actor is, for lists and logs.

use serde::{Serialize, Serializer};

use super::entry::Entry;
use super::ids::{ActorId, ActorKind};
use super::vitals::{Ages, Exit, Snapshot, State};

/// One actor in the list of `GET /admin/actors`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorReport {
    /// Its id.
    pub id: ActorId,
    /// Its kind.
    pub kind: ActorKind,
    /// Where it stands.
    pub state: State,
    /// Start of this incarnation.
    #[serde(serialize_with = "rfc3339")]
    pub since: i64,
    /// Rebuilds since the process started, those by hand included.
    pub restarts: u32,
    /// How the last incarnation ended.
    pub last_exit: Option<Exit>,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// Its mailbox.
    pub mailbox: MailboxReport,
}

/// The mailbox of one actor.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailboxReport {
    /// How many messages wait.
    pub depth: u32,
    /// The most that ever waited.
    pub high_water: u32,
    /// How many may wait.
    pub capacity: u32,
    /// How many were handled.
    pub handled: u64,
    /// How many found no room.
    pub rejected: u64,
    /// How long the handled ones had waited.
    pub age_ms: AgeReport,
    /// The classes behind `ageMs`, for whoever needs the ages of an interval.
    #[serde(skip)]
    pub ages: Ages,
}

/// How long messages waited, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgeReport {
    /// Half of them at the most.
    pub p50: f64,
    /// 99 of 100 at the most.
    pub p99: f64,
}

impl ActorReport {
    pub(super) fn of(entry: &dyn Entry) -> Self {
        let Snapshot { state, since_ms, restarts, last_exit, last_error, depth, high_water, handled, rejected, ages, .. } =
            entry.snapshot();
        let age_ms = AgeReport { p50: ages.percentile_ms(0.5), p99: ages.percentile_ms(0.99) };
        let mailbox = MailboxReport { depth, high_water, capacity: entry.capacity(), handled, rejected, age_ms, ages };
        let id = entry.id().clone();
        Self { id, kind: entry.kind(), state, since: since_ms, restarts, last_exit, last_error, mailbox }
    }
}

fn rfc3339<S: Serializer>(unix_ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(*unix_ms) {
        Ok(time) => serializer.collect_str(&time),
        Err(error) => Err(serde::ser::Error::custom(error)),
    }
}
