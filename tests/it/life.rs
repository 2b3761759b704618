//! From the first start to the last breath: refusals, drains, kills, locks, and what the command line exits with.

use std::process::Child;

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::{Gateway, TOKEN};
use crate::harness::rig::{Rig, said};
use crate::harness::socket_platform::direct;
use crate::harness::{eventually, until};

const SLOW: &str = "
steps:
  - { when: { contains: short }, do: [{ waitMs: 3000 }, echo] }
  - { when: { contains: long }, times: 1, do: [{ waitMs: 60000 }, { text: never said }] }
  - do: [echo]
";

/// A second program, which does not outlive its test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.kill().expect("a signal");
        self.0.wait().expect("its end");
    }
}

async fn turn_begins(rig: &Rig, count: usize) {
    rig.acknowledged(count).await;
    until("a turn that runs", async || {
        let list = rig.gateway.get("/admin/actors?kind=session").await;
        (list["actors"].as_array().map(Vec::len) == Some(count)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_drain_lets_turns_finish_and_says_goodbye() {
    let mut rig = Rig::scripted(json!({}), json!({}), SLOW).await;
    rig.platform.publish(direct("m1", "wxid_ann", "short")).await;
    turn_begins(&rig, 1).await;
    rig.gateway.signal(Signal::SIGTERM);
    until("readiness that says so", async || {
        let (status, ready) = rig.gateway.request(Method::GET, "/readyz?scope=gateway", None).await;
        (status.as_u16() == 503 && ready["reasons"][0]["state"] == "draining").then_some(())
    })
    .await;
    assert_eq!(rig.gateway.ended().await, Some(0));
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: short");
    assert!(rig.broker.log().contains("Received DISCONNECT from callboard-bot"), "it says goodbye");
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_parked_and_answered_after_the_next_start() {
    let mut rig = Rig::scripted(json!({}), json!({ "gateway": { "drainSec": 0 } }), SLOW).await;
    rig.platform.publish(direct("m1", "wxid_ann", "long")).await;
    turn_begins(&rig, 1).await;
    rig.platform.publish(direct("m2", "wxid_ann", "behind it")).await;
    rig.acknowledged(2).await;
    assert_eq!(rig.gateway.stop(), Some(0));
    assert!(rig.platform.sent().is_empty());
    // The script has its one long wait again in a new process.
    rig.gateway.play("steps: [{ do: [echo] }]");
    rig.gateway.again().await;
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), ["wxid_ann: long", "wxid_ann: behind it"]);
}

#[tokio::test]
async fn a_second_signal_forces_and_loses_nothing() {
    let mut rig = Rig::scripted(json!({}), json!({ "gateway": { "drainSec": 60 } }), SLOW).await;
    rig.platform.publish(direct("m1", "wxid_ann", "long")).await;
    turn_begins(&rig, 1).await;
    rig.gateway.signal(Signal::SIGTERM);
    rig.gateway.logged(&["gateway.draining"]).await;
    rig.gateway.signal(Signal::SIGINT);
    assert_eq!(rig.gateway.ended().await, Some(1));
    rig.gateway.play("steps: [{ do: [echo] }]");
    rig.gateway.again().await;
    assert_eq!(said(&rig.platform.wait_for_sent(1).await[0]), "wxid_ann: long");
}

#[tokio::test]
async fn what_was_accepted_before_a_kill_is_answered_after_it() {
    const COUNT: usize = 60;
    let script = "steps: [{ do: [{ waitMs: 20 }, echo] }]";
    let mut rig = Rig::scripted(json!({}), json!({}), script).await;
    for index in 0..COUNT {
        rig.platform.publish(direct(&format!("m{index}"), &format!("wxid_{}", index % 3), &index.to_string())).await;
    }
    rig.acknowledged(COUNT / 2).await;
    for _ in 0..2 {
        rig.gateway.kill();
        rig.gateway.again().await;
    }
    rig.platform.wait_for_all((0..COUNT).map(|index| format!("wxid_{}: {index}", index % 3))).await;
    for peer in 0..3 {
        let wanted: Vec<_> = (peer..COUNT).step_by(3).map(|index| index.to_string()).collect();
        assert_eq!(rig.platform.first_said(&format!("wxid_{peer}")), wanted);
    }
}

#[tokio::test]
async fn two_gateways_do_not_share_a_state_folder() {
    let mut gateway = Gateway::start(json!({})).await;
    let pid = gateway.pid();
    let refused = gateway.run(1, &["gateway", "--port", "0"]);
    assert!(refused.contains(&format!("process {pid}")) && refused.contains("--force"), "{refused}");
    assert!(gateway.lives());
    let second = Guarded(gateway.command(&["gateway", "--force"]).spawn().expect("the program"));
    assert_eq!(gateway.ended().await, Some(0), "the first one goes down in good order");
    gateway.ready("gateway").await;
    let lock = std::fs::read_to_string(gateway.state().join("gateway.lock")).expect("the lock");
    assert!(lock.contains(&second.0.id().to_string()), "{lock}");
}

#[tokio::test]
async fn the_first_dev_start_makes_a_config_and_answers() {
    let gateway = Gateway::prepare(json!({}));
    let port = crate::harness::mosquitto::free_port().to_string();
    let _child = Guarded(gateway.command(&["--dev", "gateway", "--port", &port]).spawn().expect("the program"));
    let url = format!("http://127.0.0.1:{port}");
    let config = gateway.home().join(".callboard-dev").join("callboard.json");
    eventually("the config", || config.exists()).await;
    let answer = until("an answer", async || {
        let (code, out, _) = gateway.cli(&["--dev", "--url", &url, "agent", "--message", "Hello, Callboard"]);
        assert!(code == 0 || code == 3 || code == 1, "{code}");
        (code == 0).then_some(out)
    })
    .await;
    assert_eq!(answer, "Hello, Callboard\n");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&config).expect("the config").permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn without_a_config_it_says_what_to_do() {
    let gateway = Gateway::prepare(json!({}));
    std::fs::remove_file(gateway.state().join("callboard.json")).expect("the config");
    std::fs::create_dir(gateway.home().join(".openclaw")).expect("a folder");
    let refused = gateway.run(1, &["gateway"]);
    assert!(refused.contains("callboard setup") && refused.contains(".openclaw"), "{refused}");
    gateway.run(0, &["setup"]);
    gateway.run(0, &["config", "validate"]);
}

#[tokio::test]
async fn exit_codes_tell_what_went_wrong() {
    let rig = Rig::start(json!({})).await;
    let gateway = &rig.gateway;
    let cases: &[(i32, &[&str])] = &[
        (0, &["health"]),
        (0, &["status"]),
        (0, &["actors", "list"]),
        (0, &["channels", "list"]),
        (0, &["channels", "status"]),
        (0, &["channels", "probe", "socket-chat"]),
        (0, &["channels", "probe"]),
        (0, &["plugins", "list"]),
        (0, &["--json", "channels", "status"]),
        (0, &["agent", "--message", "hi", "--session-key", "main"]),
        (1, &["actors", "restart", "channel:socket-chat:nobody"]),
        (1, &["send", "--channel", "pigeon", "--to", "x", "hello"]),
        (1, &["config", "get", "no.such.key"]),
        (2, &["actors"]),
        (2, &["send", "hello"]),
        (2, &["no-such-command"]),
        (3, &["status", "--url", "http://127.0.0.1:1"]),
        (4, &["status", "--gateway-token", "wrong"]),
        (4, &["agent", "--message", "hi", "--gateway-token", "wrong"]),
    ];
    for (code, line) in cases {
        let text = gateway.run(*code, line);
        assert!(!text.contains(TOKEN) && !text.contains("key-1"), "{line:?}: {text}");
        assert!(!text.trim().is_empty(), "{line:?} says nothing");
    }
    let shown = gateway.run(0, &["channels", "probe", "socket-chat"]);
    assert!(shown.contains("ok") && shown.contains("wxid_robot") && shown.contains("connected=true"), "{shown}");
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.platform.wait_for_sent(1).await;
    rig.settled().await;
    let body: Value = serde_json::from_str(&gateway.run(0, &["--json", "channels", "status"])).expect("JSON");
    let channel = &body["channels"][0];
    assert_eq!(
        (&channel["running"], &channel["connected"], &channel["reconnectAttempts"]),
        (&json!(true), &json!(true), &json!(0))
    );
    for field in ["lastStartAt", "lastConnectedAt", "lastInboundAt", "lastOutboundAt", "lastEventAt"] {
        assert!(channel[field].is_string(), "{field}: {channel}");
    }
}
