//! A gateway killed with thousands of open rows.

use std::time::Instant;

use serde_json::json;

use super::shelf::Shelf;
use super::size;
use super::stage::Stage;

const CHATS: usize = 50;
const PER_SECOND: u32 = 5_000;

#[tokio::test]
async fn thousands_of_open_rows_are_answered_after_a_kill() {
    let messages = size(3_000, 10_000);
    let mut stage = Stage::prepare(&["one"], json!({})).await;
    // No turn ends in this life.
    stage.slow_turns(3_600_000);
    stage.up().await;
    stage.platform().say_many(messages, CHATS, PER_SECOND).await;
    stage.platform().confirmed().await;
    while stage.metric("callboard_inbound_accepted_total").await < messages {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.gateway.kill();
    assert_eq!(Shelf::open(&stage.gateway.state()).inbox_open(), messages);
    assert_eq!(stage.platform().ledger.answered(), 0);
    stage.slow_turns(0);
    let start = Instant::now();
    stage.gateway.spawn();
    stage.platform().ledger.until_answered(1).await;
    let first = start.elapsed();
    stage.platform().ledger.until_all_answered().await;
    let all = start.elapsed();
    stage.gateway.ready("all").await;
    stage.finish().await;
    eprintln!(
        "recovery: {messages} open rows: first answer after {first:?}, the last after {all:?}; {} repeats",
        stage.repeats()
    );
    assert_eq!(stage.repeats(), 0, "nothing had been sent before the kill");
}
