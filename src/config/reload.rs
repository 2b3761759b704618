//! What a changed key means for a running gateway.

use std::collections::BTreeMap;

use callboard_actors::channel::Account;
use callboard_actors::message::AccountKey;
use serde_json::Value;

use super::{Config, KeyPath};

/// What has to happen for a changed key to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// Nothing: the running gateway does not read it.
    None,
    /// The new value is read at the next message or turn.
    Hot,
    /// The accounts whose links it touches are restarted, the others go on.
    Account,
    /// The gateway is restarted.
    Gateway,
}

impl Reload {
    /// Returns the class's name in the reference.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hot => "hot",
            Self::Account => "account",
            Self::Gateway => "gateway",
        }
    }
}

/// Classes by prefix; the first that matches wins.
const RULES: &[(&str, Reload)] = &[
    ("gateway.remote", Reload::None),
    ("gateway.mode", Reload::None),
    // Read at each request, each change of the file, or at the end.
    ("gateway.auth", Reload::Hot),
    ("gateway.http", Reload::Hot),
    ("gateway.controlUi", Reload::Hot),
    ("gateway.tools", Reload::Hot),
    ("gateway.trustedProxies", Reload::Hot),
    ("gateway.faults", Reload::Hot),
    ("gateway.reload", Reload::Hot),
    ("gateway.drainSec", Reload::Hot),
    ("gateway", Reload::Gateway),
    ("commands", Reload::Hot),
    ("tools", Reload::Hot),
    ("mcp", Reload::Hot),
    ("channels", Reload::Account),
    ("session", Reload::Hot),
    ("messages", Reload::Hot),
    ("cron", Reload::Hot),
    // Accounts take it over as if it stood in their own sections.
    ("agents.defaults.mediaMaxMb", Reload::Account),
    ("agents", Reload::Hot),
    ("media", Reload::Hot),
    ("bindings", Reload::Hot),
    ("models", Reload::Hot),
    ("auth", Reload::Hot),
    ("deadletters", Reload::Hot),
    ("logging", Reload::Hot),
    ("store", Reload::Gateway),
    ("supervision", Reload::Gateway),
];

/// Returns a key's class; `path` may be a pattern of the reference.
#[must_use]
pub fn class_of(path: &str) -> Reload {
    let under = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    RULES.iter().find(|(prefix, _)| under(prefix)).map_or(Reload::None, |(_, class)| *class)
}

/// What has to happen for a new configuration to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Changed keys that are read anew by themselves.
    pub hot: Vec<KeyPath>,
    /// Accounts whose links are made, made anew or ended.
    pub accounts: Vec<AccountKey>,
    /// Changed keys that need the gateway restarted.
    pub gateway: Vec<KeyPath>,
}

impl Plan {
    /// Returns whether nothing changed that a running gateway reads.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hot.is_empty() && self.accounts.is_empty() && self.gateway.is_empty()
    }
}

/// Compares two configurations.
#[must_use]
pub fn plan(old: &Config, new: &Config) -> Plan {
    let mut changed = Vec::new();
    diff(Some(old.tree()), Some(new.tree()), &KeyPath::default(), &mut changed);
    let mut plan = Plan { accounts: changed_accounts(&old.slices.accounts, &new.slices.accounts), ..Plan::default() };
    for path in changed {
        match class_of(&path.to_string()) {
            Reload::None => {}
            // Which accounts it touches is said by their fingerprints; what touches none is read per message.
            Reload::Hot | Reload::Account => plan.hot.push(path),
            Reload::Gateway => plan.gateway.push(path),
        }
    }
    plan
}

/// Returns the accounts that were added, removed, switched, or have settings that need a new link.
fn changed_accounts(old: &[Account], new: &[Account]) -> Vec<AccountKey> {
    let by_key = |accounts: &[Account]| -> BTreeMap<AccountKey, (bool, u64)> {
        accounts.iter().map(|account| (account.key.clone(), (account.enabled, account.fingerprint))).collect()
    };
    let (old, new) = (by_key(old), by_key(new));
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    keys.into_iter().filter(|key| old.get(key) != new.get(key)).cloned().collect()
}

/// Collects the paths that differ; lists count as one value.
fn diff(old: Option<&Value>, new: Option<&Value>, path: &KeyPath, changed: &mut Vec<KeyPath>) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                diff(old.get(key), new.get(key), &path.key(key), changed);
            }
        }
        (old, new) if old != new => changed.push(path.clone()),
        _ => {}
    }
}
