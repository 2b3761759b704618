//! A process that is killed, again and again.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{Accepted, SendOrder};

use super::*;

const PATH: &str = "CALLBOARD_TEST_STORE";
const FIRST: &str = "CALLBOARD_TEST_FIRST";
const KILLS: u64 = 12;

/// The process that is killed: takes messages, answers some, and prints each that it would acknowledge.
#[tokio::test]
#[ignore = "a part of another test"]
async fn child() {
    let (Ok(path), Ok(first)) = (std::env::var(PATH), std::env::var(FIRST)) else { return };
    let options = Options { crashes_max: u32::MAX, ..Options::default() };
    let store = open(Path::new(&path), &options);
    let first: u64 = first.parse().unwrap();
    for at in (first..).step_by(16) {
        let puts: Vec<_> = (at..at + 16).map(|n| store.accept(vec![make::accept("a", &n.to_string())])).collect();
        for (put, n) in puts.into_iter().zip(at..) {
            put.await.unwrap();
            println!("\nACK {n}");
        }
        let rows = store.begin_turn(make::session("a"), 4).await.unwrap();
        let done: Vec<_> = rows.iter().map(|row| row.id).collect();
        store.finish_turn(make::turn("a", &done, vec![make::outbox("a", "answer")]), 2).await.unwrap();
        let sent = store.begin_send(make::account(), 2, SendOrder::Pipelined).await.unwrap();
        store.confirm_send(sent.into_iter().take(1).map(|row| (row.id, make::receipt())).collect());
    }
}

/// Runs the child until it has acknowledged some messages, kills it and returns the last one that it acknowledged.
fn run_and_kill(path: &Path, first: u64, acks: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::sqlite::tests::crash::child", "--ignored", "--nocapture"])
        .env(PATH, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acked = lines.filter_map(|line| line.strip_prefix("ACK ").and_then(|n| n.parse::<u64>().ok()));
    let at_kill = acked.by_ref().nth(usize::try_from(acks).unwrap()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it printed before it died counts as well.
    acked.last().unwrap_or(at_kill)
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let mut acked: Vec<u64> = Vec::new();
    for kill in 0..KILLS {
        let first = kill * 1_000_000;
        let last = run_and_kill(&path, first, 7 + kill * 37 % 90);
        acked.extend(first..=last);
        assert_eq!(look::<String>(&path, "PRAGMA integrity_check"), "ok");
    }
    let store = open(&path, &Options { crashes_max: u32::MAX, ..still() });
    for n in &acked {
        let again = store.accept(vec![make::accept("a", &n.to_string())]).await.unwrap();
        assert_eq!(again, [Accepted::Duplicate], "message {n} was acknowledged and is gone");
    }
    let open: i64 = look(&path, "SELECT count(*) FROM inbox WHERE state IN (0, 1)");
    assert_eq!(store.health().inbox_open, open.unsigned_abs());
    assert_eq!(look::<i64>(&path, "SELECT count(*) - count(DISTINCT seq) FROM inbox"), 0, "numbers are given once");
    assert_eq!(look::<i64>(&path, "SELECT count(*) - count(DISTINCT seq) FROM outbox"), 0);
}
