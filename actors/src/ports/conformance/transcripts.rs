//! Promises about what was said.

use super::{Bench, Case, START_MS, case, make};
use crate::message::{Entry, Role, RunId, Usage};
use crate::ports::{Compacted, HISTORY_BYTES_MAX, LINES_TAKEN_MAX, Store};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("remembers a transcript in order and hands out its end", |bench| Box::pin(history(bench))),
        case("hands out no more of a transcript at a time than fits", |bench| Box::pin(history_in_bytes(bench))),
        case("hands a transcript out from its beginning, by pages", |bench| Box::pin(pages(bench))),
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
