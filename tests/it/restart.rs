//! Restarts within the process: by signal, by a change of the file, and what must not be lost over them.

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::{Gateway, TOKEN};
use crate::harness::mosquitto::free_port;
use crate::harness::rig::Rig;
use crate::harness::socket_platform::direct;
use crate::harness::{eventually, until};

/// Settings with which SIGUSR1 restarts.
fn allowed() -> Value {
    json!({ "commands": { "restart": true } })
}

/// How often the gateway has said something.
fn times(gateway: &Gateway, event: &str) -> usize {
    gateway.log().lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).count()
}

/// Waits for the end of the life before and for the beginning of the next one.
async fn next_life(gateway: &Gateway, number: usize) {
    eventually("the next life", || times(gateway, "gateway.listening") == number).await;
    gateway.ready("gateway").await;
}

#[tokio::test]
async fn a_signal_restarts_only_where_it_may() {
    let mut gateway = Gateway::start(json!({})).await;
    gateway.signal(Signal::SIGUSR1);
    gateway.logged(&["gateway.restart_refused", "commands.restart"]).await;
    assert!(gateway.lives());
    assert_eq!(times(&gateway, "gateway.draining"), 0);
    gateway.change(allowed());
    gateway.logged(&["config.reloaded"]).await;
    let pid = gateway.pid();
    gateway.signal(Signal::SIGUSR1);
    next_life(&gateway, 2).await;
    assert_eq!(gateway.pid(), pid);
    gateway.logged(&["gateway.restarted", "SIGUSR1"]).await;
    assert!(!gateway.state().join("restart-sentinel.json").exists(), "it was taken");
    let lock = std::fs::read_to_string(gateway.state().join("gateway.lock")).expect("the lock");
    assert!(lock.contains(&pid.to_string()), "{lock}");
    gateway.run(1, &["gateway", "--port", "0"]);
    assert_eq!(gateway.stop(), Some(0));
}

#[tokio::test]
async fn a_restart_loses_no_message_and_answers_none_twice() {
    const COUNT: usize = 50;
    let script = "steps: [{ do: [{ waitMs: 30 }, echo] }]";
    let rig = Rig::scripted(json!({}), allowed(), script).await;
    for index in 0..COUNT {
        rig.platform.publish(direct(&format!("m{index}"), &format!("wxid_{}", index % 3), &index.to_string())).await;
        if index == COUNT / 3 {
            rig.gateway.signal(Signal::SIGUSR1);
        }
    }
    next_life(&rig.gateway, 2).await;
    rig.platform.wait_for_all((0..COUNT).map(|index| format!("wxid_{}: {index}", index % 3))).await;
    rig.settled().await;
    for peer in 0..3 {
        let wanted: Vec<_> = (peer..COUNT).step_by(3).map(|index| index.to_string()).collect();
        assert_eq!(rig.platform.first_said(&format!("wxid_{peer}")), wanted);
    }
    assert_eq!(rig.platform.sent().len(), COUNT, "each was answered once");
    let restarted = rig.gateway.get("/admin/deadletters").await;
    assert_eq!(restarted["deadletters"].as_array().map(Vec::len), Some(0), "{restarted}");
}

#[tokio::test]
async fn clients_wait_over_a_restart_instead_of_being_refused() {
    let gateway = Gateway::start(allowed()).await;
    gateway.signal(Signal::SIGUSR1);
    until("the next life listens", async || {
        // Not one connection is refused: the port is never closed.
        match reqwest::get(format!("{}/healthz", gateway.url)).await {
            Ok(answer) => assert_eq!(answer.status().as_u16(), 200),
            // One that the life before had already let in.
            Err(error) => assert!(!error.is_connect(), "{error:?}"),
        }
        (times(&gateway, "gateway.listening") == 2).then_some(())
    })
    .await;
    gateway.ready("gateway").await;
}

#[tokio::test]
async fn a_new_port_is_taken_by_a_restart_of_its_own() {
    let mut gateway = Gateway::start(json!({})).await;
    let (pid, port) = (gateway.pid(), free_port());
    let old = gateway.url.clone();
    gateway.change(json!({ "gateway": { "port": port, "auth": { "token": format!("{TOKEN}-new") } } }));
    eventually("the next life", || times(&gateway, "gateway.listening") == 2).await;
    gateway.url = format!("http://127.0.0.1:{port}");
    until("the new token at the new port", async || {
        let get = reqwest::Client::new().get(format!("{}/readyz?scope=gateway", gateway.url));
        let answer = get.bearer_auth(format!("{TOKEN}-new")).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let (status, _) = gateway.request(Method::GET, "/admin/actors", None).await;
    assert_eq!(status.as_u16(), 401, "the old token is none any more");
    assert!(reqwest::get(format!("{old}/healthz")).await.is_err(), "the old port is closed");
    assert_eq!(gateway.pid(), pid);
    assert!(gateway.lives());
}

#[tokio::test]
async fn a_port_that_is_taken_leaves_the_gateway_where_it_is() {
    let gateway = Gateway::start(json!({})).await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = other.local_addr().expect("an address").port();
    gateway.change(json!({ "gateway": { "port": port } }));
    gateway.logged(&["gateway.restart_refused", "goes on as it is"]).await;
    gateway.ready("gateway").await;
    assert_eq!(times(&gateway, "gateway.draining"), 0);
    assert!(!gateway.state().join("restart-sentinel.json").exists());
}

#[tokio::test]
async fn the_same_port_can_be_had_on_other_addresses() {
    let gateway = Gateway::start(json!({})).await;
    gateway.change(json!({ "gateway": { "bind": "lan" } }));
    next_life(&gateway, 2).await;
    gateway.logged(&["gateway.listening", "0.0.0.0"]).await;
    gateway.change(json!({ "gateway": { "bind": "loopback" } }));
    next_life(&gateway, 3).await;
}

#[tokio::test]
async fn the_mode_says_what_a_change_does() {
    let gateway = Gateway::start(json!({ "gateway": { "reload": { "mode": "hot", "debounceMs": 0 } } })).await;
    gateway.change(json!({ "store": { "inboxRowsMax": 5000 }, "session": { "passivateSec": 7 } }));
    gateway.logged(&["config.restart_needed", "store.inboxRowsMax"]).await;
    assert_eq!(times(&gateway, "gateway.draining"), 0);
    // A change of the mode is enough for what waits.
    gateway.change(json!({ "gateway": { "reload": { "mode": "hybrid" } } }));
    next_life(&gateway, 2).await;
    gateway.change(json!({ "gateway": { "reload": { "mode": "off" } } }));
    eventually("the mode off", || times(&gateway, "config.reloaded") == 3).await;
    gateway.change(json!({ "gateway": { "reload": { "mode": "restart" } }, "session": { "passivateSec": 8 } }));
    gateway.signal(Signal::SIGHUP);
    next_life(&gateway, 3).await;
    assert_eq!(times(&gateway, "config.reloaded"), 4, "the file alone changed nothing while it was off");
}

#[tokio::test]
async fn a_broken_file_restarts_nothing() {
    let gateway = Gateway::start(allowed()).await;
    let good = gateway.settings();
    std::fs::write(gateway.state().join("callboard.json"), "{ broken").expect("the config");
    gateway.logged(&["config.refused"]).await;
    gateway.signal(Signal::SIGUSR1);
    gateway.logged(&["gateway.restart_refused"]).await;
    gateway.ready("gateway").await;
    gateway.configure(&good);
    gateway.signal(Signal::SIGUSR1);
    next_life(&gateway, 2).await;
}

#[tokio::test]
async fn a_stop_during_a_restart_stops() {
    let slow = "steps: [{ do: [{ waitMs: 3000 }, echo] }]";
    let mut rig = Rig::scripted(json!({}), allowed(), slow).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.acknowledged(1).await;
    rig.gateway.signal(Signal::SIGUSR1);
    rig.gateway.logged(&["gateway.draining"]).await;
    rig.gateway.signal(Signal::SIGTERM);
    assert_eq!(rig.gateway.ended().await, Some(0));
    assert_eq!(times(&rig.gateway, "gateway.listening"), 1);
}

#[tokio::test]
async fn nothing_is_left_of_lives_that_are_over() {
    let rig = Rig::with(json!({}), allowed()).await;
    let process = async || {
        let page = rig.gateway.metric("process_threads").await;
        (page, rig.gateway.metric("process_open_fds").await)
    };
    // The first one has not yet opened everything that a life opens.
    rig.gateway.signal(Signal::SIGUSR1);
    next_life(&rig.gateway, 2).await;
    rig.gateway.ready("all").await;
    let (threads, fds) = process().await;
    for life in 3..6 {
        rig.gateway.signal(Signal::SIGUSR1);
        next_life(&rig.gateway, life).await;
        rig.gateway.ready("all").await;
    }
    until("as few threads and files as after one restart", async || {
        let now = process().await;
        (now.0 <= threads && now.1 <= fds + 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn uptime_is_the_process_s() {
    let gateway = Gateway::start(allowed()).await;
    let uptime = async || gateway.metric("gateway_uptime_seconds").await;
    until("a second of uptime", async || (uptime().await >= 1).then_some(())).await;
    gateway.signal(Signal::SIGUSR1);
    next_life(&gateway, 2).await;
    assert!(uptime().await >= 1, "a life of its own has none yet");
}

#[tokio::test]
async fn a_change_while_it_drains_is_not_lost() {
    let slow = "steps: [{ do: [{ waitMs: 60000 }, echo] }]";
    let settings = json!({ "commands": { "restart": true }, "gateway": { "drainSec": 2, "reload": { "debounceMs": 0 } } });
    let rig = Rig::scripted(json!({}), settings, slow).await;
    rig.platform.publish(direct("m1", "wxid_ann", "hello")).await;
    rig.acknowledged(1).await;
    rig.gateway.signal(Signal::SIGUSR1);
    rig.gateway.logged(&["gateway.draining"]).await;
    rig.change(json!({ "session": { "passivateSec": 9 } }));
    assert_eq!(times(&rig.gateway, "gateway.listening"), 1, "it was written while the turn was waited for");
    next_life(&rig.gateway, 2).await;
    eventually("the change", || times(&rig.gateway, "config.reloaded") == 1).await;
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused_before_anything_is_drained() {
    let gateway = Gateway::start(json!({})).await;
    gateway.change(json!({ "gateway": { "bind": "custom", "customBindHost": "192.0.2.7" } }));
    gateway.logged(&["gateway.restart_refused", "goes on as it is", "192.0.2.7"]).await;
    gateway.ready("gateway").await;
    assert_eq!(times(&gateway, "gateway.draining"), 0);
}

#[tokio::test]
async fn an_address_that_somebody_else_has_part_of_leaves_the_old_one_and_its_rules() {
    let gateway = Gateway::start(json!({})).await;
    let port: u16 = gateway.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let _other = std::net::TcpListener::bind(("127.0.0.2", port)).expect("the port at another address");
    gateway.change(json!({ "gateway": { "bind": "lan" } }));
    gateway.logged(&["gateway.address_kept", "127.0.0.1"]).await;
    next_life(&gateway, 2).await;
    // Who listens on the loopback only goes by no other name.
    let get = reqwest::Client::new().get(format!("{}/admin/actors", gateway.url)).bearer_auth(TOKEN);
    let answer = get.header("host", "board.example").send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 403);
}
