//! Promises about messages to sessions.

use super::{Bench, Case, case, make};
use crate::message::{AccountKey, Code, InboxId, Order, RunId};
use crate::ports::{Accepted, CrashCount, InboxFate, StoreError, StoreLimits, TurnOutcome};

pub(super) fn cases() -> Vec<Case> {
    let two = StoreLimits { inbox_rows_max: 2, ..StoreLimits::default() };
    vec![
        case("numbers the messages of each chat from 1", |bench| Box::pin(numbers(bench))),
        case("tells a duplicate by account and platform id, also after its answer", |bench| Box::pin(duplicates(bench))),
        case("hands a message out as it came in", |bench| Box::pin(whole(bench))),
        case("hands out what a client ordered with its message", |bench| Box::pin(orders(bench))),
        case("tells what became of a message", |bench| Box::pin(fates(bench))),
        case("hands rows out once, in order, and the next with the end of a turn", |bench| Box::pin(turns(bench))),
        case("shows the rows that wait, and hands out those that are asked for", |bench| Box::pin(picked(bench))),
        case("ends rows that wait with the turn that took them along", |bench| Box::pin(taken_along(bench))),
        case("ends rows that wait without an answer with the turn that leaves them", |bench| Box::pin(left_unanswered(bench))),
        case("ends a turn whole or not at all", |bench| Box::pin(atomic(bench))),
        case("puts rows in hand back in their place", |bench| Box::pin(reopens(bench))),
        case("keeps a row that was in hand at too many crashes out of the way", |bench| Box::pin(poison(bench))),
        case("names the sessions with open rows", |bench| Box::pin(open_sessions(bench))),
        Case { says: "takes no message at its bound", limits: two, test: |bench| Box::pin(full(bench)) },
    ]
}

async fn numbers(Bench { store, .. }: Bench) {
    let batch = vec![make::accept("a", "1"), make::accept("b", "2"), make::accept("a", "3")];
    let seqs: Vec<u64> = store.accept(batch).await.unwrap().into_iter().map(|new| make::new(new).1).collect();
    assert_eq!(seqs, [1, 1, 2]);
    let next = store.accept(vec![make::accept("a", "4")]).await.unwrap();
    assert_eq!(make::new(next[0]).1, 3);
    assert_eq!(store.health().inbox_open, 4);
}

async fn duplicates(Bench { store, .. }: Bench) {
    let twice = vec![make::accept("a", "1"), make::accept("b", "1")];
    let accepted = store.accept(twice).await.unwrap();
    assert_eq!(accepted[1], Accepted::Duplicate);
    let other = AccountKey::new("socket-chat", "other");
    make::new(store.accept(vec![make::accept_of(&other, "a", "1")]).await.unwrap()[0]).0.to_string();

    store.begin_turn(make::session("a"), 1).await.unwrap();
    let (id, _) = make::new(accepted[0]);
    store.finish_turn(make::turn("a", &[id], vec![]), 0).await.unwrap();
    assert_eq!(store.accept(vec![make::accept("a", "1")]).await.unwrap(), [Accepted::Duplicate]);
}

async fn whole(Bench { store, .. }: Bench) {
    let new = make::accept("a", "1");
    let (id, seq) = make::new(store.accept(vec![new.clone()]).await.unwrap()[0]);
    let rows = store.begin_turn(make::session("a"), 5).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id, rows[0].seq, rows[0].crashes), (id, seq, 0));
    assert_eq!(rows[0].inbound, new.inbound);
}

async fn orders(Bench { store, .. }: Bench) {
    let mut new = make::accept("a", "key");
    new.inbound.order = Some(Box::new(Order {
        session: make::session("a"),
        spelled: "Main".into(),
        run: RunId::named("key").unwrap(),
        by: crate::message::OrderedBy::Admin,
        system: Some("be brief".into()),
        model: None,
        thinking: Some("low".into()),
        timeout_ms: Some(5_000),
        deliver: Some(make::outbox("a", "").outbound.target),
    }));
    store.accept(vec![new.clone()]).await.unwrap();
    assert_eq!(store.begin_turn(make::session("a"), 1).await.unwrap()[0].inbound, new.inbound);
}

async fn fates(Bench { store, .. }: Bench) {
    let fate = |platform_id: &str| store.inbox_fate(make::account(), platform_id.into());
    let accepted = store.accept((1..=4).map(|n| make::accept("a", &n.to_string())).collect()).await.unwrap();
    let ids: Vec<_> = accepted.into_iter().map(|new| make::new(new).0).collect();
    assert_eq!(fate("1").await.unwrap(), Some(InboxFate::Open));
    store.begin_turn(make::session("a"), 1).await.unwrap();
    assert_eq!(fate("1").await.unwrap(), Some(InboxFate::Open));
    store.finish_turn(make::turn("a", &ids[..1], vec![]), 0).await.unwrap();
    store.bury_inbox(ids[1], Code::Internal, "no".into()).await.unwrap();
    store.bury_inbox(ids[2], Code::Internal, "no".into()).await.unwrap();
    store.discard_dead_letter(ids[2].as_uuid()).await.unwrap();
    assert_eq!(fate("1").await.unwrap(), Some(InboxFate::Done));
    assert_eq!(fate("2").await.unwrap(), Some(InboxFate::Dead));
    assert_eq!(fate("3").await.unwrap(), None, "it is forgotten");
    assert_eq!(fate("4").await.unwrap(), Some(InboxFate::Open));
    assert_eq!(fate("5").await.unwrap(), None);
    let other = AccountKey::new("socket-chat", "other");
    assert_eq!(store.inbox_fate(other, "1".into()).await.unwrap(), None);
    store.retry_dead_letter(ids[1].as_uuid()).await.unwrap();
    assert_eq!(fate("2").await.unwrap(), Some(InboxFate::Open));
}

async fn turns(Bench { store, .. }: Bench) {
    let batch = (1..=4).map(|number| make::accept("a", &number.to_string())).collect();
    store.accept(batch).await.unwrap();
    assert!(store.begin_turn(make::session("nobody"), 5).await.unwrap().is_empty());
    let first = store.begin_turn(make::session("a"), 2).await.unwrap();
    assert_eq!(first.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2]);
    let done = [first[0].id, first[1].id];
    let next = store.finish_turn(make::turn("a", &done, vec![]), 1).await.unwrap();
    assert_eq!(next.iter().map(|row| row.seq).collect::<Vec<_>>(), [3]);
    let last = store.begin_turn(make::session("a"), 5).await.unwrap();
    assert_eq!(last.iter().map(|row| row.seq).collect::<Vec<_>>(), [4]);
    assert_eq!(store.health().inbox_open, 2);
}

async fn picked(Bench { store, .. }: Bench) {
    let room = || make::session("a");
    store.accept((1..=5).map(|number| make::accept("a", &number.to_string())).collect()).await.unwrap();
    store.accept(vec![make::accept("b", "9")]).await.unwrap();
    store.begin_turn(room(), 1).await.unwrap();
    let waiting = store.waiting_rows(room(), 0, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|(_, row)| row.seq).collect::<Vec<_>>(), [2, 3, 4, 5]);
    let later = store.waiting_rows(room(), waiting[1].0, 1).await.unwrap();
    assert_eq!(later, waiting[2..3]);
    assert!(store.waiting_rows(make::session("nobody"), 0, 9).await.unwrap().is_empty());

    let id = |at: usize| waiting[at].1.id;
    let taken = store.take_rows(room(), vec![id(1), InboxId::new()], vec![(id(0), "too many")]).await.unwrap();
    assert_eq!(taken, [id(1)]);
    assert!(store.take_rows(make::session("b"), vec![id(2)], vec![(id(3), "not its own")]).await.unwrap().is_empty());
    assert_eq!(store.inbox_fate(make::account(), "2".into()).await.unwrap(), Some(InboxFate::Done));
    assert_eq!(store.health().inbox_open, 5);
    let left = store.waiting_rows(room(), 0, 9).await.unwrap();
    assert_eq!(left.iter().map(|(_, row)| row.seq).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(store.reopen_inbox(room(), CrashCount::Uncounted).await.unwrap(), 2, "the first and the one that was asked for");
}

async fn taken_along(Bench { store, .. }: Bench) {
    store.accept(vec![make::accept("a", "1"), make::accept("a", "2")]).await.unwrap();
    let first = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    let second = store.waiting_rows(make::session("a"), 0, 9).await.unwrap().remove(0).1;
    let next = store.finish_turn(make::turn("a", &[first.id, second.id], vec![]), 1).await.unwrap();
    assert!(next.is_empty());
    assert_eq!(store.health().inbox_open, 0);
}

async fn left_unanswered(Bench { store, .. }: Bench) {
    let batch = ["1", "2", "3", "4"].map(|text| make::accept("a", text)).into_iter().chain([make::accept("b", "5")]);
    let accepted = store.accept(batch.collect()).await.unwrap();
    let id = |at: usize| make::new(accepted[at]).0;
    // The first two are in hand.
    store.begin_turn(make::session("a"), 2).await.unwrap();
    let dropped = vec![(id(1), "in hand"), (id(2), "stopped"), (id(4), "not its own"), (InboxId::new(), "nowhere")];
    let turn = TurnOutcome { dropped, ..make::turn("a", &[id(0)], vec![]) };
    let next = store.finish_turn(turn.clone(), 1).await.unwrap();
    assert_eq!(next.iter().map(|row| row.id).collect::<Vec<_>>(), [id(3)], "what is left unanswered is not handed out");
    assert_eq!(store.health().inbox_open, 3, "the one in hand, the next, and that of another session");
    assert_eq!(store.inbox_fate(make::account(), "3".into()).await.unwrap(), Some(InboxFate::Done));
    let again = TurnOutcome { dropped: vec![(id(4), "stopped")], ..make::turn("b", &[id(0)], vec![]) };
    assert!(matches!(store.finish_turn(again, 0).await, Err(StoreError::Missing { .. })));
    assert_eq!(store.health().inbox_open, 3, "nothing is left unanswered by a turn that is not written");
}

async fn atomic(Bench { store, .. }: Bench) {
    let accepted = store.accept(vec![make::accept("a", "1"), make::accept("a", "2")]).await.unwrap();
    let (one, two) = (make::new(accepted[0]).0, InboxId::new());
    store.begin_turn(make::session("a"), 1).await.unwrap();
    let turn = make::turn("a", &[one, two], vec![make::outbox("a", "answer")]);
    assert!(matches!(store.finish_turn(turn, 1).await, Err(StoreError::Missing { .. })), "there is no second row");
    assert_eq!((store.health().inbox_open, store.health().outbox_open), (2, 0), "nothing was written");
    assert!(store.history(make::session("a"), 5).await.unwrap().is_empty());

    store.finish_turn(make::turn("a", &[one], vec![make::outbox("a", "answer")]), 0).await.unwrap();
    assert_eq!((store.health().inbox_open, store.health().outbox_open), (1, 1));
    assert_eq!(store.history(make::session("a"), 5).await.unwrap().len(), 2);
    assert!(matches!(store.finish_turn(make::turn("a", &[one], vec![]), 0).await, Err(StoreError::Missing { .. })));
}

async fn reopens(Bench { store, .. }: Bench) {
    let batch = (1..=3).map(|number| make::accept("a", &number.to_string())).collect();
    store.accept(batch).await.unwrap();
    store.begin_turn(make::session("a"), 2).await.unwrap();
    assert_eq!(store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap(), 2);
    let rows = store.begin_turn(make::session("a"), 5).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.seq, row.crashes)).collect::<Vec<_>>(), [(1, 0), (2, 0), (3, 0)]);
    assert_eq!(store.reopen_inbox(make::session("nobody"), CrashCount::Uncounted).await.unwrap(), 0);
}

async fn poison(Bench { store, .. }: Bench) {
    let counted = CrashCount::Counted { max: 2 };
    store.accept(vec![make::accept("a", "1"), make::accept("a", "2")]).await.unwrap();
    store.begin_turn(make::session("a"), 1).await.unwrap();
    assert_eq!(store.reopen_inbox(make::session("a"), counted).await.unwrap(), 1);
    let rows = store.begin_turn(make::session("a"), 1).await.unwrap();
    assert_eq!((rows[0].seq, rows[0].crashes), (1, 1));
    assert_eq!(store.reopen_inbox(make::session("a"), counted).await.unwrap(), 0);
    let letters = store.dead_letters(None, 5).await.unwrap().items;
    assert_eq!(letters.iter().map(|letter| letter.code).collect::<Vec<_>>(), [Code::Poison]);
    let rows = store.begin_turn(make::session("a"), 5).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(store.health().inbox_open, 1);
}

async fn open_sessions(Bench { store, .. }: Bench) {
    assert!(store.sessions_with_open_rows().await.unwrap().is_empty());
    let batch = vec![make::accept("a", "1"), make::accept("b", "2"), make::accept("c", "3"), make::accept("a", "4")];
    store.accept(batch).await.unwrap();
    let row = store.begin_turn(make::session("b"), 1).await.unwrap().remove(0);
    store.begin_turn(make::session("c"), 1).await.unwrap();
    store.finish_turn(make::turn("b", &[row.id], vec![]), 0).await.unwrap();
    assert_eq!(store.sessions_with_open_rows().await.unwrap(), [make::session("a"), make::session("c")]);
}

async fn full(Bench { store, .. }: Bench) {
    store.accept(vec![make::accept("a", "1"), make::accept("a", "2")]).await.unwrap();
    let refused = store.accept(vec![make::accept("a", "3")]).await.unwrap_err();
    assert_eq!(refused, StoreError::Full { table: "inbox", rows: 2, setting: "inboxRowsMax" });
    let row = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    store.finish_turn(make::turn("a", &[row.id], vec![]), 0).await.unwrap();
    assert_eq!(make::new(store.accept(vec![make::accept("a", "3")]).await.unwrap()[0]).1, 3);
}
