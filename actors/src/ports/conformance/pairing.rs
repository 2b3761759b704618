//! Promises about who is let in.

use super::{Bench, Case, START_MS, case, make};
use crate::ports::{PairingOutcome, SendOrder, Store};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("opens one request a peer and tells them once", |bench| Box::pin(requests(bench))),
        case("bounds the open requests, and forgets those that are void", |bench| Box::pin(bounds(bench))),
        case("lets an approved peer in and tells them", |bench| Box::pin(approves(bench))),
        case("lets in by hand and no longer", |bench| Box::pin(lets_in_by_hand(bench))),
        case("turns a rejected peer away", |bench| Box::pin(rejects(bench))),
    ]
}

const HOUR_MS: i64 = 3_600_000;

async fn ask(store: &dyn Store, peer: &str, now_ms: i64) -> PairingOutcome {
    store.request_pairing(make::pairing(peer, &format!("CODE{peer}"), now_ms)).await.unwrap()
}

async fn told(store: &dyn Store) -> Vec<String> {
    let rows = store.begin_send(make::account(), 10, SendOrder::Pipelined).await.unwrap();
    rows.into_iter().map(|row| format!("{}: {}", row.outbound.target.chat.id, row.outbound.text)).collect()
}

async fn requests(Bench { store, .. }: Bench) {
    assert_eq!(ask(&*store, "P1", START_MS).await, PairingOutcome::New);
    assert_eq!(ask(&*store, "P1", START_MS + 5).await, PairingOutcome::Pending);
    assert_eq!(told(&*store).await, ["P1: your code is CODEP1"]);
    let open = store.pairings(START_MS).await.unwrap();
    assert_eq!(open.len(), 1);
    let shown = (open[0].channel.as_str(), open[0].account.as_str(), open[0].code.as_str(), open[0].name.as_str());
    assert_eq!(shown, ("socket-chat", "default", "CODEP1", "name of P1"));
    assert_eq!((open[0].created_at.as_str(), open[0].expires_at.as_str()), ("2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"));
}

async fn bounds(Bench { store, .. }: Bench) {
    for peer in ["P1", "P2", "P3"] {
        assert_eq!(ask(&*store, peer, START_MS).await, PairingOutcome::New);
    }
    assert_eq!(ask(&*store, "P4", START_MS).await, PairingOutcome::Full);
    assert_eq!(told(&*store).await.len(), 3, "one that was not opened is not told anything");
    assert_eq!(store.pairings(START_MS + HOUR_MS - 1).await.unwrap().len(), 3);
    assert!(store.pairings(START_MS + HOUR_MS).await.unwrap().is_empty());
    let void = store.approve_pairing("socket-chat".into(), "CODEP1".into(), "in".into(), START_MS + HOUR_MS);
    assert_eq!(void.await.unwrap(), None);
    assert_eq!(ask(&*store, "P1", START_MS + HOUR_MS).await, PairingOutcome::New);
    assert_eq!(ask(&*store, "P4", START_MS + HOUR_MS).await, PairingOutcome::New);
}

async fn approves(Bench { store, .. }: Bench) {
    ask(&*store, "P1", START_MS).await;
    told(&*store).await;
    let wrong = store.approve_pairing("mochat".into(), "CODEP1".into(), "in".into(), START_MS).await.unwrap();
    assert_eq!(wrong, None, "another channel's");
    let let_in = store.approve_pairing("Socket-Chat".into(), "codep1".into(), "you are in".into(), START_MS).await.unwrap();
    assert_eq!(let_in.map(|pairing| pairing.peer), Some("P1".into()));
    assert_eq!(store.allowed_peers(make::account()).await.unwrap(), ["P1"]);
    assert_eq!(told(&*store).await, ["P1: you are in"]);
    assert!(store.pairings(START_MS).await.unwrap().is_empty());
    let again = store.approve_pairing("socket-chat".into(), "CODEP1".into(), "in".into(), START_MS).await.unwrap();
    assert_eq!(again, None);
    let other = crate::message::AccountKey::new("socket-chat", "other");
    assert!(store.allowed_peers(other).await.unwrap().is_empty());
}

async fn lets_in_by_hand(Bench { store, .. }: Bench) {
    let (account, other) = (make::account(), crate::message::AccountKey::new("socket-chat", "other"));
    for new in [true, false] {
        assert_eq!(store.allow_peer(account.clone(), "P1".into(), START_MS).await.unwrap(), new);
    }
    assert_eq!(store.allowed_peers(account.clone()).await.unwrap(), ["P1"]);
    assert!(!store.forget_peer(other, "P1".into()).await.unwrap(), "another account's");
    for was in [true, false] {
        assert_eq!(store.forget_peer(account.clone(), "P1".into()).await.unwrap(), was);
    }
    assert!(store.allowed_peers(account).await.unwrap().is_empty());
}

async fn rejects(Bench { store, .. }: Bench) {
    ask(&*store, "P1", START_MS).await;
    let turned_away = store.reject_pairing("socket-chat".into(), "CODEP1".into(), START_MS).await.unwrap();
    assert_eq!(turned_away.map(|pairing| pairing.peer), Some("P1".into()));
    assert!(store.allowed_peers(make::account()).await.unwrap().is_empty());
    assert!(store.pairings(START_MS).await.unwrap().is_empty());
}
