//! From a frame to its fate: policy, applied.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::facts::Desk;
use super::intake::Fate;
use super::pairing::{PAIRING_PENDING_MAX, PAIRING_TTL_MS, new_code};
use super::platform::Account;
use super::policy::{Access, Decision, DropReason, decide_for};
use super::settings::{Meaning, Orders};
use super::talks::{Talks, is_in_room};
use crate::message::{AccountCounters, Inbound, Outbound, OutboxId, SessionKey, Switchboard, Target};
use crate::ports::{Accept, NewOutbox, PairingRequest};

/// What admission looks at.
pub(super) struct Admission<'a> {
    pub(super) account: &'a Account,
    pub(super) access: &'a Access,
    pub(super) approved: &'a HashSet<String>,
    pub(super) switchboard: &'a dyn Switchboard,
    pub(super) counters: &'a AccountCounters,
    pub(super) desk: &'a Desk,
    pub(super) orders: &'a Orders,
    /// How many messages of a group all channels tell the agent that were not for it.
    pub(super) context_max: usize,
    /// The ids of people whom the settings name, by their lower-cased names.
    pub(super) names: &'a BTreeMap<String, String>,
}

/// Returns the ids that pairing let in as policy looks for them: lower-cased, as everything that is compared.
pub(super) fn approved(peers: Vec<String>) -> HashSet<String> {
    peers.into_iter().map(|peer| peer.to_lowercase()).collect()
}

impl Admission<'_> {
    /// Decides what is to be written for a message.
    ///
    /// A conversation that a mention began stands for the mention of what follows, and for nothing else of the policy. So does a
    /// command of somebody who may order.
    pub(super) fn admit(&self, mut inbound: Inbound, talks: &mut Talks, (now_ms, now): (i64, Duration)) -> Fate {
        let in_room = is_in_room(&inbound);
        inbound.listed_as = self.listed_as(&inbound);
        let addressed = in_room && (inbound.mentioned || self.access.prefix(&inbound.text).is_some());
        if in_room && !addressed {
            // A command of somebody who may order can be meant for nobody else.
            inbound.mentioned = talks.is_open(&inbound, now) || self.orders.meaning(&inbound) == Meaning::Order;
        }
        // Whose session it is does not depend on whether it goes there; only a room's has a say in that.
        let session = in_room.then(|| self.session_of(&inbound));
        let activation = session.as_ref().and_then(|session| self.switchboard.activation(session));
        match decide_for(self.access, &|peer| self.approved.contains(peer), &inbound, activation) {
            Decision::Admit => {
                let session = session.unwrap_or_else(|| self.session_of(&inbound));
                inbound.hold = self.access.hold(&inbound, now_ms);
                if in_room {
                    inbound.text = self.access.without_prefix(&inbound).to_owned();
                    // A command answers nothing that was said: the next message is told of it.
                    if self.orders.meaning(&inbound) == Meaning::Message {
                        inbound.overheard = talks.take_said(&inbound);
                    }
                }
                if addressed {
                    talks.open(&inbound, self.access, now);
                }
                Fate::Accept(Box::new(Accept { inbound, session }))
            }
            Decision::Drop(reason) => {
                self.counters.inbound_dropped.inc();
                self.desk.dropped(reason.as_str(), 1);
                self.log_drop(&inbound, reason);
                talks.overheard(&inbound, reason, self.access.context.messages_max(self.context_max));
                Fate::Nothing
            }
            Decision::Pair => Fate::Pair(Box::new(self.pairing(inbound, now_ms))),
        }
    }

    /// Returns the names in the settings that are bound to the writer's id.
    fn listed_as(&self, inbound: &Inbound) -> Vec<String> {
        let bound = self.names.iter().filter(|(_, id)| id.eq_ignore_ascii_case(&inbound.route.peer.id));
        bound.map(|(name, _)| format!("@{name}")).collect()
    }

    fn session_of(&self, inbound: &Inbound) -> SessionKey {
        match &inbound.order {
            // Its writer is an operator, who named the session.
            Some(order) => order.session.clone(),
            None => self.switchboard.resolve(&inbound.route),
        }
    }

    fn log_drop(&self, inbound: &Inbound, reason: DropReason) {
        let (account, trace, peer) = (&self.account.key, inbound.trace, &inbound.route.peer.id);
        tracing::info!(event = "inbound.dropped", actor = %account, %trace, %peer, reason = reason.as_str());
    }

    fn pairing(&self, inbound: Inbound, now_ms: i64) -> PairingRequest {
        let code = new_code();
        let route = inbound.route;
        let target = Target { account: route.account.clone(), chat: route.chat, thread: route.thread };
        let notice = Outbound::text(target, self.account.platform.pairing_notice(&route.peer.id, &code));
        PairingRequest {
            account: route.account,
            peer: route.peer.id,
            name: route.peer.name,
            code,
            notice: NewOutbox { id: OutboxId::new(), outbound: notice, trace: inbound.trace, idempotency_key: None },
            now_ms,
            expires_ms: now_ms.saturating_add(PAIRING_TTL_MS),
            pending_max: PAIRING_PENDING_MAX,
        }
    }
}
