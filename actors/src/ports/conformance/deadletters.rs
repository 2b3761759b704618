//! Promises about what was given up.

use super::{Bench, Case, case, make};
use crate::message::Code;
use crate::ports::{Accepted, Attempt, Direction, OutboxState, SendOrder, Store, StoreError};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("lists dead letters, newest first, page by page", |bench| Box::pin(pages(bench))),
        case("puts a retried message at the end of its chat", |bench| Box::pin(retries_inbound(bench))),
        case("puts a retried payload at the end of its chat", |bench| Box::pin(retries_outbound(bench))),
        case("forgets a discarded letter, and still knows its duplicate", |bench| Box::pin(discards(bench))),
    ]
}

async fn bury(store: &dyn Store, chat: &str, platform_id: &str) -> uuid::Uuid {
    let (id, _) = make::new(store.accept(vec![make::accept(chat, platform_id)]).await.unwrap()[0]);
    store.bury_inbox(id, Code::Internal, format!("reason {platform_id} — ü")).await.unwrap();
    id.as_uuid()
}

async fn pages(bench: Bench) {
    let store = &*bench.store;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(bury(store, "Room", &number.to_string()).await);
        bench.pass(1_000);
    }
    ids.reverse();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.dead_letters(after, 2).await.unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed.iter().map(|letter| letter.id).collect::<Vec<_>>(), ids);
    let oldest = &listed[4];
    assert_eq!((oldest.channel.as_str(), oldest.account.as_str(), oldest.chat.as_str()), ("socket-chat", "default", "Room"));
    assert_eq!((oldest.direction, oldest.code, oldest.attempts), (Direction::Inbound, Code::Internal, 0));
    assert_eq!(oldest.reason, "reason 0 — ü");
    assert_eq!(oldest.at, "2027-01-15T08:00:00Z");
    assert_eq!(oldest.session, Some(make::session("Room")));
    assert!(matches!(store.dead_letters(Some(uuid::Uuid::nil()), 2).await, Err(StoreError::Missing { .. })));
}

async fn retries_inbound(Bench { store, .. }: Bench) {
    let dead = bury(&*store, "a", "1").await;
    store.accept(vec![make::accept("a", "2")]).await.unwrap();
    let letter = store.retry_dead_letter(dead).await.unwrap();
    assert_eq!((letter.id, letter.session), (dead, Some(make::session("a"))));
    let rows = store.begin_turn(make::session("a"), 5).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.seq, row.inbound.platform_id.as_str(), row.crashes)).collect();
    assert_eq!(seen, [(2, "2", 0), (3, "1", 0)]);
    assert!(store.dead_letters(None, 5).await.unwrap().items.is_empty());
    assert!(matches!(store.retry_dead_letter(dead).await, Err(StoreError::Missing { .. })));
    assert_eq!(store.health().inbox_open, 2);
}

async fn retries_outbound(bench: Bench) {
    let store = &*bench.store;
    let dead = store.enqueue(make::outbox("a", "a1")).await.unwrap().id;
    store.begin_send(make::account(), 1, SendOrder::Pipelined).await.unwrap();
    let attempt = Attempt { code: Code::Refused, reason: "no".into(), next_ms: None };
    store.fail_send(dead, attempt).await.unwrap();
    store.enqueue(make::outbox("a", "a2")).await.unwrap();
    bench.pass(1_000);
    assert_eq!(store.retry_dead_letter(dead.as_uuid()).await.unwrap().direction, Direction::Outbound);
    let rows = store.begin_send(make::account(), 5, SendOrder::Pipelined).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.seq, row.outbound.text.as_str(), row.attempts)).collect();
    assert_eq!(seen, [(2, "a2", 0), (3, "a1", 0)]);
    assert_eq!(rows[1].created_ms - rows[0].created_ms, 1_000, "as young as a new one");
    assert_eq!(store.outbox_state(dead).await.unwrap(), Some(OutboxState::Queued));
}

async fn discards(Bench { store, .. }: Bench) {
    let dead = bury(&*store, "a", "1").await;
    assert_eq!(store.discard_dead_letter(dead).await.unwrap().id, dead);
    assert!(matches!(store.discard_dead_letter(dead).await, Err(StoreError::Missing { .. })));
    assert_eq!(store.accept(vec![make::accept("a", "1")]).await.unwrap(), [Accepted::Duplicate]);
    assert!(store.begin_turn(make::session("a"), 5).await.unwrap().is_empty());
}
