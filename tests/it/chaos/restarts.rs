//! One account restarted by hand again and again, under load.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::size;
use super::stage::{Stage, encoded};

const CHATS: usize = 20;
const PER_SECOND: u32 = 200;

#[tokio::test]
async fn restarts_by_hand_lose_nothing_and_leave_the_other_account_alone() {
    let messages = size(2_000, 20_000);
    let mut stage = Stage::start(&["hit", "calm"], json!({})).await;
    let before = stage.gateway.actor("channel:socket-chat:calm").await;
    let [hit, calm] = &stage.platforms[..] else { panic!("two accounts") };
    let said = hit.say_many(messages, CHATS, PER_SECOND);
    let beside = calm.say_many(messages, CHATS, PER_SECOND);
    let mut restarts = 0;
    let orders = async {
        while hit.ledger.answered() < messages * 9 / 10 {
            let path = format!("/admin/actors/{}/restart", encoded("channel:socket-chat:hit"));
            let (status, body) = stage.gateway.request(Method::POST, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            restarts += 1;
            // Each incarnation is to be caught at work: with rows in both directions.
            hit.ledger.until_answered(hit.ledger.answered() + 1 + restarts % 40).await;
        }
    };
    tokio::join!(said, beside, orders);
    let after = stage.gateway.actor("channel:socket-chat:calm").await;
    assert_eq!((&after["since"], &after["restarts"]), (&before["since"], &before["restarts"]));
    stage.finish().await;
    eprintln!("restarts: {restarts} restarts, {} repeats", stage.repeats());
}
