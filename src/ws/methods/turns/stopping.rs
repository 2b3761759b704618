//! Ending what runs and what waits in a session.

use std::time::Duration;

use callboard_actors::message::{RunId, SessionKey};
use tokio::sync::oneshot;

use crate::ws::Control;

/// How long a session is given to say which turn it ended.
const ABORT_WAIT: Duration = Duration::from_secs(5);

/// How long a session is given to come to rest before its transcript is changed all the same.
const QUIET_WAIT: Duration = Duration::from_secs(10);

/// How often it is looked whether it has.
const QUIET_LOOK: Duration = Duration::from_millis(10);

/// Ends a session's turns, or only the one named: the one that runs, and those whose rows wait. Returns which.
pub(in super::super) async fn stop(
    control: &Control,
    session: &SessionKey,
    only: Option<&RunId>,
    why: &'static str,
) -> Vec<RunId> {
    let runs = control.switchboard.runs();
    let open = only.map_or_else(|| runs.open_in(session), |run| vec![run.clone()]);
    let mut stopped: Vec<RunId> = open.into_iter().filter(|run| runs.call_off(run, why)).collect();
    if let Some(run) = told(control, session, only.cloned(), why).await
        && !stopped.contains(&run)
    {
        stopped.push(run);
    }
    stopped
}

/// Ends all that runs and waits in a session, and waits until it is at rest, for a while.
pub(in super::super) async fn quiet(control: &Control, session: &SessionKey) {
    stop(control, session, None, "rpc").await;
    let rest = async {
        let runs = control.switchboard.runs();
        while told(control, session, None, "rpc").await.is_some() || !runs.open_in(session).is_empty() {
            control.clock().sleep(QUIET_LOOK).await;
        }
    };
    if control.clock().within(QUIET_WAIT, rest).await.is_none() {
        tracing::warn!(event = "session.restless", %session, "a turn goes on although it was aborted");
    }
}

async fn told(control: &Control, session: &SessionKey, only: Option<RunId>, why: &'static str) -> Option<RunId> {
    let (done, heard) = oneshot::channel();
    control.switchboard.abort(session, only, why, done);
    control.clock().within(ABORT_WAIT, heard).await?.ok()?
}
