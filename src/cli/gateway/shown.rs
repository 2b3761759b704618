//! What a gateway says of itself, as people read it.

use serde_json::Value;

use crate::cli::output::{field, items, table};

/// How many sessions are shown.
const SESSIONS_MAX: usize = 10;

/// Tells whether a gateway is of use, and a line for each channel account.
pub(super) fn health(health: &Value) -> String {
    let mut lines = vec![state(health)];
    lines.extend(items(health, "reasons").iter().map(|reason| format!("  {}", sentence(reason))));
    for id in items(health, "channelOrder").iter().filter_map(Value::as_str) {
        let channel = health.get("channels").and_then(|channels| channels.get(id)).unwrap_or(&Value::Null);
        let label = health.get("channelLabels").and_then(|labels| labels.get(id)).and_then(Value::as_str).unwrap_or(id);
        lines.push(format!("{label}: {}", channel_state(channel)));
    }
    let agents: Vec<_> = items(health, "agents").iter().map(|agent| field(agent, "/agentId")).collect();
    if !agents.is_empty() {
        lines.push(format!("agents: {}", agents.join(", ")));
    }
    lines.push(format!("sessions: {}", field(health, "/sessions/count")));
    lines.join("\n")
}

/// Tells how channels, sessions, queues and actors are.
pub(super) fn status(status: &Value) -> String {
    let mut lines = vec![state(status)];
    lines.extend(items(status, "reasons").iter().map(|reason| format!("  {}", sentence(reason))));
    lines.extend(items(status, "channelSummary").iter().filter_map(Value::as_str).map(str::to_owned));
    let [waiting, unsent] = ["/queues/inboxOpen", "/queues/outboxOpen"].map(|pointer| field(status, pointer));
    lines.push(format!("waiting: {waiting} in, {unsent} out"));
    lines.push(format!("sessions: {}", field(status, "/sessions/count")));
    let recent = status.pointer("/sessions/recent").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !recent.is_empty() {
        let pointers = ["/key", "/model", "/totalTokens", "/age"];
        let rows: Vec<_> =
            recent.iter().take(SESSIONS_MAX).map(|row| pointers.iter().map(|pointer| field(row, pointer)).collect()).collect();
        lines.push(table(&["SESSION", "MODEL", "TOKENS", "AGE MS"], &rows, ""));
    }
    lines.join("\n")
}

fn state(told: &Value) -> String {
    let word = if told.get("ok").and_then(Value::as_bool) == Some(false) { "not ready" } else { "ok" };
    match told.get("durationMs").and_then(Value::as_u64) {
        Some(duration) => format!("{word} ({duration}ms)"),
        None => word.to_owned(),
    }
}

/// Returns why a gateway is of no use, whatever form the reason has.
fn sentence(reason: &Value) -> String {
    match reason {
        Value::String(text) => text.clone(),
        other => {
            let [id, code] = ["/id", "/code"].map(|pointer| field(other, pointer));
            let text = other.get("text").and_then(Value::as_str).map(|text| format!(": {text}")).unwrap_or_default();
            format!("{id} {code}{text}")
        }
    }
}

fn channel_state(channel: &Value) -> String {
    let flag = |name: &str| channel.get(name).and_then(Value::as_bool);
    let word = match (flag("configured"), flag("linked").or_else(|| flag("connected")), flag("running")) {
        (Some(false), ..) => "not configured",
        (_, Some(true), _) => "connected",
        (_, Some(false), _) => "not connected",
        (_, None, Some(true)) => "running",
        _ => "configured",
    };
    match channel.get("lastError").and_then(Value::as_str) {
        Some(error) => format!("{word}: {error}"),
        None => word.to_owned(),
    }
}
