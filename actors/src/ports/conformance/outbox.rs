//! Promises about payloads to platforms.

use super::{Bench, Case, START_MS, case, make};
use crate::message::{AccountKey, Act, Code, MessageRef, Outbound, OutboxId};
use crate::ports::{Attempt, CrashCount, NewOutbox, OutboxRow, OutboxState, Queued, SendOrder, Store, StoreError, StoreLimits};

pub(super) fn cases() -> Vec<Case> {
    let one = StoreLimits { outbox_rows_max: 1, ..StoreLimits::default() };
    vec![
        case("hands payloads out once, in order per chat", |bench| Box::pin(ordered(bench))),
        case("makes the same request only once", |bench| Box::pin(idempotent(bench))),
        case("makes all payloads of a request or none", |bench| Box::pin(together(bench))),
        case("finds the message of a row that another one is about", |bench| Box::pin(about(bench))),
        case("answers with the row of a key however that ended", |bench| Box::pin(ended_keys(bench))),
        case("sends one row of a chat at a time where the wire keeps no order", |bench| Box::pin(one_per_chat(bench))),
        case("passes over a chat whose first row is not due, whole", |bench| Box::pin(backs_off(bench))),
        case("says when the next row is due", |bench| Box::pin(next_due(bench))),
        case("moves a row to the dead letters after its last try", |bench| Box::pin(gives_up(bench))),
        case("puts unconfirmed rows back and says so", |bench| Box::pin(reopens(bench))),
        case("takes a confirmation that comes after its row was put back", |bench| Box::pin(late(bench))),
        case("keeps a payload that was in hand at too many crashes out of the way", |bench| Box::pin(poison(bench))),
        case("knows a row by the platform's id of it, once it is confirmed", |bench| Box::pin(sent_as(bench))),
        case("says whether a chat is owed anything", |bench| Box::pin(owes(bench))),
        case("keeps accounts apart", |bench| Box::pin(accounts(bench))),
        Case {
            says: "takes no request that has no room as a whole",
            limits: StoreLimits { outbox_rows_max: 3, ..one },
            test: |bench| Box::pin(no_room(bench)),
        },
        Case { says: "takes no payload at its bound", limits: one, test: |bench| Box::pin(full(bench)) },
    ]
}

const PIPELINED: SendOrder = SendOrder::Pipelined;

async fn texts(store: &dyn Store, limit: usize, order: SendOrder) -> Vec<String> {
    let rows = store.begin_send(make::account(), limit, order).await.unwrap();
    rows.into_iter().map(|row| row.outbound.text).collect()
}

async fn put(store: &dyn Store, chat: &str, texts: &[&str]) -> Vec<OutboxId> {
    let mut ids = Vec::new();
    for text in texts {
        let queued = store.enqueue(make::outbox(chat, text)).await.unwrap();
        assert!(queued.new);
        ids.push(queued.id);
    }
    ids
}

fn later(ms: i64) -> Attempt {
    Attempt { code: Code::LinkDown, reason: "the link is down".into(), next_ms: Some(START_MS + ms) }
}

fn last() -> Attempt {
    Attempt { code: Code::Refused, reason: "the platform refused it".into(), next_ms: None }
}

async fn ordered(Bench { store, .. }: Bench) {
    put(&*store, "a", &["a1", "a2", "a3"]).await;
    put(&*store, "b", &["b1"]).await;
    let rows: Vec<OutboxRow> = store.begin_send(make::account(), 10, PIPELINED).await.unwrap();
    let of = |chat: &str| -> Vec<(u64, String)> {
        let chat = make::chat(chat);
        let rows = rows.iter().filter(|row| row.outbound.target.chat == chat);
        rows.map(|row| (row.seq, row.outbound.text.clone())).collect()
    };
    assert_eq!(of("a"), [(1, "a1".into()), (2, "a2".into()), (3, "a3".into())]);
    assert_eq!(of("b"), [(1, "b1".into())]);
    assert!(rows.iter().all(|row| row.attempts == 0 && !row.resent && row.created_ms == START_MS));
    assert!(texts(&*store, 10, PIPELINED).await.is_empty());

    put(&*store, "a", &["a4", "a5"]).await;
    assert_eq!(texts(&*store, 1, PIPELINED).await, ["a4"]);
    assert_eq!(texts(&*store, 1, PIPELINED).await, ["a5"]);
    assert_eq!(store.health().outbox_open, 6);
}

async fn idempotent(Bench { store, .. }: Bench) {
    let mut one = make::outbox("a", "one");
    one.idempotency_key = Some("key 🔑".into());
    let mut two = make::outbox("a", "two");
    two.idempotency_key = one.idempotency_key.clone();
    store.enqueue(one.clone()).await.unwrap();
    let again = store.enqueue(two).await.unwrap();
    assert_eq!((again.id, again.new), (one.id, false));
    one.idempotency_key = None;
    assert!(!store.enqueue(one).await.unwrap().new, "the same row is made once, too");
    assert_eq!(texts(&*store, 10, PIPELINED).await, ["one"]);
}

async fn together(bench: Bench) {
    let store = &*bench.store;
    let keyed = |key: &str, text: &str| NewOutbox { idempotency_key: Some(key.into()), ..make::outbox("a", text) };
    assert_eq!(store.enqueue_all(Vec::new()).await.unwrap(), []);
    let rows = vec![keyed("k1", "one"), keyed("k2", "two")];
    let queued: Vec<_> = rows.iter().map(|row| Queued { id: row.id, new: true }).collect();
    assert_eq!(store.enqueue_all(rows).await.unwrap(), queued);
    // The request was made before, whatever it says this time.
    let again = vec![keyed("k1", "uno"), keyed("k2", "due"), keyed("k3", "tre")];
    let known: Vec<_> = queued.iter().map(|row| Queued { id: row.id, new: false }).collect();
    assert_eq!(store.enqueue_all(again).await.unwrap(), known);
    assert_eq!(texts(store, 10, PIPELINED).await, ["one", "two"]);
}

async fn about(bench: Bench) {
    let store = &*bench.store;
    let edit = |message| {
        let new = make::outbox("a", "better");
        NewOutbox { outbound: Outbound { act: Act::Edit { message }, ..new.outbound }, ..new }
    };
    let said = put(store, "a", &["said", "lost"]).await;
    let (there, lost, by_id) = (MessageRef::Row(said[0]), MessageRef::Row(said[1]), MessageRef::Platform("p-9".into()));
    store.enqueue_all(vec![edit(there.clone()), edit(lost.clone()), edit(by_id.clone())]).await.unwrap();
    let note = async |id| store.outbox_note(id).await.unwrap();
    let waits = note(said[0]).await.unwrap();
    assert_eq!((waits.state, waits.platform_id, waits.dead), (OutboxState::Queued, None, None));
    assert_eq!((waits.account, waits.chat), (make::account(), make::chat("a")));

    texts(store, 2, PIPELINED).await;
    store.confirm_send(vec![(said[0], make::receipt())]);
    store.fail_send(said[1], last()).await.unwrap();
    let rows = store.begin_send(make::account(), 10, PIPELINED).await.unwrap();
    let messages: Vec<_> = rows.iter().map(|row| row.outbound.act.message().cloned().unwrap()).collect();
    assert_eq!(messages, [MessageRef::Placed("p-1".into()), lost, by_id]);
    assert!(rows.iter().all(|row| row.outbound.text == "better"));
    let sent = note(said[0]).await.unwrap();
    assert_eq!((sent.state, sent.platform_id.as_deref()), (OutboxState::Sent, Some("p-1")));
    let dead = note(said[1]).await.unwrap();
    assert_eq!((dead.state, dead.dead.as_deref()), (OutboxState::Dead, Some("the platform refused it")));
    assert_eq!(note(OutboxId::new()).await, None);
}

async fn ended_keys(bench: Bench) {
    let store = &*bench.store;
    let keyed = |key: &str| NewOutbox { idempotency_key: Some(key.into()), ..make::outbox(key, "once") };
    let rows = ["sent", "dead", "discarded"].map(keyed);
    for row in &rows {
        assert!(store.enqueue(row.clone()).await.unwrap().new);
    }
    store.begin_send(make::account(), 10, PIPELINED).await.unwrap();
    store.confirm_send(vec![(rows[0].id, make::receipt())]);
    store.fail_send(rows[1].id, last()).await.unwrap();
    store.fail_send(rows[2].id, last()).await.unwrap();
    store.discard_dead_letter(rows[2].id.as_uuid()).await.unwrap();
    bench.pass(1_000);
    for row in &rows {
        let key = row.idempotency_key.as_deref().unwrap();
        assert_eq!(store.enqueue(keyed(key)).await.unwrap(), Queued { id: row.id, new: false }, "{key}");
    }
    store.retry_dead_letter(rows[1].id.as_uuid()).await.unwrap();
    assert_eq!(store.enqueue(keyed("dead")).await.unwrap(), Queued { id: rows[1].id, new: false });
    assert_eq!(texts(store, 10, PIPELINED).await.len(), 1);
}

async fn one_per_chat(Bench { store, .. }: Bench) {
    let order = SendOrder::OnePerChat;
    let a = put(&*store, "a", &["a1", "a2"]).await;
    put(&*store, "b", &["b1"]).await;
    assert_eq!(texts(&*store, 10, order).await, ["a1", "b1"]);
    assert!(texts(&*store, 10, order).await.is_empty());
    assert_eq!(store.next_due(make::account()).await.unwrap(), None, "what waits for a confirmation is not due");
    put(&*store, "b", &["b2"]).await;
    assert!(texts(&*store, 10, order).await.is_empty());
    store.confirm_send(vec![(a[0], make::receipt())]);
    assert_eq!(texts(&*store, 10, order).await, ["a2"]);
    store.fail_send(a[1], later(50)).await.unwrap();
    put(&*store, "a", &["a3"]).await;
    assert!(texts(&*store, 10, order).await.is_empty());
}

async fn backs_off(bench: Bench) {
    let store = &*bench.store;
    let a = put(store, "a", &["a1", "a2", "a3"]).await;
    put(store, "b", &["b1"]).await;
    assert_eq!(texts(store, 2, PIPELINED).await, ["a1", "a2"]);
    store.fail_send(a[0], later(100)).await.unwrap();
    assert_eq!(texts(store, 10, PIPELINED).await, ["b1"], "a3 stays behind a1");
    bench.pass(99);
    assert!(texts(store, 10, PIPELINED).await.is_empty());
    bench.pass(1);
    let rows = store.begin_send(make::account(), 10, PIPELINED).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.seq, row.attempts)).collect::<Vec<_>>(), [(1, 1), (3, 0)]);

    // Failed out of order: the later row first, its own time later still.
    store.fail_send(a[1], later(500)).await.unwrap();
    store.fail_send(a[0], later(300)).await.unwrap();
    bench.pass(200);
    assert_eq!(texts(store, 10, PIPELINED).await, ["a1"]);
    bench.pass(200);
    assert_eq!(texts(store, 10, PIPELINED).await, ["a2"]);
}

async fn next_due(bench: Bench) {
    let store = &*bench.store;
    assert_eq!(store.next_due(make::account()).await.unwrap(), None);
    let a = put(store, "a", &["a1"]).await;
    assert_eq!(store.next_due(make::account()).await.unwrap(), Some(START_MS));
    texts(store, 1, PIPELINED).await;
    assert_eq!(store.next_due(make::account()).await.unwrap(), None);
    store.fail_send(a[0], later(70)).await.unwrap();
    assert_eq!(store.next_due(make::account()).await.unwrap(), Some(START_MS + 70));
    let b = put(store, "b", &["b1"]).await;
    texts(store, 1, PIPELINED).await;
    store.fail_send(b[0], later(60)).await.unwrap();
    assert_eq!(store.next_due(make::account()).await.unwrap(), Some(START_MS + 60));
}

async fn gives_up(Bench { store, .. }: Bench) {
    let a = put(&*store, "a", &["a1", "a2"]).await;
    assert!(matches!(store.fail_send(a[0], last()).await, Err(StoreError::Missing { .. })), "it was not begun");
    texts(&*store, 1, PIPELINED).await;
    store.fail_send(a[0], last()).await.unwrap();
    assert_eq!(store.outbox_state(a[0]).await.unwrap(), Some(OutboxState::Dead));
    assert_eq!(store.health().outbox_open, 1);
    let letter = store.dead_letters(None, 5).await.unwrap().items.remove(0);
    assert_eq!((letter.id, letter.attempts, letter.code), (a[0].as_uuid(), 1, Code::Refused));
    assert_eq!(texts(&*store, 10, PIPELINED).await, ["a2"], "its chat goes on");
}

async fn reopens(Bench { store, .. }: Bench) {
    let a = put(&*store, "a", &["a1", "a2", "a3"]).await;
    texts(&*store, 3, PIPELINED).await;
    store.confirm_send(vec![(a[1], make::receipt())]);
    assert_eq!(store.reopen_outbox(make::account(), CrashCount::Uncounted).await.unwrap(), 2);
    let rows = store.begin_send(make::account(), 10, PIPELINED).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.seq, row.resent, row.attempts)).collect::<Vec<_>>(), [(1, true, 0), (3, true, 0)]);
    assert_eq!(store.outbox_state(a[0]).await.unwrap(), Some(OutboxState::Queued));
    assert_eq!(store.outbox_state(a[1]).await.unwrap(), Some(OutboxState::Sent));
    assert_eq!(store.outbox_state(OutboxId::new()).await.unwrap(), None);
}

async fn late(bench: Bench) {
    let store = &*bench.store;
    let a = put(store, "a", &["a1", "a2"]).await;
    texts(store, 1, PIPELINED).await;
    store.fail_send(a[0], later(900)).await.unwrap();
    store.confirm_send(vec![(a[0], make::receipt()), (a[0], make::receipt())]);
    assert_eq!(texts(store, 10, PIPELINED).await, ["a2"], "nothing stands before it any more");
    assert_eq!(store.health().outbox_open, 1);
}

async fn poison(Bench { store, .. }: Bench) {
    put(&*store, "a", &["a1", "a2"]).await;
    let counted = CrashCount::Counted { max: 2 };
    for _ in 0..2 {
        texts(&*store, 1, PIPELINED).await;
        assert_eq!(store.reopen_outbox(make::account(), counted).await.unwrap(), 1);
    }
    assert_eq!(store.dead_letters(None, 5).await.unwrap().items[0].code, Code::Poison);
    assert_eq!(texts(&*store, 10, PIPELINED).await, ["a2"]);
    assert_eq!(store.health().outbox_open, 1);
}

async fn accounts(Bench { store, .. }: Bench) {
    let other = AccountKey::new("mochat", "default");
    store.enqueue(make::outbox("a", "mine")).await.unwrap();
    store.enqueue(make::outbox_of(&other, "a", "theirs")).await.unwrap();
    let theirs = store.begin_send(other.clone(), 10, PIPELINED).await.unwrap();
    assert_eq!(theirs.iter().map(|row| (row.seq, row.outbound.text.as_str())).collect::<Vec<_>>(), [(1, "theirs")]);
    assert_eq!(store.reopen_outbox(make::account(), CrashCount::Uncounted).await.unwrap(), 0);
    assert_eq!(texts(&*store, 10, PIPELINED).await, ["mine"]);
}

async fn no_room(Bench { store, .. }: Bench) {
    let rows = |count: usize| -> Vec<_> { (0..count).map(|_| make::outbox("a", "part")).collect() };
    let refused = |rows| StoreError::Full { table: "outbox", rows, setting: "outboxRowsMax" };
    assert_eq!(store.enqueue_all(rows(4)).await, Err(refused(0)));
    assert_eq!(store.enqueue_all(rows(2)).await.unwrap().len(), 2);
    assert_eq!(store.enqueue_all(rows(2)).await, Err(refused(2)), "there is room for one of them, which is not enough");
    assert_eq!(store.health().outbox_open, 2);
    assert_eq!(store.enqueue_all(rows(1)).await.unwrap().len(), 1);
}

async fn full(Bench { store, .. }: Bench) {
    let accepted = store.accept(vec![make::accept("a", "1")]).await.unwrap();
    store.begin_turn(make::session("a"), 1).await.unwrap();
    let a = put(&*store, "a", &["a1"]).await;
    let refused = StoreError::Full { table: "outbox", rows: 1, setting: "outboxRowsMax" };
    assert_eq!(store.enqueue(make::outbox("a", "a2")).await, Err(refused.clone()));
    let done = [make::new(accepted[0]).0];
    let turn = make::turn("a", &done, vec![make::outbox("a", "answer")]);
    assert_eq!(store.finish_turn(turn.clone(), 0).await, Err(refused));
    texts(&*store, 1, PIPELINED).await;
    store.confirm_send(vec![(a[0], make::receipt())]);
    store.finish_turn(turn, 0).await.unwrap();
    assert_eq!(texts(&*store, 10, PIPELINED).await, ["answer"]);
}

async fn owes(Bench { store, .. }: Bench) {
    let (target, other) = (make::outbox("a", "a1").outbound.target, AccountKey::new("other", "default"));
    let owed = async |account: &AccountKey| store.owes(account.clone(), target.chat.clone()).await.unwrap();
    assert!(!owed(&target.account).await, "a chat that nobody knows");
    put(&*store, "b", &["b1"]).await;
    assert!(!owed(&target.account).await, "another chat is");
    let ids = put(&*store, "a", &["a1"]).await;
    assert!(owed(&target.account).await && !owed(&other).await);
    texts(&*store, 10, PIPELINED).await;
    assert!(owed(&target.account).await, "it is on its way");
    store.fail_send(ids[0], last()).await.unwrap();
    assert!(!owed(&target.account).await, "nobody sends it any more");
    let ids = put(&*store, "a", &["a2"]).await;
    texts(&*store, 10, PIPELINED).await;
    store.confirm_send(vec![(ids[0], make::receipt())]);
    store.flush().await.unwrap();
    assert!(!owed(&target.account).await, "it has it");
    let ids = put(&*store, "a", &["a3"]).await;
    texts(&*store, 10, PIPELINED).await;
    store.fail_send(ids[0], later(1000)).await.unwrap();
    assert!(owed(&target.account).await, "it waits for its next try");
}

async fn sent_as(Bench { store, .. }: Bench) {
    let ids = put(&*store, "a", &["a1", "a2"]).await;
    let known = async || store.sent_as(make::account(), "p-1".into()).await.unwrap();
    texts(&*store, 10, PIPELINED).await;
    assert_eq!(known().await, None);
    store.confirm_send(vec![(ids[1], make::receipt())]);
    store.flush().await.unwrap();
    assert_eq!(known().await, Some(ids[1]));
    assert_eq!(store.sent_as(make::account(), "p-2".into()).await.unwrap(), None);
    assert_eq!(store.sent_as(AccountKey::new("other", "default"), "p-1".into()).await.unwrap(), None);
}
