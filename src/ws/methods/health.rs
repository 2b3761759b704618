//! `health` and `status`: gateway-protocol §7.1.

use callboard_actors::client::{Payload, Refusal, Scope};
use callboard_actors::session::Lane;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http::Look;
use crate::ws::Control;
use crate::ws::channels::{self, PROBE_WAIT, Probing};
use crate::ws::snapshot;
use crate::ws::table::{Cx, Free, Lacking, Method, SHORT, method};

/// How many sessions `status` shows.
const RECENT_MAX: usize = 10;

/// How many sessions' queues `status` shows, the longest first.
const QUEUES_MAX: usize = 50;

pub(super) const METHODS: &[Method] = &[
    Method {
        lacking: Lacking::Less,
        ..method!("health", Scope::Read, SHORT, "Tells whether the gateway is of use, and how its channels are; without any scope, from protocol 4 on, only the former.", HealthParams => Free, health)
    },
    method!("status", Scope::Read, SHORT, "Tells how channels, sessions, queues and actors are.", StatusParams => Free, status),
];

/// Whether platforms are asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct HealthParams {
    /// Asks every platform whether its account could be used; takes as long as they take.
    #[serde(default)]
    probe: Option<bool>,
}

async fn health(cx: Cx, HealthParams { probe }: HealthParams) -> Result<Payload, Refusal> {
    let control = &cx.control;
    if !cx.seat().grant.allows(Scope::Read) {
        let ok = control.doctor.reasons(Look::Everywhere).is_empty();
        return Ok(Payload::of(&json!({ "ok": ok, "ts": control.clock().now_ms() })));
    }
    if probe == Some(true) {
        return Ok(Payload::of(&snapshot::picture(control, Probing::Yes(PROBE_WAIT)).await));
    }
    Ok(control.health.fresh(control).await)
}

/// What newer clients leave out of `status`; taken, and without effect.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct StatusParams {
    /// Whether the lines for people are wanted.
    #[serde(default)]
    include_channel_summary: Option<bool>,
}

/// Returns how many turns run and wait in each lane.
fn lanes(control: &Control) -> Value {
    let lane = |lane: Lane| {
        let stand = control.gate.lanes().stand(lane);
        (lane.as_str().to_owned(), json!({ "running": stand.running, "waiting": stand.waiting }))
    };
    Value::Object(Lane::ALL.into_iter().map(lane).collect())
}

async fn status(cx: Cx, params: StatusParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let channels = channels::summary(control, Probing::No).await;
    let routes = control.routes.get();
    let known = snapshot::known_sessions(control).await;
    let now_ms = control.clock().now_ms();
    let recent = |agent: Option<&str>| -> Vec<Value> {
        let own = known.iter().filter(|row| agent.is_none() || row.key.agent() == agent);
        own.take(RECENT_MAX).map(|row| super::session_rows::status_row(control, row, now_ms)).collect()
    };
    let path = snapshot::store_path(control);
    let by_agent: Vec<Value> = routes
        .agents
        .iter()
        .map(|agent| {
            let count = known.iter().filter(|row| row.key.agent() == Some(agent)).count();
            json!({ "agentId": agent, "path": path, "count": count, "recent": recent(Some(agent)) })
        })
        .collect();
    let beats: Vec<Value> = routes
        .agents
        .iter()
        .map(|agent| json!({ "agentId": agent, "enabled": false, "every": "0m", "everyMs": null }))
        .collect();
    let lines = if params.include_channel_summary == Some(false) { Vec::new() } else { summary_lines(&channels) };
    let reasons = control.doctor.reasons(Look::Everywhere);
    Ok(Free(json!({
        "ok": reasons.is_empty(),
        "reasons": reasons,
        "linkChannel": channels.link,
        "heartbeat": { "defaultAgentId": routes.default_agent, "agents": beats },
        "channelSummary": lines,
        "queuedSystemEvents": [],
        "sessions": {
            "paths": [path],
            "count": known.len(),
            "defaults": super::session_rows::defaults(control),
            "recent": recent(None),
            "byAgent": by_agent,
        },
        "queues": queues(&cx).await,
        "lanes": lanes(control),
        "actors": actors(&cx),
        "mcp": control.mcp.statuses(),
    })))
}

/// Returns one line a channel and account, for people.
fn summary_lines(channels: &channels::Summary) -> Vec<String> {
    let mut lines = Vec::new();
    for id in &channels.order {
        let label = channels.labels.get(*id).and_then(Value::as_str).unwrap_or(id);
        let accounts = channels.accounts.get(*id).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let flag = |row: &Value, name: &str| row.get(name).and_then(Value::as_bool) == Some(true);
        let configured = accounts.iter().any(|row| flag(row, "configured"));
        lines.push(format!("{label}: {}", if configured { "configured" } else { "not configured" }));
        for row in accounts {
            let account = row.get("accountId").and_then(Value::as_str).unwrap_or_default();
            lines.push(format!("  - {account} ({})", if flag(row, "connected") { "connected" } else { "not connected" }));
        }
    }
    lines
}

/// Returns how much waits: rows in all, and for each of the sessions where most waits.
async fn queues(cx: &Cx) -> Value {
    let health = cx.control.store.health();
    let waiting = cx.control.store.open_rows(QUEUES_MAX).await.unwrap_or_default();
    let sessions: Vec<Value> = waiting.iter().map(|(session, depth)| json!({ "key": session, "depth": depth })).collect();
    json!({ "inboxOpen": health.inbox_open, "outboxOpen": health.outbox_open, "sessions": sessions })
}

/// Returns the sums of actors by kind: how many, restarts, how many are in trouble, what their mailboxes refused.
fn actors(cx: &Cx) -> Value {
    let mut kinds = std::collections::BTreeMap::<&'static str, [u64; 4]>::new();
    for report in cx.control.supervisor.reports() {
        let [count, restarts, errors, rejected] = kinds.entry(report.kind.as_str()).or_default();
        *count += 1;
        *restarts += u64::from(report.restarts);
        *errors += u64::from(report.last_error.is_some());
        *rejected += report.mailbox.rejected;
    }
    let told: Map<String, Value> = kinds
        .into_iter()
        .map(|(kind, [count, restarts, errors, rejected])| {
            (kind.to_owned(), json!({ "count": count, "restarts": restarts, "errors": errors, "rejected": rejected }))
        })
        .collect();
    told.into()
}
