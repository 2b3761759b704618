//! From `channels.webchat` to its accounts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::NAME;
use super::config::AccountConfig;
use super::platform::WebChat;
use crate::channel::section::{Keys, Section};
use crate::channel::{Account, AccountProblem};
use crate::message::AccountKey;

/// The keys of an account.
const KEYS: Keys = Keys { known: &["name", "enabled"], secret: &[] };

/// Changes when a setting changes that needs a new link: there is none.
const FINGERPRINT: u64 = 1;

/// Reads `channels.webchat` into accounts, default first; the default one is there also for null.
pub(super) fn read(section: &Value) -> Result<Vec<Account>, Vec<AccountProblem>> {
    let nothing = Value::Object(Map::new());
    let section = if section.is_null() { &nothing } else { section };
    let mut problems = Vec::new();
    let mut accounts = Vec::new();
    let Some(section) = Section::cut(section, &mut problems).map_err(|problem| vec![problem])? else { return Ok(accounts) };
    for draft in std::iter::once(&section.default).chain(&section.others) {
        match draft.read(KEYS) {
            Ok(config) => accounts.push(account(&draft.id, config)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(accounts) } else { Err(problems) }
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
