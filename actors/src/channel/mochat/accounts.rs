//! From `channels.mochat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::config::AccountConfig;
use super::platform::Mochat;
use super::{NAME, spelling, target};
use crate::channel::checks::Checks;
use crate::channel::section::{DEFAULT_ID, Draft, Keys, inheriting};
use crate::channel::{Account, AccountProblem, ENV_KEY};
use crate::core::Clock;
use crate::message::AccountKey;

/// The keys of an account.
pub(super) const KEYS: &[&str] = &[
    "enabled",
    "name",
    "baseUrl",
    "socketUrl",
    "socketPath",
    "socketDisableMsgpack",
    "clawToken",
    "agentUserId",
    "sessions",
    "panels",
    "allowFrom",
    "mention",
    "groups",
    "historyLimit",
    "replyDelayMode",
    "replyDelayMs",
    "replyDelayMaxMs",
    "refreshIntervalMs",
    "watchTimeoutMs",
    "watchLimit",
    "retryDelayMs",
    "socketReconnectDelayMs",
    "socketMaxReconnectDelayMs",
    "socketConnectTimeoutMs",
    "maxRetryAttempts",
    "sendSettleMs",
    "textChunkLimit",
    "defaultTo",
    "reconnectSlowSec",
    "caFile",
    "caPem",
];

/// Keys that are laid over each other entry by entry.
const MERGED: &[&str] = &["groups"];
/// How many ids one list may name.
const IDS_MAX: usize = 1000;

/// Reads `channels.mochat` into accounts, default first; null is no account.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let mut section = section.clone();
    let env = match section.as_object_mut().and_then(|section| section.remove(ENV_KEY)) {
        Some(Value::Object(env)) => env,
        _ => Map::new(),
    };
    let section = spelling::unify(&section)?;
    let off_at_top = section.get("enabled") == Some(&Value::Bool(false));
    let mut problems = Vec::new();
    let mut accounts = Vec::new();
    for draft in inheriting(&section, MERGED, &mut problems).map_err(|problem| vec![problem])? {
        match config(&draft, &env) {
            Ok(mut config) => {
                config.enabled &= !off_at_top;
                accounts.push(account(&draft.id, config));
            }
            // What stands at the top is wrong for each account, and told once.
            Err(found) => problems.extend(found.into_iter().filter(|new| !problems.contains(new)).collect::<Vec<_>>()),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
}

fn config(draft: &Draft, env: &Map<String, Value>) -> Result<AccountConfig, Vec<AccountProblem>> {
    let mut config = draft.read::<AccountConfig>(Keys { known: KEYS, secret: &["clawToken"] })?;
    if draft.id == DEFAULT_ID && config.token().is_none() {
        config.claw_token = env.get("clawToken").and_then(Value::as_str).map(|token| token.to_owned().into());
    }
    checks(&config).passed(config, draft)
}

fn checks(config: &AccountConfig) -> Checks {
    let mut checks = Checks::default();
    checks.web_address("baseUrl", &config.base(), "https://mochat.io");
    if !config.socket_url.trim().is_empty() {
        checks.web_address("socketUrl", &config.socket_base(), "https://mochat.io");
    }
    checks.check("sessions", few(&config.sessions));
    checks.check("panels", few(&config.panels));
    checks.within("replyDelayMs", config.reply_delay_ms.max(0).unsigned_abs(), 0..=3_600_000, "milliseconds");
    if let Some(limit) = config.history_limit {
        checks.within("historyLimit", limit, 0..=500, "messages");
    }
    if let Some(most) = config.reply_delay_max_ms {
        checks.within("replyDelayMaxMs", most, 0..=86_400_000, "milliseconds");
    }
    checks.within("refreshIntervalMs", config.refresh_interval_ms, 1000..=3_600_000, "milliseconds");
    checks.within("watchTimeoutMs", config.watch_timeout_ms, 100..=120_000, "milliseconds");
    checks.within("watchLimit", config.watch_limit, 1..=500, "messages");
    checks.within("retryDelayMs", config.retry_delay_ms, 100..=30_000, "milliseconds");
    checks.within("socketReconnectDelayMs", config.socket_reconnect_delay_ms, 100..=60_000, "milliseconds");
    checks.within("socketMaxReconnectDelayMs", config.socket_max_reconnect_delay_ms, 100..=3_600_000, "milliseconds");
    checks.within("socketConnectTimeoutMs", config.socket_connect_timeout_ms, 1000..=120_000, "milliseconds");
    checks.within("sendSettleMs", config.send_settle_ms, 0..=60_000, "milliseconds");
    checks.within("textChunkLimit", config.text_chunk_limit, 64..=100_000, "characters");
    checks.within("reconnectSlowSec", config.reconnect_slow_sec, 1..=86_400, "seconds");
    if let Some(to) = &config.default_to {
        checks.check("defaultTo", target::parse(to).map(drop).map_err(|error| error.0));
    }
    checks.certificates(config.ca_pem.as_deref(), config.ca_file.as_deref());
    checks
}

fn few(ids: &[String]) -> Result<(), String> {
    if let Some(id) = ids.iter().find(|id| !id.trim().is_empty() && !target::is_id(id.trim())) {
        let shown: String = id.chars().take(80).collect();
        return Err(format!("`{shown}` is no id: it has to be the id of a session or panel, or `*`"));
    }
    if ids.len() > IDS_MAX {
        return Err(format!("has to name {IDS_MAX} ids at the most, or `*`"));
    }
    Ok(())
}

fn account(id: &str, config: AccountConfig) -> Account {
    let key = AccountKey::new(NAME, id);
    Account {
        label: config.name.clone().unwrap_or_else(|| id.to_owned()),
        enabled: config.enabled,
        fingerprint: config.fingerprint(),
        platform: Arc::new(Mochat::new(key.clone(), config, Clock::system())),
        key,
    }
}
