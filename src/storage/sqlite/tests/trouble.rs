//! A disk that takes no write.

use std::process::Command;

use callboard_actors::message::Code;
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{SendOrder, StoreError};

use super::super::tx::Fault;
use super::*;

fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_failing_flush_is_told_and_passes() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    let row = make::outbox("a", "one");
    store.enqueue(row.clone()).await.unwrap();
    store.begin_send(make::account(), 1, SendOrder::Pipelined).await.unwrap();

    options.faults.fail_commits();
    assert_unavailable(store.accept(vec![make::accept("a", "1")]).await);
    store.confirm_send(vec![(row.id, make::receipt())]);
    assert_unavailable(store.accept(vec![make::accept("a", "2")]).await);
    assert_unavailable(store.probe().await);
    let health = store.health();
    assert_eq!(health.trouble.map(|(code, _)| code), Some(Code::StoreUnavailable));
    assert_eq!((health.inbox_open, health.outbox_open), (0, 1), "nothing was written");

    options.faults.mend();
    assert!(store.begin_turn(make::session("a"), 1).await.unwrap().is_empty());
    store.probe().await.unwrap();
    assert_eq!(store.health().trouble, None);
    assert_eq!(store.health().outbox_open, 0, "the confirmation was kept and goes first");
    assert_eq!(make::new(store.accept(vec![make::accept("a", "1")]).await.unwrap()[0]).1, 1);
}

#[tokio::test]
async fn a_read_that_succeeds_says_nothing_about_the_disk() {
    let folder = folder();
    let options = still();
    let store = open(&folder.path().join("s.db"), &options);
    store.claim("x".into(), "me".into(), 0).await.unwrap();
    options.faults.fail_commits();
    assert_unavailable(store.set_cursor("c".into(), "1".into()).await);
    assert!(store.begin_turn(make::session("a"), 1).await.unwrap().is_empty());
    assert!(store.health().trouble.is_some());
}

/// Fills the store until it says that it is full; answers how many messages it took.
async fn fill(store: &SqliteStore) -> usize {
    for taken in 0..100_000 {
        let mut new = make::accept("a", &taken.to_string());
        new.inbound.text = "x".repeat(20_000);
        match store.accept(vec![new]).await {
            Ok(_) => {}
            Err(error) => {
                assert!(error.to_string().contains("full"), "{error}");
                return taken;
            }
        }
    }
    panic!("the disk has no end");
}

#[tokio::test]
async fn a_full_file_takes_nothing_and_loses_nothing() {
    let folder = folder();
    let path = folder.path().join("s.db");
    let taken;
    {
        let store = open(&path, &Options { pages_max: Some(200), ..still() });
        taken = fill(&store).await;
        assert!(taken > 5);
        assert!(store.health().trouble.is_some());
        assert_eq!(store.health().inbox_open, taken as u64);
    }
    let store = open(&path, &still());
    assert_eq!(store.begin_turn(make::session("a"), 100_000).await.unwrap().len(), taken);
}

/// A file system of two megabytes, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).output().ok()?;
        mounted.status.success().then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_takes_writes_again_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: this needs the right to mount a small file system");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 800_000]).unwrap();
    let store = open(&disk.0.path().join("s.db"), &still());
    let taken = fill(&store).await;
    assert!(store.health().trouble.is_some());
    assert_unavailable(store.probe().await);

    std::fs::remove_file(&ballast).unwrap();
    store.probe().await.unwrap();
    assert_eq!(store.health().trouble, None);
    store.accept(vec![make::accept("a", "after")]).await.unwrap();
    assert_eq!(store.begin_turn(make::session("a"), 1_000).await.unwrap().len(), taken + 1);
}

#[tokio::test]
async fn a_request_that_the_database_does_not_take_fails_alone() {
    let folder = folder();
    let store = open(&folder.path().join("s.db"), &still());
    // Something slow in front, so that the others share a commit.
    let slow = store.write(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(50));
        Ok(())
    });
    let before = store.accept(vec![make::accept("a", "1")]);
    let wrong = store.write(|tx| {
        tx.conn.execute("INSERT INTO cursors (name, value) VALUES ('x', 1), ('x', 2)", []).map_err(Fault::Sql)?;
        Ok(())
    });
    let after = store.accept(vec![make::accept("a", "2")]);
    slow.await.unwrap();
    assert_eq!(make::new(before.await.unwrap()[0]).1, 1);
    assert_unavailable(wrong.await);
    assert_eq!(make::new(after.await.unwrap()[0]).1, 2);
    assert_eq!(store.health().trouble, None, "the disk is well");
}
