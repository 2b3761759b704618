//! Settings that cannot work, and what is said of them.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::mochat::{BOT, Mochat};
use crate::harness::tls_front::TlsFront;
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
async fn each_way_of_not_reaching_a_server_is_told_with_its_address() {
    let platform = Mochat::start().await;
    let front = TlsFront::before(&platform.url).await;
    // No resolver has to be asked for a name that none can be.
    let nobody = format!("http://{}.example", "a".repeat(64));
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let cases = [
        (nobody, "its host name has no address (DNS)"),
        (front.url.clone(), "no TLS connection can be made"),
        (refused, "the connection was refused"),
    ];
    let mut rig = Rig::on(platform, json!({}));
    for (url, part) in cases {
        rig.gateway.change(json!({ "channels": { "mochat": { "baseUrl": url } } }));
        rig.gateway.again().await;
        until(&format!("{part} at {url}"), async || {
            let status = rig.status().await.to_string();
            (status.contains(&format!("{url}/api/claw/agents/owner")) && status.contains(part)).then_some(())
        })
        .await;
        rig.gateway.kill();
    }
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
