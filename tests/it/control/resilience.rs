//! What clients notice of failures: as little as can be, and never a loss.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::harness::control::{Came, ControlClient};
use crate::harness::gateway::Gateway;
use crate::harness::rig::{Rig, all_said};
use crate::harness::socket_platform::direct;
use crate::harness::until;

/// Connects; answers with the connection's name too.
async fn connect(gateway: &Gateway) -> (ControlClient, String) {
    let mut client = ControlClient::open(gateway).await;
    let hello = client.hello(json!({})).await.expect("hello-ok");
    let conn = hello["server"]["connId"].as_str().expect("a name").to_owned();
    (client, conn)
}

/// Lets a client's actor fail behind its open socket, and looks that the client goes on.
async fn client_survives(kind: &str) {
    let gateway = Gateway::start(json!({ "supervision": { "stuckSec": 1, "backoffBaseMs": 50 } })).await;
    let (mut client, conn) = connect(&gateway).await;
    let (mut other, _) = connect(&gateway).await;
    let id = format!("client:{conn}");
    let path = format!("/admin/actors/{id}/fault");
    gateway.expect(202, Method::POST, &path, Some(json!({ "kind": kind }))).await;
    // Events do not pass through the actor: they come whether or not it is back.
    other.call("system-event", json!({ "text": "here", "host": "somewhere" })).await.expect("ok");
    let is_told = |frame: &Value| frame["event"] == "presence" && frame["payload"].to_string().contains("somewhere");
    assert!(client.until(is_told).await["seq"].is_u64());
    until("the actor is back", async || {
        let actor = gateway.actor(&id).await;
        (actor["state"] == "running" && actor["restarts"].as_u64() >= Some(1)).then_some(())
    })
    .await;
    client.call("health", json!({})).await.expect("health");
    other.call("health", json!({})).await.expect("health");
}

#[tokio::test]
async fn a_client_whose_actor_panics_goes_on() {
    client_survives("panic").await;
}

#[tokio::test]
async fn a_client_whose_actor_hangs_goes_on() {
    client_survives("hang").await;
}

#[tokio::test]
async fn a_client_whose_actor_blocks_its_thread_goes_on() {
    client_survives("block").await;
}

#[tokio::test]
async fn a_client_whose_actor_ends_by_itself_goes_on() {
    client_survives("stop").await;
}

const CLIENTS: usize = 100;
const CHATS: usize = 5;

/// Restarts a gateway under many clients, with turns that run and turns that wait.
async fn restart_is_survived(signal: Signal) {
    let script = "steps: [{ do: [{ waitMs: 400 }, echo] }]";
    let mut rig = Rig::scripted(json!({}), json!({ "commands": { "restart": true } }), script).await;
    let clients: Vec<_> = join_all((0..CLIENTS).map(|_| ControlClient::connect(&rig.gateway))).await;
    for number in 0..2 * CHATS {
        let chat = format!("wxid_{}", number % CHATS);
        rig.platform.publish(direct(&format!("m{number}"), &chat, &format!("text {number}"))).await;
    }
    rig.acknowledged(2 * CHATS).await;
    rig.gateway.signal(signal);
    let ends = join_all(clients.into_iter().map(|mut client| async move {
        let told = client.event("shutdown").await["payload"].clone();
        (told, client.closed().await)
    }))
    .await;
    let told = match signal {
        Signal::SIGTERM => json!({ "reason": "gateway stopping", "restartExpectedMs": null }),
        _ => json!({ "reason": "gateway restarting", "restartExpectedMs": 1500 }),
    };
    for end in ends {
        assert_eq!(end, (told.clone(), (1012, "service restart".to_owned())));
    }
    if signal == Signal::SIGTERM {
        assert_eq!(rig.gateway.ended().await, Some(0));
        rig.gateway.again().await;
    }
    // What goes down is not ready, so this is the next life.
    rig.gateway.ready("all").await;
    let mut clients = join_all((0..CLIENTS).map(|_| ControlClient::connect(&rig.gateway))).await;
    let answers = join_all(clients.iter_mut().map(|client| client.call("health", json!({})))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    rig.platform.wait_for_sent(2 * CHATS).await;
    rig.settled().await;
    let expected: Vec<_> =
        (0..CHATS).flat_map(|chat| [chat, chat + CHATS].map(|number| format!("wxid_{chat}: text {number}"))).collect();
    assert_eq!(all_said(&rig.platform), expected);
}

#[tokio::test]
async fn a_stop_and_a_start_lose_no_client_and_no_turn() {
    restart_is_survived(Signal::SIGTERM).await;
}

#[tokio::test]
async fn a_restart_within_the_process_loses_no_client_and_no_turn() {
    restart_is_survived(Signal::SIGUSR1).await;
}

const READERS: usize = 8;
const SLEEPERS: usize = 20;
/// How long those that do not read may stay.
const CUT_WITHIN: Duration = Duration::from_secs(60);

/// Reads until told to stop, and then what was told before; answers with the stamps of health, which is never left out.
async fn read(mut client: ControlClient, mut stop: watch::Receiver<bool>) -> BTreeSet<u64> {
    let (mut stamps, mut last) = (BTreeSet::new(), 0);
    let mut asked = None;
    loop {
        let frame = tokio::select! {
            came = client.came() => match came {
                Came::Frame(frame) => frame,
                Came::Closed(code, reason) => panic!("one that reads was closed: {code} {reason}"),
            },
            () = async { drop(stop.wait_for(|stop| *stop).await) }, if asked.is_none() => {
                asked = Some(client.send("last-heartbeat", json!({})).await);
                continue;
            }
        };
        if asked.is_some() && frame["id"].as_str() == asked.as_deref() {
            return stamps;
        }
        if let Some(seq) = frame["seq"].as_u64() {
            assert!(seq > last, "{seq} after {last}");
            last = seq;
            if frame["event"] == "health" {
                stamps.insert(seq);
            }
        }
    }
}

#[tokio::test]
async fn those_that_do_not_read_are_cut_and_the_others_miss_nothing() {
    let gateway = Gateway::start(json!({ "logging": { "level": "info" } })).await;
    let mut sleepers = Vec::new();
    let mut asleep = BTreeSet::new();
    for _ in 0..SLEEPERS {
        let (client, conn) = connect(&gateway).await;
        asleep.insert(format!("client:{conn}"));
        sleepers.push(client);
    }
    let (stop, stopped) = watch::channel(false);
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(tokio::spawn(read(ControlClient::connect(&gateway).await, stopped.clone())));
    }
    let (mut driver, _) = connect(&gateway).await;
    let driving = tokio::spawn(read(ControlClient::connect(&gateway).await, stopped));
    let words = vec!["x".repeat(512); 16];
    let begun = std::time::Instant::now();
    for number in 0_usize.. {
        let machine = json!({ "text": "here", "host": format!("m{}", number % 20), "tags": words, "roles": words });
        driver.call("system-event", machine).await.expect("ok");
        // Who comes has everybody told of health.
        drop(ControlClient::connect(&gateway).await);
        let list = gateway.get("/admin/actors").await;
        let there = list["actors"].as_array().expect("a list").iter().filter_map(|actor| actor["id"].as_str());
        if !there.into_iter().any(|id| asleep.contains(id)) {
            break;
        }
        assert!(begun.elapsed() < CUT_WITHIN, "some that do not read are still there");
    }
    stop.send(true).expect("they read");
    let mut heard = vec![driving.await.expect("a reader")];
    for reader in readers {
        heard.push(reader.await.expect("a reader"));
    }
    let from = heard.iter().filter_map(|stamps| stamps.first()).max().expect("health");
    let to = heard.iter().filter_map(|stamps| stamps.last()).min().expect("health");
    let common: Vec<Vec<_>> = heard.iter().map(|stamps| stamps.range(from..=to).collect()).collect();
    assert!(common[0].len() > 3, "{common:?}");
    assert!(common.iter().all(|stamps| *stamps == common[0]), "{common:?}");
    drop(sleepers);
}
