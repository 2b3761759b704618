//! The broker under the gateway: away, back, with other credentials, behind TLS, and with somebody else on our clientId.

use reqwest::Method;
use rumqttc::{AsyncClient, MqttOptions};
use serde_json::{Value, json};

use crate::harness::backend::{Door, Reply, config_of};
use crate::harness::gateway::Gateway;
use crate::harness::mosquitto::{GATEWAY_USER, Mosquitto, Setup, Tls};
use crate::harness::rig::{CHANNEL, Rig, Side, said};
use crate::harness::socket_platform::direct;
use crate::harness::until;

async fn link(gateway: &Gateway, state: &str) {
    until(&format!("a link that is {state}"), async || (gateway.actor(CHANNEL).await["link"] == state).then_some(())).await;
}

/// Waits until the account's reason holds this text.
async fn reason(gateway: &Gateway, text: &str) -> Value {
    until(text, async || {
        let list = gateway.get("/admin/channels").await;
        let channel = list["channels"][0].clone();
        channel["lastError"].as_str().is_some_and(|error| error.contains(text)).then_some(channel)
    })
    .await
}

#[tokio::test]
async fn what_is_said_while_the_broker_is_away_arrives_both_ways() {
    let script = "
steps:
  - { when: { contains: slow }, do: [{ waitMs: 300 }, echo] }
  - do: [echo]
";
    let mut rig = Rig::scripted(json!({}), json!({}), script).await;
    rig.platform.publish(direct("m1", "wxid_ann", "slow answer")).await;
    rig.acknowledged(1).await;
    rig.broker.stop();
    link(&rig.gateway, "down").await;
    until("the answer", async || (rig.gateway.metric("turns_answered_total").await == 1).then_some(())).await;
    rig.platform.publish(direct("m2", "wxid_ann", "asked meanwhile")).await;
    let (status, _) = rig.gateway.request(Method::GET, "/readyz", None).await;
    assert_eq!(status.as_u16(), 503);
    rig.gateway.ready("gateway").await;
    rig.broker.again();
    let wanted = ["wxid_ann: slow answer", "wxid_ann: asked meanwhile"].map(str::to_owned);
    rig.platform.wait_for_all(wanted.into_iter()).await;
    assert_eq!(rig.platform.first_said("wxid_ann"), ["slow answer", "asked meanwhile"]);
    let actor = rig.gateway.actor(CHANNEL).await;
    assert_eq!((&actor["link"], &actor["restarts"]), (&json!("up"), &json!(0)), "a link that drops is no crash");
}

#[tokio::test]
async fn a_wrong_password_blocks_the_link_and_says_why() {
    let mut rig = Rig::prepare(json!({}), json!({})).await;
    let mut wrong = config_of(rig.broker.port, "bot");
    wrong["password"] = "not-the-one".into();
    rig.backend.answer(Door::Brief, Reply::Config(wrong));
    rig.gateway.again().await;
    link(&rig.gateway, "blocked").await;
    let (status, ready) = rig.gateway.request(Method::GET, "/readyz", None).await;
    let refused = &ready["reasons"][0];
    assert_eq!((status.as_u16(), &refused["id"], &refused["link"]), (503, &json!(CHANNEL), &json!("blocked")));
    assert!(refused["text"].as_str().expect("a text").contains("refused the login"), "{refused}");
    let anonymous = reqwest::get(format!("{}/readyz", rig.gateway.url)).await.expect("an answer").text().await.expect("a body");
    assert!(anonymous.contains(CHANNEL) && !anonymous.contains("login"), "{anonymous}");
    for line in [["channels", "status"].as_slice(), &["status"]] {
        let shown = rig.gateway.run(0, line);
        assert!(shown.contains("blocked") && shown.contains("refused the login"), "{shown}");
        assert!(!shown.contains("not-the-one"));
    }
    rig.backend.answer(Door::Brief, Reply::Config(config_of(rig.broker.port, "bot")));
    rig.gateway.run(0, &["channels", "restart", "socket-chat"]);
    rig.gateway.ready("all").await;
    assert!(!rig.gateway.log().contains("not-the-one"));
}

#[tokio::test]
async fn rotated_credentials_are_picked_up_at_the_next_connection() {
    let mut rig = Rig::start(json!({})).await;
    rig.broker.set_password(GATEWAY_USER, "rotated");
    let mut rotated = config_of(rig.broker.port, "bot");
    rotated["password"] = "rotated".into();
    rig.backend.answer(Door::Brief, Reply::Config(rotated));
    rig.broker.stop();
    link(&rig.gateway, "down").await;
    rig.broker.again();
    rig.gateway.ready("all").await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: hello");
}

#[tokio::test]
async fn a_blocked_link_is_tried_again_slowly() {
    let rig = Rig::start(json!({ "reconnectSlowSec": 1 })).await;
    rig.backend.answer(Door::Brief, Reply::Status(401, "no".into()));
    rig.gateway.run(0, &["channels", "restart", "socket-chat"]);
    link(&rig.gateway, "blocked").await;
    reason(&rig.gateway, "API key refused by the backend (HTTP 401)").await;
    rig.backend.answer(Door::Brief, Reply::Config(config_of(rig.broker.port, "bot")));
    rig.gateway.ready("all").await;
}

#[tokio::test]
async fn somebody_else_on_our_client_id_is_noticed() {
    let rig = Rig::start(json!({})).await;
    let mut options = MqttOptions::new("callboard-bot", "127.0.0.1", rig.broker.port);
    options.set_credentials(GATEWAY_USER, format!("{GATEWAY_USER}-pw")).set_clean_session(false);
    let (_client, mut events) = AsyncClient::new(options, 10);
    let intruder = tokio::spawn(async move {
        loop {
            // Whoever is thrown off comes back at once.
            let _ = events.poll().await;
        }
    });
    let channel = reason(&rig.gateway, "another client uses this clientId").await;
    assert_eq!(channel["channel"], "socket-chat");
    intruder.abort();
    rig.gateway.ready("all").await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.platform.wait_for_all(["wxid_ann: hello".to_owned()].into_iter()).await;
    assert_eq!(rig.gateway.actor(CHANNEL).await["restarts"], 0);
}

#[tokio::test]
async fn a_broker_behind_tls_is_trusted_by_the_ca_in_the_config() {
    let broker = Mosquitto::start(&Setup { tls: Tls::On, ..Setup::default() });
    let side = Side::of(&broker, "bot").await;
    side.backend.answer(Door::Brief, Reply::Config(config_of(broker.tls_port, "bot")));
    let settings = json!({ "channels": { "socket-chat": side.account(json!({ "useTls": true, "caFile": "own-ca.pem" })) } });
    let mut gateway = Gateway::prepare(settings);
    std::fs::write(gateway.state().join("own-ca.pem"), include_str!("fixtures/other_ca.pem")).expect("a file");
    gateway.again().await;
    reason(&gateway, "UnknownIssuer").await;
    std::fs::write(gateway.state().join("own-ca.pem"), broker.ca_pem()).expect("a file");
    gateway.ready("all").await;
    side.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    assert_eq!(said(&side.platform.wait_for_sent(1).await[0]), "wxid_ann: hello");
}

#[tokio::test]
async fn messages_wait_at_the_broker_while_the_gateway_is_away() {
    const COUNT: usize = 100;
    let mut rig = Rig::start(json!({})).await;
    for (round, stop) in [true, false].into_iter().enumerate() {
        if stop {
            assert_eq!(rig.gateway.stop(), Some(0));
        } else {
            rig.gateway.kill();
        }
        for index in 0..COUNT {
            rig.platform
                .publish(direct(&format!("m{round}-{index}"), &format!("wxid_{}", index % 4), &index.to_string()))
                .await;
        }
        rig.platform.confirmed().await;
        rig.gateway.again().await;
        rig.platform.wait_for_sent(COUNT * (round + 1)).await;
        rig.settled().await;
    }
    let wanted: Vec<_> = (0..COUNT).step_by(4).map(|index| index.to_string()).collect();
    assert_eq!(rig.platform.first_said("wxid_0"), wanted);
    assert_eq!(rig.platform.sent().len(), 2 * COUNT);
}
