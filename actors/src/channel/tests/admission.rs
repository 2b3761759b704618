//! Policy, applied: what is written for a message, for every setting and every message.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::mpsc;

use super::policy::{access, inbound};
use crate::channel::admission::{Admission, approved};
use crate::channel::intake::Fate;
use crate::channel::talks::Talks;
use crate::channel::{Access, Decision, Desk, Orders, PAIRING_PENDING_MAX, PAIRING_TTL_MS, Reconnect, decide};
use crate::doubles::{Notebook, Played, account_of};
use crate::message::{AccountCounters, Inbound};
use crate::ports::SendOrder;
use crate::ports::conformance::{START_MS, make};

/// Returns a platform with these settings.
pub(super) fn platform(access: &Access) -> Played {
    let second = Duration::from_secs(1);
    Played {
        wires: mpsc::unbounded_channel().0,
        access: Mutex::new(access.clone()),
        reconnect: Reconnect { base: second, max: second, attempts_max: 0, slow: second },
        order: SendOrder::Pipelined,
    }
}

fn admit(access: &Access, approved: &HashSet<String>, inbound: Inbound) -> (Fate, u64) {
    let account = account_of(Arc::new(platform(access)));
    let (notebook, counters) = (Notebook::default(), AccountCounters::default());
    let (desk, orders) = (Desk::default(), Orders::default());
    let admission = Admission {
        account: &account,
        access,
        approved,
        switchboard: &notebook,
        counters: &counters,
        desk: &desk,
        context_max: 50,
        orders: &orders,
        names: &BTreeMap::new(),
    };
    let fate = admission.admit(inbound, &mut Talks::default(), (START_MS, Duration::ZERO));
    (fate, counters.inbound_dropped.get())
}

proptest! {
    #[test]
    fn the_decision_is_what_is_written(access in access(), inbound in inbound(), peers in prop::collection::vec("[A-Ca-c]{1,2}", 0..3)) {
        let approved = approved(peers);
        let decision = decide(&access, &|peer| approved.contains(peer), &inbound);
        match (admit(&access, &approved, inbound.clone()), decision) {
            ((Fate::Accept(accept), 0), Decision::Admit) => {
                prop_assert_eq!(&accept.session, &make::session(&inbound.route.chat.id));
                prop_assert_eq!(accept.inbound, inbound);
            }
            ((Fate::Pair(request), 0), Decision::Pair) => {
                let target = &request.notice.outbound.target;
                prop_assert_eq!((&target.account, &target.chat), (&inbound.route.account, &inbound.route.chat));
                prop_assert!(request.notice.outbound.text.contains(&request.code));
                prop_assert_eq!((request.peer, request.pending_max), (inbound.route.peer.id, PAIRING_PENDING_MAX));
                prop_assert_eq!(request.expires_ms - request.now_ms, PAIRING_TTL_MS);
            }
            ((Fate::Nothing, 1), Decision::Drop(_)) => {}
            ((fate, dropped), decision) => prop_assert!(false, "{decision:?} became {fate:?}, dropped {dropped}"),
        }
    }
}
