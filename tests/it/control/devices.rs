//! Devices: let in by an operator, shut out again, live connections and all.

use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::device::Device;
use crate::harness::gateway::{Gateway, TOKEN};

fn token_of(hello: &Value) -> String {
    hello["auth"]["deviceToken"].as_str().expect("a device token").to_owned()
}

#[tokio::test]
async fn a_rotated_token_closes_the_connections_that_came_with_the_old_one() {
    let gateway = Gateway::start(json!({})).await;
    let mut admin = ControlClient::connect(&gateway).await;
    let (device, mut live) = (Device::new(), ControlClient::open(&gateway).await);
    let hello = device.connect(&mut live, TOKEN, &["operator.read"]).await.expect("hello-ok");
    let old = token_of(&hello);
    let listed = admin.call("device.pair.list", json!({})).await.expect("devices");
    assert_eq!(listed["paired"][0]["deviceId"], json!(device.id), "{listed}");
    assert!(!listed.to_string().contains(&old), "the token is shown");

    let params = json!({ "deviceId": device.id, "role": "operator" });
    let rotated = admin.call("device.token.rotate", params).await.expect("a new token");
    assert_eq!(live.closed().await, (1008, "device token rotated".to_owned()));
    let mut late = ControlClient::open(&gateway).await;
    device.connect(&mut late, &old, &["operator.read"]).await.expect_err("the old token is void");
    let mut again = ControlClient::open(&gateway).await;
    let new = rotated["token"].as_str().expect("a token");
    device.connect(&mut again, new, &["operator.read"]).await.expect("the new token is good");
    for params in [json!({ "deviceId": "nosuch", "role": "operator" }), json!({ "deviceId": device.id, "role": "king" })] {
        let error = admin.call("device.token.rotate", params).await.expect_err("there is none");
        assert_eq!(error["message"], json!("unknown deviceId/role"));
    }
}

#[tokio::test]
async fn a_device_that_shuts_itself_out_hears_its_answer_first() {
    let gateway = Gateway::start(json!({})).await;
    let (device, mut live) = (Device::new(), ControlClient::open(&gateway).await);
    device.connect(&mut live, TOKEN, &["operator.admin"]).await.expect("hello-ok");
    let params = json!({ "deviceId": device.id, "role": "operator" });
    let revoked = live.call("device.token.revoke", params).await.expect("it is revoked");
    assert_eq!(revoked["deviceId"], json!(device.id), "{revoked}");
    assert_eq!(live.closed().await, (1008, "device token revoked".to_owned()));
}

#[tokio::test]
async fn a_device_from_afar_waits_until_an_operator_decides() {
    let gateway = Gateway::start(json!({ "gateway": { "trustedProxies": ["127.0.0.1"] } })).await;
    let mut admin = ControlClient::connect(&gateway).await;
    let device = Device::new();
    let ask = async || {
        let mut client = ControlClient::open_as(&gateway, "/", &[("x-forwarded-for", "203.0.113.7")]).await.expect("a socket");
        device.connect(&mut client, TOKEN, &["operator.read"]).await
    };
    let error = ask().await.expect_err("nobody has let it in");
    assert_eq!(error["code"], json!("NOT_PAIRED"), "{error}");
    let asked = admin.event("device.pair.requested").await;
    assert_eq!(asked["payload"]["requestId"], error["details"]["requestId"], "{asked}");
    let request = json!({ "requestId": error["details"]["requestId"] });
    admin.call("device.pair.reject", request.clone()).await.expect("it is sent away");
    assert_eq!(admin.event("device.pair.resolved").await["payload"]["decision"], json!("rejected"));
    let error = admin.call("device.pair.approve", request).await.expect_err("it is decided");
    assert_eq!(error["message"], json!("unknown requestId"));

    let error = ask().await.expect_err("it asks again");
    let request = json!({ "requestId": error["details"]["requestId"] });
    // Who has less than what is asked for cannot give it.
    let mut pairer = ControlClient::open(&gateway).await;
    pairer.hello(json!({ "scopes": ["operator.pairing"] })).await.expect("hello-ok");
    let lacking = pairer.call("device.pair.approve", request.clone()).await.expect_err("beyond its own");
    assert_eq!(lacking["message"], json!("missing scope: operator.read"));
    let approved = admin.call("device.pair.approve", request).await.expect("it is let in");
    assert_eq!(approved["device"]["deviceId"], json!(device.id), "{approved}");
    assert_eq!(admin.event("device.pair.resolved").await["payload"]["decision"], json!("approved"));
    ask().await.expect("hello-ok");
}

#[tokio::test]
async fn a_changed_token_closes_who_came_by_it_and_leaves_devices_in() {
    let gateway = Gateway::start(json!({})).await;
    let (device, mut paired) = (Device::new(), ControlClient::open(&gateway).await);
    let own = token_of(&device.connect(&mut paired, TOKEN, &["operator.read"]).await.expect("hello-ok"));
    let mut by_device = ControlClient::open(&gateway).await;
    device.connect(&mut by_device, &own, &["operator.read"]).await.expect("hello-ok");
    let mut admin = ControlClient::connect(&gateway).await;
    // Another change leaves everybody in.
    let patch = async |admin: &mut ControlClient, raw: &str| {
        let shown = admin.call("config.get", json!({})).await.expect("the file");
        admin.call("config.patch", json!({ "raw": raw, "baseHash": shown["hash"] })).await
    };
    patch(&mut admin, "{ logging: { level: 'info' } }").await.expect("it is written");
    patch(&mut admin, "{ gateway: { auth: { token: 'another-long-and-secret-token' } } }")
        .await
        .expect("its answer comes first");
    for client in [&mut admin, &mut paired] {
        assert_eq!(client.closed().await, (1008, "credential changed".to_owned()));
    }
    by_device.call("health", json!({})).await.expect("it is in still");
    let over = json!({ "auth": { "token": "another-long-and-secret-token" } });
    ControlClient::open(&gateway).await.hello(over).await.expect("the new token is good");
}
