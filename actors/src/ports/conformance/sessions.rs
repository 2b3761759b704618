//! Promises about what sessions remember.

use super::{Bench, Case, case, make};
use crate::message::{Role, RunId};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("remembers a transcript in order and hands out its end", |bench| Box::pin(history(bench))),
        case("lists sessions, newest first", |bench| Box::pin(list(bench))),
    ]
}

async fn history(Bench { store, .. }: Bench) {
    let run = RunId::new();
    let lines = |from: u32, to: u32| (from..=to).map(|n| make::entry(run, Role::User, &format!("line {n} ☕"))).collect();
    store.append_transcript(make::session("a"), lines(1, 3));
    store.append_transcript(make::session("b"), lines(7, 7));
    store.append_transcript(make::session("a"), lines(4, 5));
    store.flush().await.unwrap();
    let end = store.history(make::session("a"), 3).await.unwrap();
    assert_eq!(end, lines(3, 5));
    assert_eq!(store.history(make::session("a"), 100).await.unwrap().len(), 5);
    assert!(store.history(make::session("nobody"), 3).await.unwrap().is_empty());
}

async fn list(bench: Bench) {
    let store = &*bench.store;
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    bench.pass(10);
    store.append_transcript(make::session("b"), vec![make::entry(RunId::new(), Role::User, "hello")]);
    store.flush().await.unwrap();
    bench.pass(10);
    let row = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    store.finish_turn(make::turn("a", &[row.id], vec![]), 0).await.unwrap();
    let listed = store.sessions(5).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|row| (row.key.clone(), row.entries)).collect();
    assert_eq!(shown, [(make::session("a"), 2), (make::session("b"), 1)]);
    assert_eq!(listed[0].updated_ms, super::START_MS + 20);
    assert_eq!(store.sessions(1).await.unwrap().len(), 1);
}
