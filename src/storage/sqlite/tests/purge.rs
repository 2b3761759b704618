//! Retention.

use std::time::Duration;

use callboard_actors::message::{Code, Usage};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{Accepted, Attempt, NewOutbox, Queued, SendOrder, UsageDay};

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

fn limits() -> StoreLimits {
    StoreLimits {
        inbox_retention_ms: 10 * HOUR_MS,
        outbox_retention_ms: 5 * HOUR_MS,
        deadletters_retention_ms: 20 * HOUR_MS,
        transcript_retention_ms: 30 * HOUR_MS,
        ..StoreLimits::default()
    }
}

#[tokio::test]
async fn takes_finished_rows_after_their_time_and_nothing_else() {
    let folder = folder();
    let clock = Clock::manual(START_MS);
    let store = open(&folder.path().join("s.db"), &options(limits(), &clock));
    let accepted = store.accept((0..4).map(|n| make::accept("a", &n.to_string())).collect()).await.unwrap();
    let ids: Vec<_> = accepted.into_iter().map(|new| make::new(new).0).collect();
    store.begin_turn(make::session("a"), 2).await.unwrap();
    let out = make::outbox("a", "answer");
    store.finish_turn(make::turn("a", &ids[..2], vec![out.clone()]), 0).await.unwrap();
    store.bury_inbox(ids[2], Code::Internal, "no".into()).await.unwrap();
    store.begin_send(make::account(), 1, SendOrder::Pipelined).await.unwrap();
    store.confirm_send(vec![(out.id, make::receipt())]);
    store.flush().await.unwrap();

    clock.advance(hours(5));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged::default(), "not a moment before its time");
    clock.advance(hours(1));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged { outbox: 1, ..Purged::default() });
    clock.advance(hours(5));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged { inbox: 2, ..Purged::default() });
    clock.advance(hours(10));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged { deadletters: 1, ..Purged::default() });
    assert_eq!(store.accept(vec![make::accept("a", "2")]).await.unwrap(), [Accepted::Duplicate]);
    clock.advance(hours(11));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged { inbox: 1, entries: 2, ..Purged::default() });
    assert_eq!(store.health().inbox_open, 1, "the open row stays for ever");
    assert_eq!(store.sessions(1).await.unwrap()[0].entries, 0);
}

#[tokio::test]
async fn what_turns_used_is_kept_for_so_many_days_today_included() {
    let folder = folder();
    let clock = Clock::manual(START_MS);
    let limits = StoreLimits { usage_retention_days: 2, ..StoreLimits::default() };
    let store = open(&folder.path().join("s.db"), &options(limits, &clock));
    let first = UsageDay::of(START_MS);
    for _ in 0..3 {
        store.append_transcript(make::session("a"), Vec::new(), Usage::tokens(1, 1));
        store.flush().await.unwrap();
        clock.advance(hours(24));
    }
    let days = async || store.usage_days(0).await.unwrap().into_iter().map(|day| day.day - first).collect::<Vec<_>>();
    assert_eq!(days().await, [0, 1, 2]);
    let purged = store.purge(START_MS + 2 * 24 * HOUR_MS).await.unwrap();
    assert_eq!((purged.usage_days, days().await), (1, vec![1, 2]));
    assert_eq!(store.purge(START_MS + 2 * 24 * HOUR_MS).await.unwrap().usage_days, 0, "once");
}

#[tokio::test]
async fn numbers_go_on_after_every_row_is_gone() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let clock = Clock::manual(START_MS);
    {
        let store = open(&path, &options(limits(), &clock));
        for n in 0..2_500 {
            let id = make::new(store.accept(vec![make::accept("a", &n.to_string())]).await.unwrap()[0]).0;
            if n % 50 == 49 {
                let rows = store.begin_turn(make::session("a"), 50).await.unwrap();
                let done: Vec<_> = rows.iter().map(|row| row.id).collect();
                assert!(done.contains(&id));
                store.finish_turn(make::turn("a", &done, vec![]), 0).await.unwrap();
            }
        }
        clock.advance(hours(40));
        let purged = store.purge(clock.now_ms()).await.unwrap();
        assert_eq!((purged.inbox, purged.entries), (2_500, 100));
    }
    assert_eq!(look::<i64>(&path, "SELECT count(*) FROM inbox"), 0);
    let store = open(&path, &options(limits(), &clock));
    assert_eq!(make::new(store.accept(vec![make::accept("a", "0")]).await.unwrap()[0]).1, 2_501);
    store.append_transcript(make::session("a"), make::turn("a", &[], vec![]).entries, Usage::default());
    store.flush().await.unwrap();
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
}

/// A client that asks again after a restart must hear of the row that it made, as long as that is kept in whatever state.
#[tokio::test]
async fn a_key_holds_over_restarts_until_its_row_is_purged() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let clock = Clock::manual(START_MS);
    let options = options(limits(), &clock);
    let keyed = |key: &str| NewOutbox { idempotency_key: Some(key.into()), ..make::outbox(key, "once") };
    let (sent, dead) = (keyed("sent"), keyed("dead"));
    {
        let store = open(&path, &options);
        store.enqueue(sent.clone()).await.unwrap();
        store.enqueue(dead.clone()).await.unwrap();
        store.begin_send(make::account(), 9, SendOrder::Pipelined).await.unwrap();
        store.confirm_send(vec![(sent.id, make::receipt())]);
        let attempt = Attempt { code: Code::Refused, reason: "no".into(), next_ms: None };
        store.fail_send(dead.id, attempt).await.unwrap();
    }
    let known = |row: &NewOutbox| Queued { id: row.id, new: false };
    clock.advance(hours(5));
    {
        let store = open(&path, &options);
        assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged::default());
        assert_eq!(store.enqueue(keyed("sent")).await.unwrap(), known(&sent));
        assert_eq!(store.enqueue(keyed("dead")).await.unwrap(), known(&dead));
    }
    clock.advance(hours(1));
    let store = open(&path, &options);
    assert_eq!(store.purge(clock.now_ms()).await.unwrap(), Purged { outbox: 1, ..Purged::default() });
    assert!(store.enqueue(keyed("sent")).await.unwrap().new, "its row is gone");
    assert_eq!(store.enqueue(keyed("dead")).await.unwrap(), known(&dead), "a dead letter is kept longer");
    store.discard_dead_letter(dead.id.as_uuid()).await.unwrap();
    assert_eq!(store.enqueue(keyed("dead")).await.unwrap(), known(&dead), "and its key a while after");
    clock.advance(hours(6));
    assert_eq!(store.purge(clock.now_ms()).await.unwrap().outbox, 1);
    assert!(store.enqueue(keyed("dead")).await.unwrap().new);
}
