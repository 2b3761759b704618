//! `/allowlist`: who may talk on the account of the chat.

use std::sync::Arc;

use callboard_actors::channel::Access;
use callboard_actors::message::{AccountKey, Target};
use callboard_actors::ports::{AllowlistErrand, Listed, Lists, Place};
use serde_json::Value;

use super::{StewardParts, config, told, wish};
use crate::config::KeyPath;
use crate::config::desk::ConfigDesk;

/// How many of a list are shown.
const SHOWN_MAX: usize = 50;

/// What becomes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    Remove,
}

/// Looks at the lists or changes them; answers with what is told of them.
pub(super) async fn carry_out(parts: &StewardParts, errand: AllowlistErrand, chat: Target) -> String {
    match errand {
        AllowlistErrand::List(lists) => shown(parts, lists, &chat.account).await,
        AllowlistErrand::Add(entry) => changed(parts, Change::Add, entry, chat).await,
        AllowlistErrand::Remove(entry) => changed(parts, Change::Remove, entry, chat).await,
    }
}

async fn shown(parts: &StewardParts, lists: Lists, account: &AccountKey) -> String {
    let Some(found) = parts.channels.account(account) else {
        return format!("No account {account} is configured any more.");
    };
    let Access { allow_from, group_allow_from, .. } = found.platform.access();
    let mut text = format!("Who may talk on {account}:");
    if lists != Lists::Groups {
        text.push_str(&format!("\nIn direct chats, by allowFrom: {}", joined(&allow_from, "nobody")));
        match parts.store.allowed_peers(account.clone()).await {
            Ok(peers) => text.push_str(&format!("\nIn direct chats, let in by pairing: {}", joined(&peers, "nobody"))),
            Err(error) => text.push_str(&format!("\nWhom pairing let in cannot be read: {error}")),
        }
    }
    if lists != Lists::Direct {
        let everybody = "everybody who is in them";
        text.push_str(&format!("\nIn groups, by groupAllowFrom: {}", joined(&group_allow_from, everybody)));
    }
    text
}

fn joined(list: &[String], none: &str) -> String {
    let more = list.len().saturating_sub(SHOWN_MAX);
    let mut text = list.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    if text.is_empty() { none.to_owned() } else { text }
}

async fn changed(parts: &StewardParts, change: Change, entry: Listed, chat: Target) -> String {
    let Listed { lists, place, who } = entry;
    let mut told = Vec::new();
    if place != Place::Store {
        let (desk, chat, who) = (Arc::clone(&parts.desk), chat.clone(), who.clone());
        let key = if lists == Lists::Groups { "groupAllowFrom" } else { "allowFrom" };
        let done = tokio::task::spawn_blocking(move || in_file(&desk, change, key, &who, chat)).await;
        told.push(done.unwrap_or_else(|_| "Work on the config file broke off: the log says why.".to_owned()));
    }
    if place != Place::Config {
        told.push(in_store(parts, change, &who, chat.account).await);
    }
    told.join("\n")
}

fn in_file(desk: &ConfigDesk, change: Change, key: &str, who: &str, chat: Target) -> String {
    let view = desk.get();
    let path = list_path(&view.config, &chat.account, key);
    let mut list = path.find(&view.config).and_then(Value::as_array).cloned().unwrap_or_default();
    let before = list.len();
    let is_who = |entry: &Value| text_of(entry).is_some_and(|entry| entry.eq_ignore_ascii_case(who));
    match change {
        Change::Add if list.iter().any(is_who) => return format!("{who} is on {path} already."),
        Change::Add => list.push(who.into()),
        Change::Remove => list.retain(|entry| !is_who(entry)),
    }
    if change == Change::Remove && list.len() == before {
        return format!("{who} is not on {path}.");
    }
    match desk.change(&path, Value::Array(list), &wish(chat)) {
        Ok(done) => config::written(&path, &done),
        Err(error) => told::refusal(&error),
    }
}

/// Returns where the list of an account stands: its own, or the one of all accounts of the channel where it has none of its own.
pub(super) fn list_path(config: &Value, account: &AccountKey, key: &str) -> KeyPath {
    let channel = KeyPath::default().key("channels").key(account.channel());
    let accounts = channel.key("accounts");
    let entries = accounts.find(config).and_then(Value::as_object);
    let named = entries.and_then(|entries| entries.keys().find(|name| name.eq_ignore_ascii_case(account.account())));
    let Some(own) = named.map(|name| accounts.key(name).key(key)) else { return channel.key(key) };
    let common = channel.key(key);
    if own.find(config).is_some() || common.find(config).is_none() { own } else { common }
}

/// Ids that are all digits may stand in the file as numbers.
fn text_of(entry: &Value) -> Option<String> {
    match entry {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

async fn in_store(parts: &StewardParts, change: Change, who: &str, account: AccountKey) -> String {
    let peers = match parts.store.allowed_peers(account.clone()).await {
        Ok(peers) => peers,
        Err(error) => return format!("Whom pairing let in cannot be read: {error}"),
    };
    let there = peers.into_iter().find(|peer| peer.to_lowercase() == who.to_lowercase());
    let done = match (change, there) {
        (Change::Add, Some(_)) => return format!("{who} was let in before."),
        (Change::Remove, None) => return format!("{who} was not let in by pairing."),
        (Change::Add, None) => parts.store.allow_peer(account.clone(), who.to_owned(), parts.clock.now_ms()).await,
        (Change::Remove, Some(peer)) => parts.store.forget_peer(account.clone(), peer).await,
    };
    match (done, change) {
        (Ok(_), Change::Add) => {
            parts.channels.allowed_changed(&account);
            format!("{who} is let in, as by pairing.")
        }
        (Ok(_), Change::Remove) => {
            parts.channels.allowed_changed(&account);
            format!("{who} is let in by pairing no longer.")
        }
        (Err(error), _) => format!("The store did not take it: {error}"),
    }
}
