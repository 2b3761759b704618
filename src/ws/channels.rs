//! Channels as clients know them: gateway-protocol §7.1 and §7.7.

use std::time::Duration;

use callboard_actors::channel::{Account, Facts, KINDS, Probe};
use callboard_actors::core::{ActorId, State};
use callboard_actors::message::LinkState;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::Control;

/// How long a platform may take to answer a probe when the client names no limit.
pub(super) const PROBE_WAIT: Duration = Duration::from_secs(10);

/// Whether platforms are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probing {
    /// They are not.
    No,
    /// They are, each for at most so long.
    Yes(Duration),
}

/// All channels.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The ids, in the order of the table of kinds.
    pub(super) order: Vec<&'static str>,
    /// Their names for people.
    pub(super) labels: Map<String, Value>,
    /// Each channel: its default account, with all of them under `accounts`.
    pub(super) by_id: Map<String, Value>,
    /// Each channel's accounts, the default one first.
    pub(super) accounts: Map<String, Value>,
    /// Each channel's default account.
    pub(super) defaults: Map<String, Value>,
    /// The first enabled channel.
    pub(super) link: Option<Value>,
}

/// Looks at every configured account.
pub(super) async fn summary(control: &Control, probing: Probing) -> Summary {
    let accounts = control.channels.accounts();
    let probes = join_all(accounts.iter().map(|account| probe(control, account, probing))).await;
    let mut summary = Summary::default();
    for kind in KINDS {
        let own = accounts.iter().zip(&probes).filter(|(account, _)| account.key.channel() == kind.name);
        let rows: Vec<Value> = own.clone().map(|(account, probe)| row(control, account, probe.as_ref())).collect();
        let Some(first) = rows.first() else { continue };
        summary.order.push(kind.name);
        summary.labels.insert(kind.name.to_owned(), kind.label.into());
        summary.by_id.insert(kind.name.to_owned(), with_accounts(first, &rows));
        summary.defaults.insert(kind.name.to_owned(), first.get("accountId").cloned().unwrap_or_default());
        let enabled = own.clone().find(|(account, _)| account.enabled);
        if let (None, Some((account, _))) = (&summary.link, enabled) {
            summary.link = Some(link(control, account, kind.label));
        }
        summary.accounts.insert(kind.name.to_owned(), rows.into());
    }
    summary
}

fn with_accounts(first: &Value, rows: &[Value]) -> Value {
    let by_account: Map<String, Value> = rows
        .iter()
        .map(|row| (row.get("accountId").and_then(Value::as_str).unwrap_or_default().to_owned(), row.clone()))
        .collect();
    let mut channel = first.clone();
    if let Some(fields) = channel.as_object_mut() {
        fields.insert("accounts".to_owned(), by_account.into());
    }
    channel
}

async fn probe(control: &Control, account: &Account, probing: Probing) -> Option<(Option<Probe>, i64)> {
    let Probing::Yes(limit) = probing else { return None };
    let begun = control.clock().now_ms();
    let probe = control.clock().within(limit, account.platform.probe()).await;
    Some((probe, control.clock().now_ms().saturating_sub(begun)))
}

/// Returns one account as lists show it.
fn row(control: &Control, account: &Account, probe: Option<&(Option<Probe>, i64)>) -> Value {
    let facts = control.channels.facts(&account.key);
    let running = is_running(control, account);
    let up = running && facts.status.state == LinkState::Up;
    let mut row = account.platform.status();
    let configured = row.get("configured").and_then(Value::as_bool).unwrap_or(true);
    let Facts { status, reconnect_attempts, .. } = &facts;
    let told = json!({
        "accountId": account.key.account(),
        "name": account.label,
        "enabled": account.enabled,
        "configured": configured,
        "running": running,
        "connected": up,
        "linked": up,
        "linkState": status.state,
        "linkCode": status.code,
        "reconnectAttempts": reconnect_attempts,
        "lastStartAt": facts.last_start_ms,
        "lastStopAt": facts.last_stop_ms,
        "lastConnectedAt": facts.last_connected_ms,
        "lastDisconnect": facts.last_disconnect_ms,
        "lastInboundAt": facts.last_inbound_ms,
        "lastOutboundAt": facts.last_outbound_ms,
        "lastError": facts.last_error.clone().or_else(|| status.text.clone()),
        "dropped": facts.dropped,
        "lastProbeAt": null,
    });
    if let Value::Object(told) = told {
        row.extend(told);
    }
    if let Some(way) = facts.way {
        row.insert("transport".to_owned(), way.into());
    }
    if let Some((probe, elapsed_ms)) = probe {
        row.insert("lastProbeAt".to_owned(), control.clock().now_ms().into());
        row.insert("probe".to_owned(), probed(probe.as_ref(), *elapsed_ms));
    }
    row.into()
}

fn probed(probe: Option<&Probe>, elapsed_ms: i64) -> Value {
    let mut told = match probe {
        Some(probe) => json!(probe),
        None => json!({ "ok": false, "error": "the platform did not answer in time" }),
    };
    if let Some(fields) = told.as_object_mut() {
        fields.insert("elapsedMs".to_owned(), elapsed_ms.into());
    }
    told
}

fn is_running(control: &Control, account: &Account) -> bool {
    let id = ActorId::new(format!("channel:{}", account.key));
    control.supervisor.report(&id).is_ok_and(|report| matches!(report.state, State::Running))
}

fn link(control: &Control, account: &Account, label: &str) -> Value {
    let facts = control.channels.facts(&account.key);
    let linked = is_running(control, account) && facts.status.state == LinkState::Up;
    let age = facts.last_connected_ms.filter(|_| linked).map(|at| control.clock().now_ms().saturating_sub(at));
    json!({ "id": account.key.channel(), "label": label, "linked": linked, "authAgeMs": age })
}
