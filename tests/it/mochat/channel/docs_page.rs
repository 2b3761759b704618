//! The configuration of the docs page, run as it stands there.

use serde_json::{Value, json};

use crate::harness::gateway::Gateway;
use crate::harness::mochat::{Mochat, TOKEN};
use crate::harness::until;

/// Ids of the page.
const AGENT: &str = "674d0a1f0e8b5c2d3a4f5e6b";
const PERSON: &str = "674d0a1f0e8b5c2d3a4f0001";
const SUPPORT: &str = "674d0a1f0e8b5c2d3a4f0003";
const PANEL: &str = "674d0a1f0e8b5c2d3a4f0004";
const SUPPORT_TOKEN: &str = "claw_fedcba9876543210fedcba9876543210fedcba9876543210";

#[tokio::test]
async fn the_configuration_of_the_docs_page_answers() {
    // One of the accounts of the page speaks JSON, whatever the server does.
    let platform = Mochat::start_with(json!({ "parser": "json" })).await;
    platform.order("revoke", json!({ "token": TOKEN })).await;
    for (token, agent) in [(TOKEN, AGENT), (SUPPORT_TOKEN, SUPPORT)] {
        platform.order("agent", json!({ "token": token, "userId": agent })).await;
    }
    platform.order("user", json!({ "userId": PERSON, "nickname": "Pat" })).await;
    platform.order("session", json!({ "sessionId": "session_1", "participants": [AGENT, PERSON] })).await;
    platform.order("session", json!({ "sessionId": "session_2", "participants": [SUPPORT, PERSON] })).await;
    platform.panel(PANEL).await;
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/channels/mochat.md")).expect("the page");
    let (_, rest) = page.split_once("```json5\n").expect("an example");
    let (text, _) = rest.split_once("```").expect("its end");
    let filled =
        [("https://mochat.io", platform.url.as_str()), ("${MOCHAT_TOKEN}", TOKEN), ("${SUPPORT_TOKEN}", SUPPORT_TOKEN)];
    let text = filled.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let config: Value = json5::from_str(&text).expect("an example that can be read");
    let gateway = Gateway::start(config).await;
    platform.connected(2).await;
    for (agent, session) in [(AGENT, "session_1"), (SUPPORT, "session_2")] {
        platform.say(json!({ "sessionId": session, "content": format!("hello {session}"), "author": PERSON })).await;
        platform.say(json!({ "panelId": PANEL, "content": format!("hello @{agent}"), "author": PERSON })).await;
    }
    until("everything is answered", async || {
        let sent = platform.sent().await;
        let by = |agent: &str, place: &str| sent.iter().any(|one| one["author"] == agent && one["target"] == place);
        [(AGENT, "session_1"), (SUPPORT, "session_2"), (AGENT, PANEL), (SUPPORT, PANEL)]
            .iter()
            .all(|(agent, place)| by(agent, place))
            .then_some(())
    })
    .await;
    assert_eq!(platform.sent().await.len(), 4, "{}", gateway.log());
}
