//! From `channels.rocketchat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::config::AccountConfig;
use super::platform::{RocketChat, Source, Sources};
use super::{NAME, entries, target};
use crate::channel::checks::{Checks, within};
use crate::channel::section::{DEFAULT_ID, Draft, Keys, inheriting};
use crate::channel::{Account, AccountProblem, DmPolicy, ENV_KEY};
use crate::core::Clock;
use crate::message::AccountKey;
use crate::ports::MEDIA_MB_MAX;

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
    "chunkMode",
    "blockStreaming",
    "blockStreamingCoalesce",
    "streamMode",
    "mediaMaxMb",
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
    checks(&config).passed((config, sources), draft)
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

fn checks(config: &AccountConfig) -> Checks {
    let mut checks = Checks::default();
    if let Some(base) = config.base() {
        checks.web_address("baseUrl", &base, "https://chat.example.org");
    }
    checks.check("dmPolicy", open_needs_everybody(config));
    checks.within("conversationWindowMinutes", config.conversation_window_minutes, 0..=1440, "minutes");
    if let Some(limit) = config.history_limit {
        checks.within("historyLimit", limit, 0..=500, "messages");
    }
    checks.check("rooms", rooms(config));
    checks.within("textChunkLimit", config.text_chunk_limit, 64..=100_000, "characters");
    checks.check("blockStreamingCoalesce", config.block_streaming_coalesce.check());
    checks.within("catchUpMaxAgeMinutes", config.catch_up_max_age_minutes, 1..=43_200, "minutes");
    checks.within("catchUpMaxMessages", config.catch_up_max_messages, 1..=10_000, "messages");
    checks.within("watchdogSec", config.watchdog_sec, 4..=3600, "seconds");
    checks.within("reconnectBaseDelayMs", config.reconnect_base_delay_ms, 10..=60_000, "milliseconds");
    checks.within("reconnectMaxDelayMs", config.reconnect_max_delay_ms, 10..=3_600_000, "milliseconds");
    checks.within("reconnectSlowSec", config.reconnect_slow_sec, 1..=86_400, "seconds");
    if let Some(size) = config.media_max_mb {
        checks.within("mediaMaxMb", size, 1..=MEDIA_MB_MAX.into(), "MiB");
    }
    if let Some(to) = &config.default_to {
        checks.check("defaultTo", target::parse(to).map(drop).map_err(|error| error.0));
    }
    checks.certificates(config.ca_pem.as_deref(), config.ca_file.as_deref());
    checks
}

fn open_needs_everybody(config: &AccountConfig) -> Result<(), String> {
    if config.dm_policy == DmPolicy::Open && !entries::list(&config.allow_from).iter().any(|entry| entry == "*") {
        return Err("channels.rocketchat.dmPolicy=\"open\" requires channels.rocketchat.allowFrom to include \"*\"".to_owned());
    }
    Ok(())
}

fn rooms(config: &AccountConfig) -> Result<(), String> {
    let mut windows = config.rooms.values().filter_map(|room| room.conversation_window_minutes);
    windows.try_for_each(|minutes| within(minutes.into(), 0..=1440, "minutes of conversationWindowMinutes"))?;
    let mut sizes = config.rooms.values().filter_map(|room| room.media_max_mb);
    sizes.try_for_each(|size| within(size.into(), 1..=MEDIA_MB_MAX.into(), "MiB of mediaMaxMb"))
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
