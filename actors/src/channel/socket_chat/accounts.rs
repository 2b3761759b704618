//! From `channels.socket-chat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::config::AccountConfig;
use super::platform::SocketChat;
use super::{NAME, target, tls};
use crate::channel::{Account, AccountProblem};
use crate::core::Clock;
use crate::message::AccountKey;

/// The account that the top level is.
const DEFAULT_ID: &str = "default";
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
/// How much alike a mistyped key and a known one must be to be named together, 0 to 1.
const ALIKE_MIN: f64 = 0.75;

/// Reads `channels.socket-chat` into accounts, default first; null is no account.
///
/// The top level is the account `default`, together with what `accounts.default` adds to it. Named accounts do not inherit.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let top = match section {
        Value::Null => return Ok(Vec::new()),
        Value::Object(top) => top,
        _ => return Err(vec![problem("", "has to be an object of settings")]),
    };
    let mut problems = Vec::new();
    let mut accounts = Vec::new();
    for draft in drafts(top, &mut problems) {
        match draft.read() {
            Ok(config) => accounts.push(account(&draft.id, config)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
}

/// One account's settings as they stand in the file.
struct Draft {
    id: String,
    /// Where settings of it stand, and which; a later layer wins.
    layers: Vec<(String, Map<String, Value>)>,
}

impl Draft {
    /// Reads the settings, each key by itself, so that every mistake is named with its place.
    fn read(&self) -> Result<AccountConfig, Vec<AccountProblem>> {
        let entries =
            self.layers.iter().flat_map(|(path, settings)| settings.iter().map(move |(key, value)| (path, key, value)));
        let problems: Vec<AccountProblem> = entries.filter_map(|(path, key, value)| key_problem(path, key, value)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let merged = self.layers.iter().flat_map(|(_, settings)| settings.clone()).collect();
        let config = serde_json::from_value::<AccountConfig>(Value::Object(merged))
            .map_err(|_| vec![problem(&self.place("").0, "cannot be read")])?;
        let problems: Vec<_> =
            value_problems(&config).into_iter().map(|(key, text)| problem(&self.place(key).1, &text)).collect();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Returns the path of the layer that a key's value comes from, and that of the key.
    fn place(&self, key: &str) -> (String, String) {
        let layer = self.layers.iter().rev().find(|(_, settings)| settings.contains_key(key)).or(self.layers.last());
        let path = layer.map(|(path, _)| path.clone()).unwrap_or_default();
        let full = join(&path, key);
        (path, full)
    }
}

/// Cuts the section into accounts, default first.
fn drafts(top: &Map<String, Value>, problems: &mut Vec<AccountProblem>) -> Vec<Draft> {
    let mut own = top.clone();
    let mut drafts = named_accounts(own.remove("accounts"), problems);
    let has_key = own.get("apiKey").and_then(Value::as_str).is_some_and(|key| !key.trim().is_empty());
    let top = (String::new(), own);
    match drafts.iter().position(|draft| draft.id == DEFAULT_ID) {
        Some(at) => {
            let mut merged = drafts.remove(at);
            merged.layers.push(top);
            drafts.insert(0, merged);
        }
        // Settings without a key beside named accounts are no account of their own, but they are still read for mistakes.
        None if !has_key && !drafts.is_empty() => {
            let unused = Draft { id: DEFAULT_ID.to_owned(), layers: vec![top] };
            problems.extend(unused.read().err().into_iter().flatten());
        }
        None => drafts.insert(0, Draft { id: DEFAULT_ID.to_owned(), layers: vec![top] }),
    }
    drafts
}

fn named_accounts(section: Option<Value>, problems: &mut Vec<AccountProblem>) -> Vec<Draft> {
    let mut named: Vec<Draft> = Vec::new();
    let entries = match section {
        None | Some(Value::Null) => return named,
        Some(Value::Object(entries)) => entries,
        Some(_) => {
            problems.push(problem("accounts", "has to be an object of accounts by their id"));
            return named;
        }
    };
    for (key, value) in entries {
        let path = format!("accounts.{key}");
        let id = key.trim().to_lowercase();
        match value {
            _ if !is_id(&id) => problems.push(problem(&path, "an account's id is letters, digits, `-`, `_` and `.`")),
            _ if named.iter().any(|other| other.id == id) => {
                problems
                    .push(problem(&path, &format!("there are two accounts `{id}`: ids are compared without case and blanks")));
            }
            Value::Object(settings) => named.push(Draft { id, layers: vec![(path, settings)] }),
            _ => problems.push(problem(&path, "has to be an object of settings")),
        }
    }
    named
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

fn key_problem(path: &str, key: &str, value: &Value) -> Option<AccountProblem> {
    let place = join(path, key);
    if !KEYS.contains(&key) {
        return Some(problem(&place, &unknown(key, path)));
    }
    let alone = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
    let error = serde_json::from_value::<AccountConfig>(alone).err()?;
    // The reader's own words repeat the value, which for this key is a secret.
    let text = if key == "apiKey" { "has to be a text".to_owned() } else { error.to_string() };
    Some(problem(&place, &text))
}

fn unknown(key: &str, path: &str) -> String {
    let top = if path.is_empty() { Some("accounts") } else { None };
    let lower = key.to_lowercase();
    let nearest = KEYS
        .iter()
        .copied()
        .chain(top)
        .map(|known| (known, strsim::jaro_winkler(&known.to_lowercase(), &lower)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, alike)| *alike >= ALIKE_MIN);
    match nearest {
        Some((known, _)) => format!("unknown setting `{key}`: did you mean `{known}`?"),
        None => format!("unknown setting `{key}`: remove it"),
    }
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

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn problem(path: &str, text: &str) -> AccountProblem {
    AccountProblem { path: path.to_owned(), text: text.to_owned() }
}
