//! From `channels.socket-chat` to its accounts.

use std::sync::Arc;

use serde_json::Value;

use super::config::AccountConfig;
use super::platform::SocketChat;
use super::{NAME, target};
use crate::channel::checks::Checks;
use crate::channel::section::{Draft, Keys, Section};
use crate::channel::{Account, AccountProblem};
use crate::core::Clock;
use crate::message::AccountKey;
use crate::ports::MEDIA_MB_MAX;

/// The keys of an account.
pub(super) const KEYS: &[&str] = &[
    "apiKey",
    "apiBaseUrl",
    "name",
    "enabled",
    "defaultTo",
    "dmPolicy",
    "allowFrom",
    "requireMention",
    "groupPolicy",
    "groups",
    "groupAllowFrom",
    "historyLimit",
    "blockStreaming",
    "blockStreamingCoalesce",
    "chunkMode",
    "allowNameMatching",
    "mediaMaxMb",
    "mqttConfigTtlSec",
    "maxReconnectAttempts",
    "reconnectBaseDelayMs",
    "reconnectSlowSec",
    "useTls",
    "caFile",
    "caPem",
];

/// Reads `channels.socket-chat` into accounts, default first; null is no account.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let mut problems = Vec::new();
    let mut accounts = Vec::new();
    let Some(section) = Section::cut(section, &mut problems).map_err(|problem| vec![problem])? else { return Ok(accounts) };
    let Section { default, names_default, others } = section;
    // Settings without a key beside named accounts are no account of their own, but they are still read for mistakes.
    if names_default || others.is_empty() || default.has_text_at_top("apiKey") {
        match config(&default) {
            Ok(config) => accounts.push(account(&default.id, config)),
            Err(found) => problems.extend(found),
        }
    } else {
        problems.extend(config(&default).err().into_iter().flatten());
    }
    for draft in others {
        match config(&draft) {
            Ok(config) => accounts.push(account(&draft.id, config)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
}

fn config(draft: &Draft) -> Result<AccountConfig, Vec<AccountProblem>> {
    let config = draft.read::<AccountConfig>(Keys { known: KEYS, secret: &["apiKey"] })?;
    let mut checks = Checks::default();
    checks.web_address("apiBaseUrl", config.base(), "https://api-bot.aibotk.com");
    checks.within("mqttConfigTtlSec", config.mqtt_config_ttl_sec, 0..=86_400, "seconds");
    checks.within("reconnectBaseDelayMs", config.reconnect_base_delay_ms, 10..=60_000, "milliseconds");
    checks.within("reconnectSlowSec", config.reconnect_slow_sec, 1..=86_400, "seconds");
    checks.check("blockStreamingCoalesce", config.block_streaming_coalesce.check());
    if let Some(size) = config.media_max_mb {
        checks.within("mediaMaxMb", size, 1..=MEDIA_MB_MAX.into(), "MiB");
    }
    if let Some(limit) = config.history_limit {
        checks.within("historyLimit", limit, 0..=500, "messages");
    }
    if let Some(to) = &config.default_to {
        checks.check("defaultTo", target::parse(to).map(drop).map_err(|error| error.0));
    }
    checks.certificates(config.ca_pem.as_deref(), config.ca_file.as_deref());
    checks.passed(config, draft)
}

fn account(id: &str, config: AccountConfig) -> Account {
    let key = AccountKey::new(NAME, id);
    Account {
        label: config.name.clone().unwrap_or_else(|| id.to_owned()),
        enabled: config.enabled,
        fingerprint: config.fingerprint(),
        platform: Arc::new(SocketChat::new(key.clone(), config, Clock::system())),
        key,
    }
}
