//! Sessions that were silent for long, or are too many: their lines go to the archive, and then they are forgotten.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::message::Switchboard;
use callboard_actors::ports::{SessionRow, StoreError, whole_transcript};
use callboard_actors::registry::main_key;

use super::keeper::FileArchive;
use super::{Mode, Why};
use crate::storage::{SqliteStore, Stale, StaleQuery};

/// So many sessions that cannot be pruned are passed over at a time; one more ends it.
const FAILURES_MAX: u32 = 100;
/// How many sessions go at a time: as many hours as it needs are better than an hour in which nobody else reads.
const PRUNED_MAX: usize = 1_000;

/// How young a session may be that goes, whatever the settings say: somebody may be in conversation with it.
const AGE_MIN: Duration = Duration::from_secs(3_600);

/// How long it may take before the rest is left for the next time.
const PRUNE_WAIT: Duration = Duration::from_secs(600);

/// Which sessions go (`session.maintenance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PruneRules {
    /// Those that were silent for so long; `None` is for ever.
    pub(crate) after: Option<Duration>,
    /// Those that are more than so many, the most silent first.
    pub(crate) entries_max: u64,
}

/// Looks after the sessions.
#[derive(Clone)]
pub(crate) struct Pruner {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) switchboard: Arc<dyn Switchboard>,
    pub(crate) archive: FileArchive,
    pub(crate) clock: Clock,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// How many sessions may go.
    pub(crate) stale: u64,
    /// How many of them went.
    pub(crate) gone: u64,
}

impl Pruner {
    /// Prunes, and says what came of it; answers with how many may go and stay, which is said once for each number.
    pub(super) async fn run(&self, rules: PruneRules, mode: Mode, main: &str, said: u64) -> u64 {
        match self.clock.within(PRUNE_WAIT, self.prune(rules, mode, main)).await {
            Some(Ok(pruned)) => tell(pruned, mode, said),
            Some(Err(error)) => {
                tracing::warn!(event = "sessions.not_pruned", "it is tried again in an hour: {error}");
                said
            }
            None => {
                tracing::warn!(event = "sessions.not_pruned", "it takes too long, and goes on in an hour");
                said
            }
        }
    }

    /// Has those sessions forgotten that may be, at most [`PRUNED_MAX`].
    ///
    /// # Errors
    /// The store's, or that of one session after [`FAILURES_MAX`] others; those that went are gone.
    pub(super) async fn prune(&self, rules: PruneRules, mode: Mode, main: &str) -> Result<Pruned, StoreError> {
        let Stale { count, rows } = self.store.stale_sessions(self.query(rules, main)).await?;
        let mut pruned = Pruned { stale: count, gone: 0 };
        if mode == Mode::Warn {
            return Ok(pruned);
        }
        let mut failures = 0;
        for row in rows {
            let key = row.key.clone();
            match self.prune_one(row).await {
                Ok(is_gone) => pruned.gone += u64::from(is_gone),
                // One that cannot be kept keeps the others from nothing, who make room.
                Err(error) if failures < FAILURES_MAX => {
                    failures += 1;
                    tracing::warn!(event = "session.not_pruned", session = %key, "it stays, and is tried again in an hour: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(pruned)
    }

    fn query(&self, PruneRules { after, entries_max }: PruneRules, main: &str) -> StaleQuery {
        let now_ms = self.clock.now_ms();
        let before = |age: Duration| now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        // Of any agent; only the end of the key is looked at.
        let main = main_key("main", main);
        let main = main.as_str().rsplit_once(':').map_or(main.as_str(), |(_, own)| own);
        StaleQuery {
            silent_since_ms: after.map(before),
            entries_max,
            changed_before_ms: before(AGE_MIN),
            main: format!(":{main}"),
            rows_max: PRUNED_MAX,
        }
    }

    /// Keeps a session's lines, then has it forgotten if nothing came meanwhile. A crash in between has it done once more, and
    /// leaves two files of the same.
    async fn prune_one(&self, row: SessionRow) -> Result<bool, StoreError> {
        let lines = whole_transcript(&*self.store, &row.key).await?;
        let kept = match lines.is_empty() {
            true => None,
            false => Some(self.archive.store(row.id, Why::Pruned, lines).await?),
        };
        let is_gone = self.store.prune_session(row.key.clone(), row.id, row.updated_ms).await?;
        if is_gone {
            self.switchboard.set_activation(&row.key, None);
            self.switchboard.session_changed(&row.key);
            tracing::info!(event = "session.pruned", session = %row.key, id = %row.id);
        } else if let Some(path) = kept {
            self.archive.take_back(path).await;
        }
        Ok(is_gone)
    }
}

fn tell(Pruned { stale, gone }: Pruned, mode: Mode, said: u64) -> u64 {
    if mode == Mode::Warn && stale > 0 && stale != said {
        let mend = "set session.maintenance.mode to enforce, or pruneAfter to false and maxEntries higher";
        tracing::warn!(
            event = "sessions.stale",
            sessions = stale,
            "sessions are silent for long, or too many, and stay: {mend}"
        );
    }
    if gone > 0 {
        tracing::info!(event = "sessions.pruned", sessions = gone, left = stale.saturating_sub(gone));
    }
    stale
}
