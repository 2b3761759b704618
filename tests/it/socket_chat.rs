//! One message all the way: broker, gateway, agent session, and back to the broker.

use serde_json::{Value, json};

use crate::harness::backend::{Backend, config};
use crate::harness::gateway::Gateway;
use crate::harness::mosquitto::{Mosquitto, Setup};
use crate::harness::socket_platform::{SocketPlatform, direct};

fn open_account(backend: &Backend) -> Value {
    json!({ "channels": { "socket-chat": { "apiKey": "key-1", "apiBaseUrl": backend.url, "dmPolicy": "open" } } })
}

#[tokio::test]
async fn a_message_wakes_a_session_and_its_answer_is_back_on_the_broker() {
    let broker = Mosquitto::start(&Setup::default());
    let backend = Backend::start(config(broker.port));
    let platform = SocketPlatform::connect(broker.port).await;
    let gateway = Gateway::start(open_account(&backend)).await;
    gateway.ready("all").await;
    platform.publish(direct("m1", "wxid_ann", "hello")).await;
    let sent = platform.wait_for_sent(1).await;
    assert_eq!(sent[0]["contactId"], "wxid_ann");
    assert_eq!(sent[0]["messages"], json!([{ "type": 1, "content": "hello" }]));
    let channel = gateway.actor("channel:socket-chat:default").await;
    assert_eq!(channel["link"], "up");
    assert_eq!(channel["state"], "running");
    assert_eq!(channel["restarts"], 0);
}
