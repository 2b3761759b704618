//! How a session begins anew: what was said is kept first, as it is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::actor::{STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use super::seed::{Seed, Source};
use super::sending::SessionKind;
use crate::core::{Backoff, Clock, Scope};
use crate::message::SessionKey;
use crate::ports::{Answer, Archive, SessionRow, Store, StoreError, WholeTranscript};

/// How waits grow between tries to begin a session anew: what it needs may be away for long, and is asked for by every such session.
const RESET_BACKOFF: Backoff = Backoff { base: STORE_AGAIN, max: Duration::from_secs(300), jitter: 0.2 };

/// How long one try may take in all. Each of its steps has [`STORE_WAIT`], so that a transcript may have as many pages as it likes;
/// this is for what nobody thought of.
const RESET_WAIT: Duration = Duration::from_secs(3_600);

impl SessionActor {
    /// Returns whether the session was silent for so long that it begins anew with this.
    pub(in crate::session) fn is_stale(&self, seed: &Seed, scope: &Scope<'_, Self>) -> bool {
        let (Source::Row(row), Some(last_ms)) = (&seed.source, self.memory.spoken_ms) else { return false };
        let (channel, kind) = (row.inbound.route.account.channel(), SessionKind::of(&self.key));
        self.settings().resets.is_due(channel, kind, last_ms, scope.clock().now_ms())
    }

    /// Keeps the transcript as it is, changes the session's own settings if a patch is given, begins a new transcript, and goes on with
    /// what is in hand; again and again until it is done. A crash in between has it done once more.
    pub(super) fn begin_anew(
        &mut self,
        seed: Seed,
        patch: Option<Map<String, Value>>,
        scope: &mut Scope<'_, Self>,
        then: impl FnOnce(&mut Self, Seed, &mut Scope<'_, Self>) + 'static,
    ) {
        self.work = Work::Storing;
        let (store, archive) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.archive));
        let reset = keep_and_reset(store, archive, self.key.clone(), patch, scope.clock().clone());
        scope.run(RESET_WAIT, reset, move |session, answer, scope| match answer.unwrap_or_else(|| Err(late())) {
            Ok(row) => {
                session.memory.changed();
                (session.memory.spoken_ms, session.memory.not_anew) = (None, 0);
                session.memory.learn(Some(row));
                then(session, seed, scope);
            }
            Err(why) => session.not_anew(seed, &why, scope),
        });
    }

    /// Tries again after a while: whoever called comes here again; others run meanwhile, and it can be aborted.
    fn not_anew(&mut self, seed: Seed, why: &StoreError, scope: &mut Scope<'_, Self>) {
        self.memory.not_anew = self.memory.not_anew.saturating_add(1);
        let (tries, wait) = (self.memory.not_anew, RESET_BACKOFF.wait(self.memory.not_anew));
        tracing::warn!(event = "session.reset", actor = %scope.id(), tries, ?wait, "a session cannot begin anew, and is tried again: {why}");
        // A gateway that goes down does not wait for it.
        self.pass = None;
        self.prepare_after(wait, seed, Self::begin_row_again, scope);
    }

    fn begin_row_again(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        self.pass = self.parts.gate.enter();
        // With the gate closed the row stays in hand: the store puts it back in its place when it closes.
        if self.pass.is_some() {
            self.begin_row(seed, scope);
        }
    }
}

/// Has the transcript kept and a new one begun, each step in its time.
async fn keep_and_reset(
    store: Arc<dyn Store>,
    archive: Arc<dyn Archive>,
    key: SessionKey,
    patch: Option<Map<String, Value>>,
    clock: Clock,
) -> Result<SessionRow, StoreError> {
    step(&clock, store.flush()).await?;
    let row = step(&clock, store.session(key.clone())).await?;
    let mut whole = WholeTranscript::default();
    while whole.take(step(&clock, whole.ask(&*store, &key)).await?).is_continue() {}
    let lines = whole.lines();
    let (old, count) = (row.map(|row| row.id), lines.len());
    if let Some(id) = old.filter(|_| count > 0) {
        step(&clock, archive.keep(id, lines)).await?;
    }
    if let Some(patch) = patch {
        step(&clock, store.patch_session(key.clone(), patch)).await?;
    }
    let (row, taken) = step(&clock, store.reset_session(key)).await?;
    // Others write there too: what they wrote behind the last page is nowhere else now.
    if let Some(id) = old.filter(|_| taken.len() > count)
        && let Err(why) = step(&clock, archive.keep(id, taken)).await
    {
        tracing::error!(event = "session.reset", %id, "its last lines, written while it was kept, are lost: {why}");
    }
    Ok(row)
}

async fn step<T>(clock: &Clock, answer: Answer<T>) -> Result<T, StoreError> {
    clock.within(STORE_WAIT, answer).await.unwrap_or_else(|| Err(late()))
}

fn late() -> StoreError {
    StoreError::Unavailable { reason: "no answer in time".into() }
}
