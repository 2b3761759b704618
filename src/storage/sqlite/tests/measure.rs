//! Rough figures, printed; run by name.

use std::future::Future;
use std::time::Duration;

use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{InboxRow, SendOrder};
use futures_util::StreamExt as _;

use super::*;

const ROWS: usize = 20_000;
const CHATS: usize = 50;

/// Returns how long the writer's thread has been on a processor.
fn writer_cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let of = |task: std::path::PathBuf| {
        let name = std::fs::read_to_string(task.join("comm")).ok()?;
        let stat = std::fs::read_to_string(task.join("schedstat")).ok()?;
        let ran: u64 = stat.split(' ').next()?.parse().ok()?;
        (name.trim() == "store-writer").then_some(ran)
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}

async fn timed<F: Future>(what: &str, count: usize, work: F) -> F::Output {
    let (clock, cpu) = (Clock::system(), writer_cpu());
    let done = work.await;
    let micros = |took: Duration| took.as_secs_f64() * 1e6 / count as f64;
    let (each, writer) = (micros(clock.elapsed()), micros(writer_cpu() - cpu));
    println!("{what:<42} {each:>7.1} µs each, {writer:>6.1} µs of the writer {:>9.0}/s", 1e6 / each);
    done
}

#[tokio::test]
#[ignore = "it measures"]
async fn what_outcomes_cost() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = open(&folder.path().join("s.db"), &Options::default());
    let chat = |n: usize| format!("chat-{}", n % CHATS);
    timed("accept, one alone, flush included", 200, async {
        for n in 0..200 {
            store.accept(vec![make::accept("alone", &format!("alone-{n}"))]).await.unwrap();
        }
    })
    .await;
    timed("accept, 256 at a time", ROWS, async {
        let puts = (0..ROWS).map(|n| store.accept(vec![make::accept(&chat(n), &format!("message-{n:08}"))]));
        futures_util::stream::iter(puts).buffer_unordered(256).for_each(|put| async move { drop(put.unwrap()) }).await;
    })
    .await;
    let sessions = (0..CHATS).map(|n| make::session(&chat(n)));
    let mut rows: Vec<(usize, Vec<InboxRow>)> = Vec::new();
    for (n, session) in sessions.enumerate() {
        rows.push((n, store.begin_turn(session, 1).await.unwrap()));
    }
    timed("finish_turn + next begin_turn, 50 sessions", ROWS, async {
        while !rows.is_empty() {
            let turns = rows.drain(..).map(|(n, rows)| {
                let done: Vec<_> = rows.iter().map(|row| row.id).collect();
                let turn = make::turn(&chat(n), &done, vec![make::outbox(&chat(n), "an answer of some words")]);
                let next = store.finish_turn(turn, 1);
                async move { (n, next.await.unwrap()) }
            });
            let turns: Vec<_> = turns.collect();
            rows = futures_util::future::join_all(turns).await;
            rows.retain(|(_, rows)| !rows.is_empty());
        }
    })
    .await;
    let mut sent = Vec::new();
    timed("begin_send, 200 at a time", ROWS, async {
        loop {
            let rows = store.begin_send(make::account(), 200, SendOrder::Pipelined).await.unwrap();
            if rows.is_empty() {
                break;
            }
            sent.push(rows.into_iter().map(|row| (row.id, make::receipt())).collect::<Vec<_>>());
        }
    })
    .await;
    timed("confirm_send, 200 at a time", ROWS, async {
        sent.into_iter().for_each(|confirmed| store.confirm_send(confirmed));
        store.flush().await.unwrap();
    })
    .await;
    assert_eq!((store.health().inbox_open, store.health().outbox_open), (200, 0));
}

/// Messages that flow: 200 on their way at a time, over 50 chats.
#[tokio::test]
#[ignore = "it measures"]
async fn what_a_message_costs() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = open(&folder.path().join("s.db"), &Options::default());
    let chat = |n: usize| format!("chat-{}", n % CHATS);
    timed("accept, begin, finish, send, confirm", ROWS, async {
        for round in 0..ROWS / 200 {
            let puts = (0..200).map(|n| store.accept(vec![make::accept(&chat(n), &format!("m-{round}-{n}"))]));
            futures_util::future::join_all(puts.collect::<Vec<_>>()).await;
            let mut turns: Vec<_> = (0..CHATS).map(|n| (n, store.begin_turn(make::session(&chat(n)), 1))).collect();
            while !turns.is_empty() {
                let begun: Vec<_> = turns.drain(..).map(|(n, rows)| async move { (n, rows.await.unwrap()) }).collect();
                for (n, rows) in futures_util::future::join_all(begun).await {
                    let Some(row) = rows.first() else { continue };
                    let outbox = vec![make::outbox(&chat(n), "an answer of some words")];
                    turns.push((n, store.finish_turn(make::turn(&chat(n), &[row.id], outbox), 1)));
                }
            }
            let sent = store.begin_send(make::account(), 200, SendOrder::Pipelined).await.unwrap();
            assert_eq!(sent.len(), 200);
            store.confirm_send(sent.into_iter().map(|row| (row.id, make::receipt())).collect());
        }
        store.flush().await.unwrap();
    })
    .await;
}
