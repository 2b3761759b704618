//! Settings that cannot work, and what is said of them.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::mochat::{BOT, Mochat};
use crate::harness::until;

#[tokio::test]
async fn what_a_hand_must_mend_blocks_the_link_and_is_said() {
    let cases: [(Value, &[&str]); 4] = [
        (
            json!({ "clawToken": "claw_00000000000000000000" }),
            &["unauthorized", "/api/claw/agents/owner", "clawToken is wrong"],
        ),
        (json!({ "clawToken": "0123" }), &["does not begin with claw_"]),
        (json!({ "agentUserId": "somebody" }), &["somebody is in none of the sessions"]),
        (json!({ "agentUserId": "" }), &["agentUserId missing"]),
    ];
    for (settings, parts) in cases {
        let platform = Mochat::start().await;
        platform.session("session_1").await;
        let mut rig = Rig::on(platform, settings.clone());
        rig.gateway.again().await;
        let status = rig.link("blocked").await.to_string();
        for part in parts {
            assert!(status.contains(part), "{settings}: {status}");
        }
        assert!(rig.platform.sent().await.is_empty());
    }
}

#[tokio::test]
async fn how_a_server_fails_is_told_with_its_address() {
    let rig = Rig::start(json!({})).await;
    for (fault, part) in [
        (json!({ "kind": "html" }), "answers with an HTML page"),
        (json!({ "kind": "status", "status": 503 }), "error 503"),
        (json!({ "kind": "cut" }), "the connection failed"),
    ] {
        rig.platform.fault(fault).await;
        rig.platform.drop_all().await;
        rig.gateway.logged(&["mochat.call", &rig.platform.url, part]).await;
        rig.platform.heal().await;
    }
    rig.way("websocket").await;
    rig.say("well again").await;
    assert_eq!(rig.wait_for_said("session_1", 1).await, ["well again"]);
}

#[tokio::test]
async fn an_account_with_the_id_of_another_ends_before_it_answers_itself() {
    let platform = Mochat::start().await;
    platform.panel("p1").await;
    let mut rig = Rig::on(platform, json!({ "agentUserId": "somebody" }));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.say_in_panel("hello").await;
    assert_eq!(rig.wait_for_said("p1", 1).await, ["hello"]);
    let text = until("it is blocked", async || {
        let status = rig.status().await;
        (status["link"] == "blocked").then(|| status.to_string())
    })
    .await;
    assert!(text.contains(&format!("the token's own user is {BOT}")), "{text}");
}
