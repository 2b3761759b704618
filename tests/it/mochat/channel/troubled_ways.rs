//! Something on the way that bears a way for a moment, and not for long.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::mochat::Mochat;
use crate::harness::until;

/// A wait between two tries of Socket.IO that no test sees the end of.
const LONG_SEC: u64 = 3600;

/// What is done to frames, and how often Socket.IO may come and go before it is let be.
const TROUBLES: [fn() -> Value; 4] = [
    || json!({ "websocket": { "cutAfterMs": 300 }, "polling": { "cutAfterMs": 150 } }),
    || json!({ "websocket": "refuse", "polling": { "cutAfterMs": 150 } }),
    || json!({ "websocket": { "deafAfterMs": 300 }, "polling": "refuse" }),
    || json!({ "websocket": { "dumbAfterMs": 300 }, "polling": "refuse" }),
];

#[tokio::test]
async fn a_way_that_does_not_last_is_let_be_after_a_few_tries_and_nothing_is_lost() {
    for trouble in TROUBLES {
        let options = json!({ "transports": ["polling", "websocket"], "pingInterval": 300, "pingTimeout": 500 });
        let platform = Mochat::start_with(options).await;
        platform.session("session_1").await;
        platform.panel("p1").await;
        platform.set(trouble()).await;
        // Sessions that are cut soon count as failures: after the fifth the next one waits for an hour.
        let settings = json!({ "socketMaxReconnectDelayMs": 100, "reconnectSlowSec": LONG_SEC, "maxRetryAttempts": 4 });
        let mut rig = Rig::on(platform, settings);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        let mut expected = Vec::new();
        for number in 0..5 {
            let text = format!("message {number}");
            rig.say(&text).await;
            rig.say_in_panel(&text).await;
            expected.push(text);
            assert_eq!(rig.wait_for_said("session_1", number + 1).await, expected, "{}", trouble());
            assert_eq!(rig.wait_for_said("p1", number + 1).await, expected, "{}", trouble());
        }
        let hour_ms = (LONG_SEC * 1000).to_string();
        until(&format!("Socket.IO is let be with {}", trouble()), async || {
            let log = rig.gateway.log();
            log.lines().any(|line| line.contains("mochat.socket") && line.contains(&hour_ms)).then_some(())
        })
        .await;
        rig.way("rest").await;
        assert!(rig.status().await["status"]["socketError"].is_string());
        // What comes by calls comes behind the last change.
        rig.say("by calls").await;
        assert_eq!(rig.wait_for_said("session_1", 6).await[5], "by calls");
        let changes = rig.counted("link_way_changes_total").await;
        assert!(changes <= 11, "{}: {changes} changes of the way", trouble());
    }
}

#[tokio::test]
async fn a_way_that_is_slow_by_seconds_is_a_way() {
    let platform = Mochat::start_with(json!({ "transports": ["polling", "websocket"] })).await;
    platform.session("session_1").await;
    platform.panel("p1").await;
    platform.set(json!({ "websocket": { "lateMs": 1000 }, "acks": { "lateMs": 1000 } })).await;
    let mut rig = Rig::on(platform, json!({ "socketConnectTimeoutMs": 15_000 }));
    rig.gateway.again().await;
    rig.way("websocket").await;
    rig.say("slowly").await;
    rig.say_in_panel("slowly").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["slowly"]);
    assert_eq!(rig.wait_for_said("p1", 1).await, ["slowly"]);
    assert_eq!(rig.counted("link_way_changes_total").await, 2, "by calls, then by WebSocket");
}
