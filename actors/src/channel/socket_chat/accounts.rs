//! From `channels.socket-chat` to its accounts.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::config::AccountConfig;
use super::platform::SocketChat;
use super::{NAME, target};
use crate::channel::section::{Draft, Keys, Section};
use crate::channel::{Account, AccountProblem, tls};
use crate::core::Clock;
use crate::message::AccountKey;

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
    let problems: Vec<_> = value_problems(&config).into_iter().map(|(key, text)| draft.problem(key, &text)).collect();
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn value_problems(config: &AccountConfig) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let mut check = |key: &'static str, result: Result<(), String>| {
        if let Err(text) = result {
            problems.push((key, text));
        }
    };
    check("apiBaseUrl", base_url(config.base()));
    check("mqttConfigTtlSec", within(config.mqtt_config_ttl_sec, 0, 86_400, "seconds"));
    check("reconnectBaseDelayMs", within(config.reconnect_base_delay_ms, 10, 60_000, "milliseconds"));
    check("reconnectSlowSec", within(config.reconnect_slow_sec, 1, 86_400, "seconds"));
    check("mediaMaxMb", config.media_max_mb.map_or(Ok(()), |size| within(size.into(), 1, 1024, "MiB")));
    check("defaultTo", config.default_to.as_deref().map_or(Ok(()), |to| target::parse(to).map(drop).map_err(|e| e.0)));
    match (&config.ca_pem, &config.ca_file) {
        (Some(pem), _) => check("caPem", tls::certificates(pem).map(drop).map_err(|error| error.to_string())),
        (None, Some(_)) => {
            check("caFile", Err("its contents are missing: the file is read when the configuration is loaded".into()))
        }
        (None, None) => {}
    }
    problems
}

fn base_url(base: &str) -> Result<(), String> {
    const FORM: &str = "has to be an address like https://api-bot.aibotk.com, without a query and without a login";
    let url = Url::parse(base).map_err(|_| FORM.to_owned())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if plain && web { Ok(()) } else { Err(FORM.to_owned()) }
}

fn within(value: u64, min: u64, max: u64, unit: &str) -> Result<(), String> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(format!("has to be {min} to {max} {unit}, not {value}")) }
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
