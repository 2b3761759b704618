//! Who asked to be let in, and who was.

use crate::message::{AccountKey, Outbound, OutboxId};
use crate::ports::{NewOutbox, Pairing, PairingOutcome, PairingRequest};

use super::deadletters::rfc3339;
use super::state::{Asked, State};

impl State {
    pub(super) fn request_pairing(&mut self, request: PairingRequest) -> PairingOutcome {
        let (channel, account) = (request.account.channel(), request.account.account());
        let same = |asked: &Asked| asked.shown.channel == channel && asked.shown.account == account;
        self.asked.retain(|asked| !same(asked) || asked.expires_ms > request.now_ms);
        let mut open = self.asked.iter().filter(|asked| same(asked));
        if open.clone().any(|asked| asked.shown.peer == request.peer) {
            return PairingOutcome::Pending;
        }
        if open.by_ref().count() >= request.pending_max {
            return PairingOutcome::Full;
        }
        self.asked.push(Asked {
            target: request.notice.outbound.target.clone(),
            trace: request.notice.trace,
            created_ms: request.now_ms,
            expires_ms: request.expires_ms,
            shown: Pairing {
                channel: channel.to_owned(),
                account: account.to_owned(),
                code: request.code,
                peer: request.peer,
                name: request.name,
                created_at: rfc3339(request.now_ms),
                expires_at: rfc3339(request.expires_ms),
            },
        });
        self.asked.sort_by_key(|asked| asked.created_ms);
        self.put(request.notice);
        PairingOutcome::New
    }

    pub(super) fn pairings(&self, now_ms: i64) -> Vec<Pairing> {
        self.asked.iter().filter(|asked| asked.expires_ms > now_ms).map(|asked| asked.shown.clone()).collect()
    }

    fn take_pairing(&mut self, channel: &str, code: &str, now_ms: i64) -> Option<Asked> {
        let channel = channel.to_lowercase();
        let named = |asked: &Asked| {
            asked.shown.channel == channel && asked.shown.code.eq_ignore_ascii_case(code) && asked.expires_ms > now_ms
        };
        let at = self.asked.iter().position(named)?;
        Some(self.asked.remove(at))
    }

    pub(super) fn approve_pairing(&mut self, channel: &str, code: &str, notice: String, now_ms: i64) -> Option<Pairing> {
        let asked = self.take_pairing(channel, code, now_ms)?;
        let account = AccountKey::new(&asked.shown.channel, &asked.shown.account);
        self.allowed.insert((account, asked.shown.peer.clone()));
        if !notice.is_empty() {
            let outbound = Outbound::text(asked.target, notice);
            self.put(NewOutbox { id: OutboxId::new(), outbound, trace: asked.trace, idempotency_key: None });
        }
        Some(asked.shown)
    }

    pub(super) fn reject_pairing(&mut self, channel: &str, code: &str, now_ms: i64) -> Option<Pairing> {
        self.take_pairing(channel, code, now_ms).map(|asked| asked.shown)
    }

    pub(super) fn allow_peer(&mut self, account: AccountKey, peer: String) -> bool {
        self.allowed.insert((account, peer))
    }

    pub(super) fn forget_peer(&mut self, account: AccountKey, peer: String) -> bool {
        self.allowed.remove(&(account, peer))
    }

    pub(super) fn allowed_peers(&self, account: &AccountKey) -> Vec<String> {
        self.allowed.iter().filter(|(of, _)| of == account).map(|(_, peer)| peer.clone()).collect()
    }
}
