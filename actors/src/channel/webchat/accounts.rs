//! From `channels.webchat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::config::AccountConfig;
use super::platform::WebChat;
use super::{DEFAULT_ID, NAME};
use crate::channel::{Account, AccountProblem};
use crate::message::AccountKey;

/// The keys of an account.
const KEYS: &[&str] = &["name", "enabled"];

/// How much alike a mistyped key and a known one must be to be named together, 0 to 1.
const ALIKE_MIN: f64 = 0.75;

/// Changes when a setting changes that needs a new link: there is none.
const FINGERPRINT: u64 = 1;

/// Reads `channels.webchat` into accounts, default first; the default one is there also for null.
///
/// The top level is the account `default`, together with what `accounts.default` adds to it. Named accounts do not inherit.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let mut top = match section {
        Value::Null => Map::new(),
        Value::Object(top) => top.clone(),
        _ => return Err(vec![problem("", "has to be an object of settings")]),
    };
    let mut problems = Vec::new();
    let mut named = named_accounts(top.remove("accounts"), &mut problems);
    let mut layers = vec![(String::new(), top)];
    if let Some(at) = named.iter().position(|(id, _)| id == DEFAULT_ID) {
        // What stands at the top wins.
        layers.splice(0..0, named.remove(at).1);
    }
    named.insert(0, (DEFAULT_ID.to_owned(), layers));
    let mut accounts = Vec::new();
    for (id, layers) in named {
        match config(layers) {
            Ok(config) => accounts.push(account(&id, config)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
}

/// Where settings of an account stand, and which; a later layer wins.
type Layers = Vec<(String, Map<String, Value>)>;

fn named_accounts(section: Option<Value>, problems: &mut Vec<AccountProblem>) -> Vec<(String, Layers)> {
    let mut named: Vec<(String, Layers)> = Vec::new();
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
            _ if named.iter().any(|(other, _)| *other == id) => {
                let text = format!("there are two accounts `{id}`: ids are compared without case and blanks");
                problems.push(problem(&path, &text));
            }
            Value::Object(settings) => named.push((id, vec![(path, settings)])),
            _ => problems.push(problem(&path, "has to be an object of settings")),
        }
    }
    named
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

/// Reads the settings, each key by itself, so that every mistake is named with its place.
fn config(layers: Layers) -> Result<AccountConfig, Vec<AccountProblem>> {
    let entries = layers.iter().flat_map(|(path, settings)| settings.iter().map(move |(key, value)| (path, key, value)));
    let problems: Vec<_> = entries.filter_map(|(path, key, value)| key_problem(path, key, value)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let merged = layers.into_iter().flat_map(|(_, settings)| settings).collect();
    serde_json::from_value(Value::Object(merged)).map_err(|error| vec![problem("", &error.to_string())])
}

fn key_problem(path: &str, key: &str, value: &Value) -> Option<AccountProblem> {
    let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if !KEYS.contains(&key) {
        return Some(problem(&place, &unknown(key, path)));
    }
    let alone = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
    serde_json::from_value::<AccountConfig>(alone).err().map(|error| problem(&place, &error.to_string()))
}

fn unknown(key: &str, path: &str) -> String {
    let top = if path.is_empty() { Some("accounts") } else { None };
    let alike = |known: &&str| strsim::jaro_winkler(&known.to_lowercase(), &key.to_lowercase());
    let nearest = KEYS.iter().copied().chain(top).max_by(|a, b| alike(a).total_cmp(&alike(b)));
    match nearest.filter(|known| alike(known) >= ALIKE_MIN) {
        Some(known) => format!("unknown setting `{key}`: did you mean `{known}`?"),
        None => format!("unknown setting `{key}`: remove it"),
    }
}

fn account(id: &str, config: AccountConfig) -> Account {
    let key = AccountKey::new(NAME, id);
    Account {
        label: config.name.unwrap_or_else(|| id.to_owned()),
        enabled: config.enabled,
        fingerprint: FINGERPRINT,
        platform: Arc::new(WebChat::new(key.clone())),
        key,
    }
}

fn problem(path: &str, text: &str) -> AccountProblem {
    AccountProblem { path: path.to_owned(), text: text.to_owned() }
}
