//! A broker that comes and goes: what a gateway holds does not grow.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::size;
use super::stage::{Stage, Up};

const CHATS: usize = 10;
const PER_SECOND: u32 = 50;
/// What may come and go between two looks: a connection in the making, a request of the test's own.
const FDS_MORE: usize = 8;
const THREADS_MORE: usize = 2;
/// The allocator's own slack over the run, bytes.
const RESIDENT_MORE: usize = 8 * 1024 * 1024;

/// A link that never stands for long waits longer each time, up to a minute; a hand makes it begin anew.
const BY_HAND_EVERY: usize = 5;

#[derive(Clone, Copy, Debug)]
struct Held {
    resident: usize,
    fds: usize,
    threads: usize,
}

#[tokio::test]
async fn a_flapping_broker_leaves_nothing_behind() {
    let flaps = size(40, 1_000);
    let mut stage = Stage::start(&["one"], json!({})).await;
    let platform = stage.platforms.remove(0);
    let start = Instant::now();
    let flapping = async {
        let mut warm = None;
        for flap in 0..flaps {
            if flap == flaps / 4 {
                warm = Some(held(&stage).await);
            }
            stage.broker.stop();
            stage.until_links(Up::No).await;
            stage.broker.again();
            if flap % BY_HAND_EVERY == 0 {
                restart(&stage).await;
            }
            stage.until_links(Up::Yes).await;
            let answered = platform.ledger.answered();
            platform.ledger.until_answered(answered + 10).await;
        }
        warm.expect("a look")
    };
    // More than enough for the whole time; the rest is dropped with its future.
    let warm = tokio::select! {
        warm = flapping => warm,
        () = platform.say_many(usize::MAX, CHATS, PER_SECOND) => unreachable!("it talks for ever"),
    };
    stage.platforms.push(platform);
    stage.platform().ledger.until_all_answered().await;
    stage.until_settled().await;
    let end = held(&stage).await;
    let took = start.elapsed();
    eprintln!("soak: {flaps} flaps in {took:?}: {warm:?} became {end:?}, {} messages", stage.platform().ledger.said());
    assert!(end.fds <= warm.fds + FDS_MORE, "descriptors: {} became {}", warm.fds, end.fds);
    assert!(end.threads <= warm.threads + THREADS_MORE, "threads: {} became {}", warm.threads, end.threads);
    assert!(end.resident <= warm.resident + RESIDENT_MORE, "memory: {} became {}", warm.resident, end.resident);
    assert!(took > Duration::from_millis(100), "the broker really went");
    stage.finish().await;
}

async fn restart(stage: &Stage) {
    let (status, body) = stage.gateway.request(Method::POST, "/admin/channels/socket-chat/one/restart", None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

async fn held(stage: &Stage) -> Held {
    Held {
        resident: stage.metric("callboard_process_resident_memory_bytes").await,
        fds: stage.metric("callboard_process_open_fds").await,
        threads: stage.metric("callboard_process_threads").await,
    }
}
