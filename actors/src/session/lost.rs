//! Ordered turns that were lost with a crash: their rows are not open any more, and nobody has told how they ended.

use super::actor::{Past, STORE_WAIT, SessionActor};
use super::closing::Closing;
use super::ended::{Ended, How};
use super::outcome;
use super::voice::Voice;
use crate::agent::{Ending, ProviderError};
use crate::core::Scope;
use crate::message::{Code, Entry, Role, RunId, RunStand, Usage};

/// How many of the newest lines are looked through for the answer of a turn that was lost.
const LINES_MAX: usize = 20;

impl SessionActor {
    /// Once after a restart: tells how those turns ended that ran at the crash and whose rows do not wait any more. Either the
    /// row was written down as answered and only the word of it was lost, or it is a dead letter now.
    pub(super) fn end_lost_turns(&mut self, in_hand: Option<&RunId>, scope: &mut Scope<'_, Self>) {
        if std::mem::replace(&mut self.past, Past::None) == Past::None {
            return;
        }
        let runs = self.parts.switchboard.runs();
        let ran = |run: &RunId| matches!(runs.find(run), Some((_, RunStand::Running { .. })));
        for run in runs.open_in(&self.key).into_iter().filter(|run| Some(run) != in_hand && ran(run)) {
            let lines = self.parts.store.history(self.key.clone(), LINES_MAX);
            scope.run(STORE_WAIT, lines, move |session, answer, scope| {
                let lines = answer.and_then(Result::ok).unwrap_or_default();
                session.end_lost_turn(run, lines, scope);
            });
        }
    }

    fn end_lost_turn(&self, run: RunId, lines: Vec<Entry>, scope: &Scope<'_, Self>) {
        let switchboard = &self.parts.switchboard;
        let answer = lines.into_iter().find(|line| line.run == run && line.role == Role::Assistant);
        let called_off = switchboard.runs().called_off(&run);
        let voice = Voice::of_lost(&self.key, run, std::sync::Arc::clone(switchboard), scope.clock().clone());
        let ended = match (answer, called_off) {
            (answer, Some(why)) => Ended::saying(answer.map(|line| line.text).unwrap_or_default(), How::Aborted(why)),
            (Some(line), None) if outcome::tells_failure(&line.text) => Ended::silent(How::Failed(failed(line.text))),
            (Some(line), None) => Ended::saying(line.text, How::Done(unmeasured())),
            (None, None) => Ended::silent(How::Failed(lost())),
        };
        Closing { voice, ended, began: None }.tell(scope.clock().now_ms());
    }
}

fn unmeasured() -> Ending {
    Ending { finish_reason: "stop".into(), usage: Usage::default() }
}

/// The code of the failure went with the crash; its words are in the transcript.
fn failed(message: String) -> ProviderError {
    ProviderError { code: Code::Internal, message, retry_after: None }
}

fn lost() -> ProviderError {
    let message = "the session failed while this turn ran, and it is not run again: see the dead letters".to_owned();
    ProviderError { code: Code::Internal, message, retry_after: None }
}
