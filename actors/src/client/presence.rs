//! Who is there: gateway-protocol §3 and §7.2.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::ClientSeat;

/// How long an entry is shown after it was last heard of, milliseconds.
const ENTRY_TTL_MS: i64 = 300_000;

/// How many entries there may be; above, the one that was heard of longest ago is forgotten.
const ENTRIES_MAX: usize = 200;

/// The most bytes of each text of an entry.
pub const TEXT_BYTES_MAX: usize = 512;

/// One client, node or gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceEntry {
    /// The machine or the client's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What sort of machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Which model of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// What it is used as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// How long nobody has touched it, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_input_seconds: Option<u64>,
    /// Its device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Its instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Its roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Its scopes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Marks of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Why the entry changed last: `self`, `connect`, `disconnect`, or the client's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One line for people.
    pub text: String,
    /// When it was last heard of, milliseconds since 1970.
    pub ts: i64,
}

impl PresenceEntry {
    fn of(seat: &ClientSeat, reason: &str, now_ms: i64) -> Self {
        let card = &seat.card;
        let host = card.display_name.clone().unwrap_or_else(|| card.id.clone());
        Self {
            text: format!("Node: {host} · mode {}", card.mode),
            host: Some(host),
            ip: seat.address.filter(|address| !address.is_loopback()).map(|address| address.to_string()),
            version: Some(card.version.clone()),
            platform: Some(card.platform.clone()),
            device_family: card.device_family.clone(),
            model_identifier: card.model_identifier.clone(),
            mode: Some(card.mode.clone()),
            device_id: seat.grant.device.clone(),
            instance_id: card.instance_id.clone(),
            roles: vec![seat.grant.role.to_string()],
            scopes: seat.grant.scopes.iter().map(|scope| scope.to_string()).collect(),
            reason: Some(reason.to_owned()),
            ts: now_ms,
            ..Self::default()
        }
    }
}

/// The list of who is there, with its version.
#[derive(Debug)]
pub struct Presence(Mutex<List>);

#[derive(Debug)]
struct List {
    gateway: PresenceEntry,
    others: HashMap<String, PresenceEntry>,
    version: u64,
}

impl Presence {
    /// Returns a list with the gateway itself on it.
    #[must_use]
    pub fn new(gateway: PresenceEntry) -> Self {
        Self(Mutex::new(List { gateway, others: HashMap::new(), version: 1 }))
    }

    /// Puts a client on the list; one that only asks something and goes is not shown.
    pub fn connected(&self, seat: &ClientSeat, now_ms: i64) -> Noticed {
        self.note_seat(seat, "connect", now_ms)
    }

    /// Says that a client has gone.
    pub fn disconnected(&self, seat: &ClientSeat, now_ms: i64) -> Noticed {
        self.note_seat(seat, "disconnect", now_ms)
    }

    /// Puts what a client said of some machine on the list, over what was known of it.
    pub fn note(&self, key: &str, entry: PresenceEntry) {
        let mut list = self.lock();
        let now_ms = entry.ts;
        list.others.insert(key.to_owned(), entry);
        list.version += 1;
        list.tidy(now_ms);
    }

    /// Returns what is known under a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<PresenceEntry> {
        self.lock().others.get(key).cloned()
    }

    /// Returns who is there, the gateway first, then the latest first.
    #[must_use]
    pub fn list(&self, now_ms: i64) -> Vec<PresenceEntry> {
        let mut list = self.lock();
        list.tidy(now_ms);
        let mut entries: Vec<_> = list.others.values().cloned().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
        let gateway = PresenceEntry { ts: now_ms, ..list.gateway.clone() };
        std::iter::once(gateway).chain(entries).collect()
    }

    /// Returns how often the list has changed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    fn note_seat(&self, seat: &ClientSeat, reason: &str, now_ms: i64) -> Noticed {
        if seat.card.id == "cli" && seat.card.mode == "cli" {
            return Noticed::Passing;
        }
        self.note(&key_of(seat), PresenceEntry::of(seat, reason, now_ms));
        Noticed::Listed
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a client is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// It is.
    Listed,
    /// It only asks something and goes.
    Passing,
}

fn key_of(seat: &ClientSeat) -> String {
    let device = seat.grant.device.as_ref().or(seat.card.instance_id.as_ref());
    device.unwrap_or(&seat.conn).to_lowercase()
}

impl List {
    fn tidy(&mut self, now_ms: i64) {
        self.others.retain(|_, entry| now_ms.saturating_sub(entry.ts) < ENTRY_TTL_MS);
        while self.others.len() > ENTRIES_MAX {
            let oldest = self.others.iter().min_by_key(|(_, entry)| entry.ts).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.others.remove(&oldest);
            }
        }
    }
}
