//! Ending what runs and what waits in a session.

use std::time::Duration;

use callboard_actors::message::{RunId, SessionKey};
use tokio::sync::oneshot;

use crate::ws::Control;

/// How long a session is given to say which turn it ended.
const ABORT_WAIT: Duration = Duration::from_secs(5);

/// How long a turn that was ended is given to be over before the transcript is changed all the same.
const QUIET_WAIT: Duration = Duration::from_secs(10);

/// How long what clients ordered and was called off is given to come up and end.
const CALLED_OFF_WAIT: Duration = Duration::from_secs(1);

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

/// Ends the turn that runs in a session and those that clients ordered, and waits a while until they are over. What peers of
/// platforms sent and nobody has begun to answer waits on: it is answered after.
pub(in super::super) async fn quiet(control: &Control, session: &SessionKey) {
    let stopped = stop(control, session, None, "rpc").await;
    let runs = control.switchboard.runs();
    let over = async {
        for run in &stopped {
            while told(control, session, Some(run.clone()), "rpc").await.is_some() {
                control.clock().sleep(QUIET_LOOK).await;
            }
        }
    };
    if control.clock().within(QUIET_WAIT, over).await.is_none() {
        tracing::warn!(event = "session.restless", %session, "a turn goes on although it was aborted");
    }
    // Behind a message of a peer one that is called off stands longer; it never begins.
    let told_so = async {
        while runs.open_in(session).iter().any(|run| stopped.contains(run)) {
            control.clock().sleep(QUIET_LOOK).await;
        }
    };
    let _ = control.clock().within(CALLED_OFF_WAIT, told_so).await;
}

async fn told(control: &Control, session: &SessionKey, only: Option<RunId>, why: &'static str) -> Option<RunId> {
    let (done, heard) = oneshot::channel();
    control.switchboard.abort(session, only, why, done);
    control.clock().within(ABORT_WAIT, heard).await?.ok()?
}
