//! Promises about the steps of turns that are under way.

use serde_json::json;

use super::{Bench, Case, case, make};
use crate::message::{Backlog, BegunRound, Code, Entry, InboxId, Role, RunId, Steered, ToolCall, ToolResult};
use crate::ports::{CrashCount, Drafted, InboxRow, SendOrder, Store, StoreError};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("hands the steps of a row out with it until it is answered", |bench| Box::pin(go_on(bench))),
        case("believes the first word on a call", |bench| Box::pin(first_word(bench))),
        case("takes the same round again and no other", |bench| Box::pin(same_again(bench))),
        case("takes steps of rows in hand only", |bench| Box::pin(in_hand(bench))),
        case("keeps who shares a turn and what was said in it", |bench| Box::pin(shared(bench))),
        case("keeps the steps of a dead letter for its retry", |bench| Box::pin(dead(bench))),
        case("sends a part of an answer once and hands it out with its row", |bench| Box::pin(parts(bench))),
        case("knows of a draft until its row is answered", |bench| Box::pin(drafts(bench))),
        case("takes parts of an answer in their order and while its row is in hand", |bench| Box::pin(parts_in_order(bench))),
    ]
}

fn round(text: &str, names: &[&str]) -> BegunRound {
    let call = |name: &&str| ToolCall { id: format!("{name}-☕"), name: (*name).into(), args: json!({ "a": [1, "\u{0}"] }) };
    BegunRound::new(text.into(), names.iter().map(call).collect())
}

async fn row(store: &dyn Store, platform_id: &str) -> InboxId {
    store.accept(vec![make::accept("a", platform_id)]).await.unwrap();
    take(store).await.id
}

async fn take(store: &dyn Store) -> InboxRow {
    store.begin_turn(make::session("a"), 1).await.unwrap().remove(0)
}

async fn again(store: &dyn Store) -> Vec<BegunRound> {
    store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap();
    take(store).await.steps
}

async fn go_on(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    assert!(again(&*store).await.is_empty());
    let (mut first, second) = (round("let me see", &["x", "y"]), round("", &["z"]));
    store.begin_round(id, 0, first.clone()).await.unwrap();
    assert_eq!(again(&*store).await, [first.clone()]);
    store.finish_call(id, 0, 1, ToolResult::Failed("no".into())).await.unwrap();
    store.finish_call(id, 0, 0, ToolResult::Done("é".into())).await.unwrap();
    store.begin_round(id, 1, second.clone()).await.unwrap();
    first.finish(0, ToolResult::Done("é".into()));
    first.finish(1, ToolResult::Failed("no".into()));
    assert_eq!(again(&*store).await, [first, second]);

    store.accept(vec![make::accept("a", "2")]).await.unwrap();
    let next = store.finish_turn(make::turn("a", &[id], vec![]), 1).await.unwrap();
    assert!(next[0].steps.is_empty(), "the steps are another row's");
    let late = store.finish_call(id, 1, 0, ToolResult::Done("late".into())).await;
    assert!(matches!(late, Err(StoreError::Missing { .. })), "the steps went with the end: {late:?}");
}

async fn first_word(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    store.begin_round(id, 0, round("", &["x"])).await.unwrap();
    for word in ["first", "second"] {
        store.finish_call(id, 0, 0, ToolResult::Done(word.into())).await.unwrap();
    }
    assert_eq!(again(&*store).await[0].calls[0].1, Some(ToolResult::Done("first".into())));
}

async fn same_again(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    store.begin_round(id, 0, round("a", &["x"])).await.unwrap();
    store.finish_call(id, 0, 0, ToolResult::Done("done".into())).await.unwrap();
    store.begin_round(id, 0, round("a", &["x"])).await.unwrap();
    for other in [round("b", &["x"]), round("a", &["y"]), round("a", &["x", "y"])] {
        assert!(matches!(store.begin_round(id, 0, other).await, Err(StoreError::Conflict { .. })));
    }
    let steps = again(&*store).await;
    assert_eq!((steps.len(), steps[0].text.as_str()), (1, "a"));
    assert_eq!(steps[0].calls[0].1, Some(ToolResult::Done("done".into())));
}

async fn shared(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    let first = BegunRound { with: vec![InboxId::new(), InboxId::new()], ..round("a", &["x"]) };
    let line =
        Entry { role: Role::User, text: "wait ☕".into(), media: Vec::new(), run: RunId::new(), at_ms: 7, rounds: Vec::new() };
    let said = [Backlog::Answered, Backlog::Kept].map(|backlog| Steered { id: InboxId::new(), line: line.clone(), backlog });
    let second = BegunRound { said: said.to_vec(), ..round("b", &["y"]) };
    store.begin_round(id, 0, first.clone()).await.unwrap();
    store.begin_round(id, 1, second.clone()).await.unwrap();
    for (number, same) in [(0, &first), (1, &second)] {
        store.begin_round(id, number, same.clone()).await.unwrap();
        let alone = BegunRound { with: Vec::new(), said: Vec::new(), ..same.clone() };
        assert!(matches!(store.begin_round(id, number, alone).await, Err(StoreError::Conflict { .. })), "round {number}");
    }
    assert_eq!(again(&*store).await, [first, second]);
}

async fn in_hand(Bench { store, .. }: Bench) {
    let missing = |answer| matches!(answer, Err(StoreError::Missing { .. }));
    let id = row(&*store, "1").await;
    for call in [0, 1] {
        assert!(missing(store.finish_call(id, 0, call, ToolResult::Done("x".into())).await));
    }
    store.begin_round(id, 0, round("", &["x"])).await.unwrap();
    assert!(missing(store.finish_call(id, 0, 1, ToolResult::Done("x".into())).await), "there is one call");
    store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap();
    assert!(missing(store.begin_round(id, 1, round("", &["x"])).await), "it waits");
    assert!(missing(store.begin_round(InboxId::new(), 0, round("", &["x"])).await), "there is no such row");
}

async fn dead(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    store.begin_round(id, 0, round("", &["x"])).await.unwrap();
    store.bury_inbox(id, Code::Poison, "it crashes".into()).await.unwrap();
    let letter = store.dead_letters(None, 1).await.unwrap().items.remove(0);
    store.retry_dead_letter(letter.id).await.unwrap();
    assert_eq!(take(&*store).await.steps, [round("", &["x"])]);

    store.bury_inbox(id, Code::Poison, "it crashes".into()).await.unwrap();
    let letter = store.dead_letters(None, 1).await.unwrap().items.remove(0);
    store.discard_dead_letter(letter.id).await.unwrap();
    let late = store.finish_call(id, 0, 0, ToolResult::Done("late".into())).await;
    assert!(matches!(late, Err(StoreError::Missing { .. })), "they went with the letter: {late:?}");
}

/// Returns the texts that wait in the outbox.
async fn outbox(store: &dyn Store) -> Vec<String> {
    let rows = store.begin_send(make::account(), 100, SendOrder::Pipelined).await.unwrap();
    store.reopen_outbox(make::account(), CrashCount::Uncounted).await.unwrap();
    rows.into_iter().map(|row| row.outbound.text).collect()
}

async fn parts(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    store.begin_round(id, 0, round("a", &["x"])).await.unwrap();
    let words = vec!["One.\n\n".to_owned(), "Zwö☕.\n".to_owned()];
    for (number, words) in [(0, "One.\n\n"), (1, "Zwö☕.\n"), (0, "One.\n\n"), (1, "Zwö☕.\n")] {
        store.say(id, number, words.into(), vec![make::outbox("a", words.trim())]).await.unwrap();
    }
    assert_eq!(outbox(&*store).await, ["One.", "Zwö☕."], "the same again sends nothing");
    store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap();
    let again = take(&*store).await;
    assert_eq!((again.said, again.steps), (words.clone(), vec![round("a", &["x"])]));

    store.bury_inbox(id, Code::Poison, "it crashes".into()).await.unwrap();
    let letter = store.dead_letters(None, 1).await.unwrap().items.remove(0);
    store.retry_dead_letter(letter.id).await.unwrap();
    assert_eq!(take(&*store).await.said, words);
    store.accept(vec![make::accept("a", "2")]).await.unwrap();
    let next = store.finish_turn(make::turn("a", &[id], vec![make::outbox("a", "End.")]), 1).await.unwrap();
    assert!(next[0].said.is_empty(), "the words are another row's");
    assert_eq!(outbox(&*store).await, ["One.", "Zwö☕.", "End."]);
}

async fn drafts(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    store.begin_round(id, 0, round("a", &["x"])).await.unwrap();
    for _ in 0..2 {
        store.note_draft(id).await.unwrap();
    }
    store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap();
    assert!(matches!(store.note_draft(id).await, Err(StoreError::Missing { .. })), "it waits");
    let again = take(&*store).await;
    assert_eq!((again.drafted, again.steps, again.said), (Drafted::Perhaps, vec![round("a", &["x"])], vec![]));
    store.accept(vec![make::accept("a", "2")]).await.unwrap();
    let next = store.finish_turn(make::turn("a", &[id], vec![]), 1).await.unwrap();
    assert_eq!(next[0].drafted, Drafted::No, "it was another row's");
    assert!(matches!(store.note_draft(id).await, Err(StoreError::Missing { .. })), "it is answered");
}

async fn parts_in_order(Bench { store, .. }: Bench) {
    let id = row(&*store, "1").await;
    let say = |number, words: &str| store.say(id, number, words.into(), vec![make::outbox("a", words)]);
    assert!(matches!(say(1, "b").await, Err(StoreError::Conflict { .. })), "the first is missing");
    say(0, "a").await.unwrap();
    assert!(matches!(say(0, "b").await, Err(StoreError::Conflict { .. })));
    store.reopen_inbox(make::session("a"), CrashCount::Uncounted).await.unwrap();
    assert!(matches!(say(1, "b").await, Err(StoreError::Missing { .. })), "it waits");
    assert_eq!(outbox(&*store).await, ["a"], "what was refused sent nothing");
}
