//! The picture of health, made once for everybody: gateway-protocol §7.1.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callboard_actors::client::Payload;
use callboard_actors::ports::SessionRow;
use serde_json::{Value, json};

use super::Control;
use super::channels::{self, Probing};
use crate::http::Look;

/// How long a picture is as good as a new one.
const FRESH: Duration = Duration::from_millis(100);

/// How many sessions a picture knows of; more are counted as so many.
pub(super) const SESSIONS_MAX: usize = 1_000;

/// How many of them it shows.
const RECENT_MAX: usize = 5;

/// The last picture.
#[derive(Debug, Default)]
pub(super) struct HealthBoard {
    board: Mutex<Board>,
    /// Held by the one who makes a picture: whoever wants one meanwhile waits for that one.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Board {
    last: Option<(Duration, Payload)>,
    version: u64,
    /// What was last seen apart from the time, to count changes by.
    seen: Option<Value>,
}

impl HealthBoard {
    /// Returns the last picture, `{}` before the first.
    pub(super) fn last(&self) -> Payload {
        self.lock().last.as_ref().map_or_else(|| Payload::of(&json!({})), |(_, picture)| picture.clone())
    }

    /// Returns how often health has changed.
    pub(super) fn version(&self) -> u64 {
        self.lock().version
    }

    /// Returns a picture that is not older than a moment.
    pub(super) async fn fresh(&self, control: &Control) -> Payload {
        if let Some(picture) = self.known(control) {
            return picture;
        }
        let _making = self.making.lock().await;
        match self.known(control) {
            Some(picture) => picture,
            None => self.refresh(control).await,
        }
    }

    fn known(&self, control: &Control) -> Option<Payload> {
        let now = control.clock().elapsed();
        self.lock().last.as_ref().filter(|(made, _)| now.saturating_sub(*made) < FRESH).map(|(_, picture)| picture.clone())
    }

    /// Makes a new picture.
    pub(super) async fn refresh(&self, control: &Control) -> Payload {
        let value = picture(control, Probing::No).await;
        let picture = Payload::of(&value);
        let mut board = self.lock();
        let seen = timeless(value);
        if board.seen.as_ref() != Some(&seen) {
            board.version += 1;
            board.seen = Some(seen);
        }
        board.last = Some((control.clock().elapsed(), picture.clone()));
        picture
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves out what changes with the time alone.
fn timeless(picture: Value) -> Value {
    let part = |name: &str| picture.get(name).cloned().unwrap_or_default();
    json!([part("ok"), part("reasons"), part("channels")])
}

/// Makes a picture, with or without asking every platform.
pub(super) async fn picture(control: &Control, probing: Probing) -> Value {
    let begun = control.clock().elapsed();
    let now_ms = control.clock().now_ms();
    let reasons = control.doctor.reasons(Look::Everywhere);
    let routes = control.routes.get();
    let known = known_sessions(control).await;
    let channels = channels::summary(control, probing).await;
    let agents: Vec<Value> =
        routes.agents.iter().map(|agent| agent_of(control, agent, *agent == routes.default_agent, &known)).collect();
    json!({
        "ok": reasons.is_empty(),
        "reasons": reasons,
        "ts": now_ms,
        "durationMs": u64::try_from((control.clock().elapsed() - begun).as_millis()).unwrap_or(u64::MAX),
        "channels": channels.by_id,
        "channelOrder": channels.order,
        "channelLabels": channels.labels,
        "linkChannel": channels.link,
        "heartbeatSeconds": 0,
        "defaultAgentId": routes.default_agent,
        "agents": agents,
        "sessions": sessions(control, known.iter(), now_ms),
    })
}

/// Returns the sessions of the store, newest first; none while it does not answer.
pub(super) async fn known_sessions(control: &Control) -> Arc<Vec<SessionRow>> {
    Arc::new(control.store.sessions(SESSIONS_MAX).await.unwrap_or_default())
}

fn agent_of(control: &Control, agent: &str, is_default: bool, known: &[SessionRow]) -> Value {
    let now_ms = control.clock().now_ms();
    let own = known.iter().filter(|row| row.key.agent() == Some(agent));
    json!({
        "agentId": agent,
        "isDefault": is_default,
        // There is no heartbeat yet: it is off, as in a gateway where it is switched off.
        "heartbeat": { "enabled": false, "every": "0m", "everyMs": null, "prompt": "", "target": "none", "ackMaxChars": 300 },
        "sessions": sessions(control, own, now_ms),
    })
}

fn sessions<'a>(control: &Control, rows: impl Iterator<Item = &'a SessionRow> + Clone, now_ms: i64) -> Value {
    let recent: Vec<Value> = rows
        .clone()
        .take(RECENT_MAX)
        .map(|row| json!({ "key": row.key, "updatedAt": row.updated_ms, "age": now_ms.saturating_sub(row.updated_ms) }))
        .collect();
    json!({ "path": store_path(control), "count": rows.count(), "recent": recent })
}

/// Returns where sessions are kept.
pub(super) fn store_path(control: &Control) -> String {
    control.places.state_dir.join(crate::storage::STORE_FILE).display().to_string()
}
