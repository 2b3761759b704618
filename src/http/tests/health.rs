//! What is said of health.

use callboard_actors::core::ActorKind;
use callboard_actors::message::{Code, LinkState, LinkStatus};
use serde_json::json;

use super::client::{get, request};
use super::rig::Rig;
use crate::http::Phase;

#[actix_web::test]
async fn ready_follows_the_phase() {
    let rig = Rig::new().await;
    for (phase, state) in [(Phase::Starting, "starting"), (Phase::Draining, "draining")] {
        rig.readiness.set(phase);
        let answer = request(rig.at, "GET", "/readyz", &[], "").await;
        assert_eq!(answer.status, 503);
        let reason = json!({ "id": "gateway", "state": state, "link": null, "code": "unavailable" });
        assert_eq!(answer.json(), json!({ "ready": false, "reasons": [reason] }));
    }
    rig.readiness.set(Phase::Ready);
    assert_eq!(request(rig.at, "GET", "/readyz", &[], "").await.json(), json!({ "ready": true, "reasons": [] }));
    assert_eq!(request(rig.at, "HEAD", "/readyz", &[], "").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn texts_are_only_for_who_has_the_token() {
    let rig = Rig::new().await;
    *rig.store.trouble.lock().unwrap() = Some((Code::StoreUnavailable, "disk full on /var/lib/secret-place".into()));
    let anonymous = request(rig.at, "GET", "/readyz", &[], "").await;
    assert_eq!(anonymous.status, 503);
    assert!(!anonymous.body.contains("secret-place"));
    let known = get(rig.at, "/readyz").await;
    assert_eq!(known.status, 503);
    assert_eq!(known.json()["reasons"][0]["text"], "disk full on /var/lib/secret-place");
    rig.stop().await;
}

/// A part that fails costs some of what the gateway does: it is shown, and does not take the gateway out of service.
#[actix_web::test]
async fn a_part_that_fails_is_a_reason_until_it_is_mended() {
    let rig = Rig::new().await;
    rig.readiness.trouble("archive", Some("the disk is full".into()));
    rig.readiness.trouble("archive", Some("the disk is still full".into()));
    let known = get(rig.at, "/readyz").await;
    let reason = json!({ "id": "archive", "state": "failing", "link": null, "code": "store_unavailable", "text": "the disk is still full" });
    assert_eq!((known.status, &known.json()["reasons"]), (503, &json!([reason])));
    assert_eq!(request(rig.at, "GET", "/readyz?scope=gateway", &[], "").await.status, 200);
    rig.readiness.trouble("archive", None);
    assert_eq!(request(rig.at, "GET", "/readyz", &[], "").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn an_enabled_channel_whose_link_is_not_up_is_a_reason() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.channels.add("spare", false);
    rig.channels.set_link("default", LinkStatus::because(LinkState::Blocked, Code::BadCredentials, "refused"));
    rig.actor("channel:socket-chat:default", ActorKind::Channel).await;
    let answer = request(rig.at, "GET", "/readyz", &[], "").await;
    let reason = json!({
        "id": "channel:socket-chat:default", "state": "running", "link": "blocked", "code": "bad_credentials"
    });
    assert_eq!(answer.json()["reasons"], json!([reason]));
    assert_eq!(request(rig.at, "GET", "/readyz?scope=gateway", &[], "").await.status, 200);
    let error = request(rig.at, "GET", "/readyz?scope=galaxy", &[], "").await.error(400, "invalid_request");
    assert_eq!(error["param"], "scope");
    rig.channels.set_link("default", LinkStatus::plain(LinkState::Up));
    assert_eq!(request(rig.at, "GET", "/readyz", &[], "").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn a_link_that_was_up_when_its_actor_stopped_is_up_no_longer() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.channels.set_link("default", LinkStatus::plain(LinkState::Up));
    let answer = request(rig.at, "GET", "/readyz", &[], "").await;
    assert_eq!((answer.status, &answer.json()["reasons"][0]["code"]), (503, &json!("link_down")));
    rig.stop().await;
}

#[actix_web::test]
async fn metrics_are_readable_and_labelled_by_kind_channel_and_account_only() {
    let rig = Rig::new().await;
    rig.channels.add("default", true);
    rig.actor("channel:socket-chat:default", ActorKind::Channel).await;
    let key = callboard_actors::message::AccountKey::new("socket-chat", "quo\"te");
    rig.gateway.counters.account(&key).outbox_resent.add(2);
    get(rig.at, "/nothing").await;
    let page = get(rig.at, "/metrics").await;
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let samples: Vec<_> = page.body.lines().filter(|line| !line.starts_with('#')).collect();
    for line in &samples {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        for label in series.split_once('{').map_or("", |(_, labels)| labels).split("\",").filter(|label| !label.is_empty()) {
            let name = label.split('=').next().unwrap();
            assert!(["kind", "channel", "account"].contains(&name), "{line}");
        }
    }
    for wanted in [
        "callboard_outbox_resent_total{channel=\"socket-chat\",account=\"quo\\\"te\"} 2",
        "callboard_actors_running{kind=\"channel\"} 1",
        "callboard_store_inbox_open_rows 3",
        "callboard_link_up{channel=\"socket-chat\",account=\"default\"} 0",
        "callboard_http_client_errors_total 1",
    ] {
        assert!(samples.contains(&wanted), "{wanted} is not in\n{}", page.body);
    }
    rig.stop().await;
}
