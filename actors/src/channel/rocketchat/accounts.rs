//! From `channels.rocketchat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::config::AccountConfig;
use super::platform::{RocketChat, Source, Sources};
use super::{NAME, entries, target};
use crate::channel::section::{DEFAULT_ID, Draft, Keys, inheriting};
use crate::channel::{Account, AccountProblem, DmPolicy, ENV_KEY, tls};
use crate::core::Clock;
use crate::message::AccountKey;

/// The keys of an account.
pub(super) const KEYS: &[&str] = &[
    "enabled",
    "name",
    "baseUrl",
    "authToken",
    "userId",
    "username",
    "password",
    "dmPolicy",
    "allowFrom",
    "groupPolicy",
    "groupAllowFrom",
    "chatmode",
    "oncharPrefixes",
    "requireMention",
    "conversationWindowMinutes",
    "historyLimit",
    "replyToMode",
    "textChunkLimit",
    "responsePrefix",
    "defaultTo",
    "rooms",
    "catchUpMaxAgeMinutes",
    "catchUpMaxMessages",
    "watchdogSec",
    "reconnectBaseDelayMs",
    "reconnectMaxDelayMs",
    "reconnectSlowSec",
    "caFile",
    "caPem",
];

/// Keys that are laid over each other entry by entry.
const MERGED: &[&str] = &["rooms"];

/// Reads `channels.rocketchat` into accounts, default first; null is no account.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let mut section = section.clone();
    let env = match section.as_object_mut().and_then(|section| section.remove(ENV_KEY)) {
        Some(Value::Object(env)) => env,
        _ => Map::new(),
    };
    let off_at_top = section.get("enabled") == Some(&Value::Bool(false));
    let mut problems = Vec::new();
    let mut accounts = Vec::new();
    for draft in inheriting(&section, MERGED, &mut problems).map_err(|problem| vec![problem])? {
        match config(&draft, &env) {
            Ok((mut config, sources)) => {
                config.enabled &= !off_at_top;
                accounts.push(account(&draft.id, config, sources));
            }
            // What stands at the top is wrong for each account, and told once.
            Err(found) => problems.extend(found.into_iter().filter(|new| !problems.contains(new)).collect::<Vec<_>>()),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
}

fn config(draft: &Draft, env: &Map<String, Value>) -> Result<(AccountConfig, Sources), Vec<AccountProblem>> {
    let mut config = draft.read::<AccountConfig>(Keys { known: KEYS, secret: &["authToken", "password"] })?;
    let in_file = Sources { token: Source::of(has_login(&config)), base_url: Source::of(config.base().is_some()) };
    if draft.id == DEFAULT_ID {
        fill(&mut config, env);
    }
    let sources =
        Sources { token: in_file.token.or_env(has_login(&config)), base_url: in_file.base_url.or_env(config.base().is_some()) };
    let problems: Vec<_> = value_problems(&config).into_iter().map(|(key, text)| draft.problem(key, &text)).collect();
    if problems.is_empty() { Ok((config, sources)) } else { Err(problems) }
}

fn has_login(config: &AccountConfig) -> bool {
    config.token().is_some() || config.login().is_some()
}

/// Fills in from the environment what the file does not say, each field by itself.
fn fill(config: &mut AccountConfig, env: &Map<String, Value>) {
    let said = |key: &str| env.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    for (field, key) in [(&mut config.base_url, "baseUrl"), (&mut config.user_id, "userId"), (&mut config.username, "username")]
    {
        if blank(field) {
            *field = said(key).map(str::to_owned);
        }
    }
    for (field, key) in [(&mut config.auth_token, "authToken"), (&mut config.password, "password")] {
        if field.is_none() {
            *field = said(key).map(|text| text.to_owned().into());
        }
    }
}

fn value_problems(config: &AccountConfig) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let mut check = |key: &'static str, result: Result<(), String>| {
        if let Err(text) = result {
            problems.push((key, text));
        }
    };
    check("baseUrl", config.base().map_or(Ok(()), |base| base_url(&base)));
    check("dmPolicy", open_needs_everybody(config));
    check("conversationWindowMinutes", within(config.conversation_window_minutes.into(), 0, 1440, "minutes"));
    check("historyLimit", within(config.history_limit.into(), 0, 500, "messages"));
    check("rooms", rooms(config));
    check("textChunkLimit", within(config.text_chunk_limit.into(), 64, 100_000, "characters"));
    check("catchUpMaxAgeMinutes", within(config.catch_up_max_age_minutes.into(), 1, 43_200, "minutes"));
    check("catchUpMaxMessages", within(config.catch_up_max_messages.into(), 1, 10_000, "messages"));
    check("watchdogSec", within(config.watchdog_sec.into(), 4, 3600, "seconds"));
    check("reconnectBaseDelayMs", within(config.reconnect_base_delay_ms, 10, 60_000, "milliseconds"));
    check("reconnectMaxDelayMs", within(config.reconnect_max_delay_ms, 10, 3_600_000, "milliseconds"));
    check("reconnectSlowSec", within(config.reconnect_slow_sec, 1, 86_400, "seconds"));
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

fn open_needs_everybody(config: &AccountConfig) -> Result<(), String> {
    if config.dm_policy == DmPolicy::Open && !entries::list(&config.allow_from).iter().any(|entry| entry == "*") {
        return Err("channels.rocketchat.dmPolicy=\"open\" requires channels.rocketchat.allowFrom to include \"*\"".to_owned());
    }
    Ok(())
}

fn rooms(config: &AccountConfig) -> Result<(), String> {
    let mut windows = config.rooms.values().filter_map(|room| room.conversation_window_minutes);
    windows.try_for_each(|minutes| within(minutes.into(), 0, 1440, "minutes of conversationWindowMinutes"))
}

fn base_url(base: &str) -> Result<(), String> {
    const FORM: &str = "has to be an address like https://chat.example.org, without a query and without a login";
    let url = Url::parse(base).map_err(|_| FORM.to_owned())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if plain && web { Ok(()) } else { Err(FORM.to_owned()) }
}

fn within(value: u64, min: u64, max: u64, unit: &str) -> Result<(), String> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(format!("has to be {min} to {max} {unit}, not {value}")) }
}

fn account(id: &str, config: AccountConfig, sources: Sources) -> Account {
    let key = AccountKey::new(NAME, id);
    Account {
        label: config.name.clone().unwrap_or_else(|| id.to_owned()),
        enabled: config.enabled,
        fingerprint: config.fingerprint(),
        platform: Arc::new(RocketChat::new(key.clone(), config, sources, Clock::system())),
        key,
    }
}
