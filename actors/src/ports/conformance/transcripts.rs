//! Promises about what was said.

use super::{Bench, Case, START_MS, case, make};
use crate::message::{Entry, Role, RunId, Usage};
use crate::ports::{Compacted, Context, HISTORY_BYTES_MAX, LINES_TAKEN_MAX, Store, StoreError, Summary};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("remembers a transcript in order and hands out its end", |bench| Box::pin(history(bench))),
        case("hands out no more of a transcript at a time than fits", |bench| Box::pin(history_in_bytes(bench))),
        case("hands a transcript out from its beginning, by pages", |bench| Box::pin(pages(bench))),
        case("tells a summary instead of the lines before", |bench| Box::pin(sums_up(bench))),
        case("keeps no summary of another transcript", |bench| Box::pin(sums_up_nothing_else(bench))),
        case("keeps the end of a compacted transcript", |bench| Box::pin(compacts(bench))),
        case("hands out the end of what goes when that is very long", |bench| Box::pin(takes_the_end(bench))),
    ]
}

fn lines(run: &RunId, from: usize, to: usize) -> Vec<Entry> {
    (from..=to).map(|n| make::entry(run.clone(), Role::User, &format!("line {n} ☕"))).collect()
}

async fn write(store: &dyn Store, chat: &str, entries: Vec<Entry>) {
    store.append_transcript(make::session(chat), entries, Usage::default());
    store.flush().await.unwrap();
}

async fn history(Bench { store, .. }: Bench) {
    let run = RunId::new();
    store.append_transcript(make::session("a"), lines(&run, 1, 3), Usage::default());
    store.append_transcript(make::session("b"), lines(&run, 7, 7), Usage::default());
    store.append_transcript(make::session("a"), lines(&run, 4, 5), Usage::default());
    store.flush().await.unwrap();
    let end = store.history(make::session("a"), 3).await.unwrap();
    assert_eq!(end, lines(&run, 3, 5));
    assert_eq!(store.history(make::session("a"), 100).await.unwrap().len(), 5);
    assert!(store.history(make::session("nobody"), 3).await.unwrap().is_empty());
}

async fn history_in_bytes(Bench { store, .. }: Bench) {
    let line = |bytes: usize| make::entry(RunId::new(), Role::Assistant, &"x".repeat(bytes));
    write(&*store, "a", (0..10).map(|_| line(HISTORY_BYTES_MAX / 4)).collect()).await;
    let found = store.history(make::session("a"), 100).await.unwrap().len();
    assert!((3..=4).contains(&found), "{found}");
    assert_eq!(store.history(make::session("a"), 2).await.unwrap().len(), 2);
    let newest = line(HISTORY_BYTES_MAX + 1);
    write(&*store, "a", vec![newest.clone()]).await;
    assert_eq!(store.history(make::session("a"), 100).await.unwrap(), [newest], "one is given whatever its size");
}

async fn pages(Bench { store, .. }: Bench) {
    let run = RunId::new();
    write(&*store, "a", lines(&run, 1, 5)).await;
    write(&*store, "b", lines(&run, 9, 9)).await;
    let page = |behind, limit| store.transcript(make::session("a"), behind, limit);
    let first = page(0, 2).await.unwrap();
    let numbers: Vec<u64> = first.iter().map(|(line, _)| *line).collect();
    assert!(numbers[0] < numbers[1], "{numbers:?}");
    let rest = page(numbers[1], 9).await.unwrap();
    let all: Vec<_> = first.into_iter().chain(rest).map(|(_, entry)| entry).collect();
    assert_eq!(all, lines(&run, 1, 5));
    store.compact_session(make::session("a"), 2).await.unwrap();
    let left = page(numbers[1], 9).await.unwrap();
    assert_eq!(left.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>(), lines(&run, 4, 5), "numbers stay");
    write(&*store, "a", lines(&run, 6, 6)).await;
    let last = page(left[1].0, 9).await.unwrap();
    assert_eq!(last.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>(), lines(&run, 6, 6));
    assert!(page(u64::MAX, 9).await.unwrap().is_empty());
    assert!(store.transcript(make::session("nobody"), 0, 9).await.unwrap().is_empty());
}

fn summary(id: uuid::Uuid, from: u64, text: &str) -> Summary {
    Summary { id, from, line: make::entry(RunId::new(), Role::Summary, text) }
}

async fn told(store: &dyn Store, limit: usize) -> (Option<String>, Vec<(u64, String)>) {
    let context = store.context(make::session("a"), limit).await.unwrap();
    let lines = context.lines.into_iter().map(|(number, line)| (number, line.text)).collect();
    (context.summary.map(|line| line.text), lines)
}

fn numbered(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
    lines.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
}

async fn sums_up(Bench { store, .. }: Bench) {
    let store = &*store;
    assert_eq!(store.context(make::session("a"), 9).await.unwrap(), Context::default());
    let run = RunId::new();
    let said = |text: &str| make::entry(run.clone(), Role::User, text);
    write(store, "b", vec![said("other")]).await;
    write(store, "a", ["1", "2", "3", "4"].map(said).to_vec()).await;
    let id = store.session(make::session("a")).await.unwrap().unwrap().id;
    let first = store.context(make::session("a"), 9).await.unwrap();
    assert_eq!((first.id, first.summary.as_ref()), (Some(id), None));
    let numbers: Vec<u64> = first.lines.iter().map(|(number, _)| *number).collect();
    assert_eq!(store.transcript(make::session("a"), 0, 9).await.unwrap(), first.lines, "under the same numbers");
    // What was said meanwhile stands before the summary, and is told all the same.
    write(store, "a", vec![said("5")]).await;
    let row = store.summarise(make::session("a"), summary(id, numbers[2], "one")).await.unwrap();
    assert_eq!((row.entries, row.compactions), (6, 1));
    let kept = numbered(&[(numbers[2], "3"), (numbers[3], "4"), (numbers[3] + 1, "5")]);
    assert_eq!(told(store, 9).await, (Some("one".into()), kept.clone()));
    assert_eq!(told(store, 1).await, (Some("one".into()), kept[2..].to_vec()), "it is told whatever comes behind it");
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 6, "every line stays");
    write(store, "a", vec![said("6")]).await;
    store.summarise(make::session("a"), summary(id, numbers[3] + 2, "two")).await.unwrap();
    assert_eq!(told(store, 9).await, (Some("two".into()), numbered(&[(numbers[3] + 3, "6")])), "no older summary");
    store.summarise(make::session("a"), summary(id, numbers[3] + 5, "three")).await.unwrap();
    assert_eq!(told(store, 9).await, (Some("three".into()), vec![]));
    store.compact_session(make::session("a"), 1).await.unwrap();
    assert_eq!(told(store, 9).await, (Some("three".into()), vec![]));
    write(store, "a", vec![said("7")]).await;
    store.compact_session(make::session("a"), 1).await.unwrap();
    assert_eq!(told(store, 9).await, (None, numbered(&[(numbers[3] + 6, "7")])), "it goes with the lines before the cut");
}

async fn sums_up_nothing_else(Bench { store, .. }: Bench) {
    let (store, key) = (&*store, || make::session("a"));
    let conflict = |answer| matches!(answer, Err(StoreError::Conflict { .. }));
    assert!(conflict(store.summarise(key(), summary(uuid::Uuid::now_v7(), 1, "no")).await));
    write(store, "a", lines(&RunId::new(), 1, 3)).await;
    let id = store.session(key()).await.unwrap().unwrap().id;
    store.summarise(key(), summary(id, 3, "one")).await.unwrap();
    let (row, _) = store.reset_session(key()).await.unwrap();
    assert_eq!((row.compactions, told(store, 9).await), (0, (None, vec![])));
    write(store, "a", lines(&RunId::new(), 1, 1)).await;
    assert!(conflict(store.summarise(key(), summary(id, 3, "late")).await));
    assert_eq!(store.history(key(), 9).await.unwrap().len(), 1);
    let (summary, lines) = told(store, 9).await;
    assert_eq!((summary, lines.len()), (None, 1), "the new one is told from its first line on");
}

async fn compacts(bench: Bench) {
    let store = &*bench.store;
    let run = RunId::new();
    write(store, "a", lines(&run, 1, 5)).await;
    write(store, "b", lines(&run, 6, 7)).await;
    bench.pass(4);
    let short = store.compact_session(make::session("a"), 5).await.unwrap();
    assert_eq!(short, Compacted { dropped: vec![], kept: 5 });
    let compacted = store.compact_session(make::session("a"), 2).await.unwrap();
    assert_eq!(compacted, Compacted { dropped: lines(&run, 1, 3), kept: 2 });
    let row = store.session(make::session("a")).await.unwrap().unwrap();
    assert_eq!((row.entries, row.updated_ms), (2, START_MS + 4));
    write(store, "a", lines(&run, 8, 8)).await;
    let left = [lines(&run, 4, 5), lines(&run, 8, 8)].concat();
    assert_eq!(store.history(make::session("a"), 9).await.unwrap(), left);
    assert_eq!(store.history(make::session("b"), 9).await.unwrap(), lines(&run, 6, 7));
    let all = store.compact_session(make::session("a"), 0).await.unwrap();
    assert_eq!(all, Compacted { dropped: left, kept: 0 });
    assert!(store.history(make::session("a"), 9).await.unwrap().is_empty());
    let nobody = store.compact_session(make::session("nobody"), 1).await.unwrap();
    assert_eq!(nobody, Compacted { dropped: vec![], kept: 0 });
    assert_eq!(store.session(make::session("nobody")).await.unwrap(), None);
}

async fn takes_the_end(Bench { store, .. }: Bench) {
    let store = &*store;
    let run = RunId::new();
    write(store, "a", lines(&run, 1, LINES_TAKEN_MAX + 3)).await;
    let compacted = store.compact_session(make::session("a"), 1).await.unwrap();
    assert_eq!((compacted.dropped.len(), compacted.kept), (LINES_TAKEN_MAX, 1));
    assert_eq!(compacted.dropped.first(), lines(&run, 3, 3).first());
    assert_eq!(store.history(make::session("a"), 9).await.unwrap(), lines(&run, LINES_TAKEN_MAX + 3, LINES_TAKEN_MAX + 3));
}
