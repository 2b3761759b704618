//! A device as it is kept.

use serde::{Deserialize, Serialize};

use super::shown::{DeviceCard, PairedDevice, PendingDevice, TokenSummary};
use super::token::TokenRecord;
use crate::client::{Role, Scopes};
use crate::ports::DeviceRow;

/// How many tokens of one device and role are good at a time. A device has one; a second is made when it comes back without its
/// first after a restart of the gateway, and programs that share a key may do so at the same moment.
const TOKENS_MAX: usize = 4;

/// A paired device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) card: DeviceCard,
    /// What it was let in as, oldest first; at most one of each role.
    pub(super) roles: Vec<RoleRecord>,
    /// Whether it was let in without an operator being asked.
    pub(super) silent: bool,
    pub(super) created_at_ms: i64,
    pub(super) approved_at_ms: i64,
}

/// What a device may do in one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleRecord {
    pub(super) role: Role,
    pub(super) scopes: Scopes,
    /// The good ones, at most [`TOKENS_MAX`]; none before it has come back after its pairing, and none after a revocation.
    pub(super) tokens: Vec<TokenRecord>,
    /// When it was let in.
    pub(super) created_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rotated_at_ms: Option<i64>,
    /// Once this is set the role has to be paired anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used_at_ms: Option<i64>,
}

impl Record {
    /// Reads a row; `None` for one that is not ours to read.
    pub(super) fn read(row: &DeviceRow) -> Option<Self> {
        serde_json::from_str::<Self>(&row.body).ok().filter(|record| record.card.device_id == row.id)
    }

    /// Returns the row.
    pub(super) fn row(&self) -> DeviceRow {
        // Plain data with string keys can always be written.
        DeviceRow { id: self.card.device_id.clone(), body: serde_json::to_string(self).unwrap_or_default() }
    }

    /// Returns a device that is let in as it asked, or one that was let in before with that added.
    pub(super) fn admit(known: Option<Self>, request: &PendingDevice, silent: bool, now_ms: i64) -> Self {
        let fresh =
            || Self { card: request.card.clone(), roles: Vec::new(), silent, created_at_ms: now_ms, approved_at_ms: now_ms };
        let mut record = known.unwrap_or_else(fresh);
        record.card = request.card.clone();
        record.silent &= silent;
        record.approved_at_ms = now_ms;
        let before = record.live(request.role).map_or(Scopes::NONE, |role| role.scopes);
        match record.live_mut(request.role) {
            Some(role) => role.scopes = before.with(request.scopes),
            None => {
                record.roles.retain(|role| role.role != request.role);
                record.roles.push(RoleRecord::new(request.role, request.scopes, now_ms));
            }
        }
        record
    }

    /// Returns what it may do in a role; `None` when it was not let in as that, or is no longer.
    pub(super) fn live(&self, role: Role) -> Option<&RoleRecord> {
        self.roles.iter().find(|known| known.role == role && known.revoked_at_ms.is_none())
    }

    pub(super) fn live_mut(&mut self, role: Role) -> Option<&mut RoleRecord> {
        self.roles.iter_mut().find(|known| known.role == role && known.revoked_at_ms.is_none())
    }

    /// Returns whether it can be let go for another: it has no role any more, or gets it back without anybody being asked.
    pub(super) fn is_spare(&self) -> bool {
        self.silent || self.roles.iter().all(|role| role.revoked_at_ms.is_some())
    }

    /// Returns when it was last heard of.
    pub(super) fn seen_at_ms(&self) -> i64 {
        let used = self.roles.iter().filter_map(|role| role.used_at_ms).max();
        used.unwrap_or_default().max(self.approved_at_ms)
    }

    /// Returns it as operators see it.
    pub(super) fn shown(&self) -> PairedDevice {
        let live = || self.roles.iter().filter(|role| role.revoked_at_ms.is_none());
        PairedDevice {
            card: self.card.clone(),
            role: live().next_back().map(|role| role.role),
            roles: live().map(|role| role.role).collect(),
            scopes: live().fold(Scopes::NONE, |all, role| all.with(role.scopes)),
            created_at_ms: self.created_at_ms,
            approved_at_ms: self.approved_at_ms,
            tokens: self.roles.iter().map(RoleRecord::shown).collect(),
        }
    }
}

impl RoleRecord {
    const fn new(role: Role, scopes: Scopes, now_ms: i64) -> Self {
        Self {
            role,
            scopes,
            tokens: Vec::new(),
            created_at_ms: now_ms,
            rotated_at_ms: None,
            revoked_at_ms: None,
            used_at_ms: None,
        }
    }

    /// Returns the record of a token that is good.
    pub(super) fn token(&self, token: &str) -> Option<&TokenRecord> {
        // Every one is compared, so that the time does not tell which is the one.
        self.tokens.iter().fold(None, |found, known| if known.is(token) { Some(known) } else { found })
    }

    /// Keeps another token; over the bound the one that was not shown for longest is void.
    pub(super) fn add(&mut self, token: TokenRecord) {
        if self.tokens.len() >= TOKENS_MAX {
            let oldest = self.tokens.iter().enumerate().min_by_key(|(_, known)| known.used_at_ms).map(|(place, _)| place);
            oldest.map(|place| self.tokens.remove(place));
        }
        self.used_at_ms = Some(token.used_at_ms);
        self.tokens.push(token);
    }

    /// Notes that a token was shown; returns whether that is news enough to be written down.
    pub(super) fn note(&mut self, token: &str, now_ms: i64, news_ms: i64) -> bool {
        self.used_at_ms = Some(now_ms);
        let mut news = false;
        for known in self.tokens.iter_mut().filter(|known| known.is(token)) {
            news = now_ms.saturating_sub(known.used_at_ms) >= news_ms;
            if news {
                known.used_at_ms = now_ms;
            }
        }
        news
    }

    const fn shown(&self) -> TokenSummary {
        TokenSummary {
            role: self.role,
            scopes: self.scopes,
            created_at_ms: self.created_at_ms,
            rotated_at_ms: self.rotated_at_ms,
            revoked_at_ms: self.revoked_at_ms,
            last_used_at_ms: self.used_at_ms,
        }
    }
}
