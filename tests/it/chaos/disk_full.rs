//! A disk with no room left.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::harness::until;

const CHATS: usize = 10;
/// Room for the store's log at its usual length, and filled in no time.
const DISK: &str = "size=96m";

/// A small disk of its own; gone with its value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one over a folder; `None` for who may not.
    fn mount(over: &Path) -> Option<Self> {
        std::fs::create_dir_all(over).expect("a folder");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(over).output().ok()?;
        if !done.status.success() {
            eprintln!("SKIPPED: no small disk can be mounted here: {}", String::from_utf8_lossy(&done.stderr).trim());
            return None;
        }
        Some(Self(over.to_owned()))
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        use std::io::Write as _;
        let mut filler = std::fs::File::create(self.0.join("filler")).expect("a file");
        for step in [64 * 1024, 4096, 512, 1] {
            let block = vec![b'x'; step];
            while filler.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("a filler");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the gateway may not be quite gone.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_says_so_and_loses_nothing() {
    let mut stage = Stage::prepare(&["one"], json!({})).await;
    let settings = stage.gateway.settings();
    let Some(disk) = SmallDisk::mount(&stage.gateway.state()) else { return };
    stage.gateway.configure(&settings);
    stage.up().await;
    stage.platform().say_many(100, CHATS, 500).await;
    stage.platform().ledger.until_all_answered().await;
    stage.until_settled().await;
    let accepted = stage.metric("callboard_inbound_accepted_total").await;

    disk.fill();
    stage.platform().say_many(400, CHATS, 2_000).await;
    stage.platform().confirmed().await;
    let trouble = until_trouble(&stage).await;
    assert!(trouble["text"].as_str().is_some_and(|text| text.contains("full")), "{trouble}");
    let held = stage.metric("callboard_inbound_accepted_total").await;
    eprintln!("disk_full: {} more fitted, then: {trouble}", held - accepted);
    assert!(held - accepted < 400, "the disk was never full");
    assert_eq!(stage.metric("callboard_store_writable").await, 0);

    disk.make_room();
    stage.platform().ledger.until_all_answered().await;
    stage.gateway.ready("all").await;
    assert_eq!(stage.metric("callboard_outbound_dead_total").await, 0);
    assert!(stage.gateway.lives());
    stage.finish().await;
    eprintln!("disk_full: {} repeats", stage.repeats());
    drop(stage);
    drop(disk);
}

/// Waits until the gateway says that its store cannot write; returns how.
async fn until_trouble(stage: &Stage) -> Value {
    until("the disk is full and somebody says so", async || {
        let (status, body) = stage.gateway.request(Method::GET, "/readyz", None).await;
        let reason = body["reasons"].as_array()?.iter().find(|reason| reason["id"] == "store").cloned()?;
        assert_eq!(status.as_u16(), 503);
        Some(reason)
    })
    .await
}
