use std::time::Duration;

use callboard_actors::core::Clock;
use futures_util::FutureExt as _;

use super::RestartHandle;
use crate::config::desk::RestartWish;

fn after(delay_ms: Option<u64>) -> RestartWish {
    RestartWish { delay_ms, ..RestartWish::default() }
}

fn stage() -> (tempfile::TempDir, Clock, RestartHandle) {
    let (state, clock) = (tempfile::tempdir().unwrap(), Clock::manual(1_000));
    let handle = RestartHandle::new(clock.clone(), state.path().to_owned());
    (state, clock, handle)
}

#[tokio::test]
async fn a_restart_comes_when_it_is_due_and_once() {
    let (_state, clock, handle) = stage();
    let due = handle.due();
    let mut due = std::pin::pin!(due);
    assert!(due.as_mut().now_or_never().is_none(), "nobody has asked");
    let ticket = handle.restart("config.patch", &after(Some(500)));
    assert_eq!((ticket.delay_ms, ticket.pid, ticket.signal, ticket.mode), (500, std::process::id(), "SIGUSR1", "emit"));
    assert!(due.as_mut().now_or_never().is_none());
    clock.advance(Duration::from_millis(499));
    assert!(due.as_mut().now_or_never().is_none());
    clock.advance(Duration::from_millis(1));
    assert_eq!(due.await.reason, "config.patch");
    clock.advance(Duration::from_secs(100));
    assert!(handle.due().now_or_never().is_none(), "it was taken");
}

#[tokio::test]
async fn the_sooner_of_two_does_for_both() {
    let (_state, clock, handle) = stage();
    let due = handle.due();
    let mut due = std::pin::pin!(due);
    assert!(due.as_mut().now_or_never().is_none());
    assert_eq!(handle.restart("late", &after(Some(9_000))).delay_ms, 9_000);
    assert!(due.as_mut().now_or_never().is_none());
    assert_eq!(handle.restart("soon", &after(Some(100))).delay_ms, 100);
    clock.advance(Duration::from_millis(40));
    assert_eq!(handle.restart("later", &after(Some(5_000))).delay_ms, 60, "what is left of the sooner one");
    clock.advance(Duration::from_millis(60));
    assert_eq!(due.await.reason, "soon");
    assert!(handle.due().now_or_never().is_none());
}

#[tokio::test]
async fn delays_have_a_bound_and_a_default() {
    let (_state, _clock, handle) = stage();
    assert_eq!(handle.restart("x", &after(Some(u64::MAX))).delay_ms, 60_000);
    assert_eq!(handle.restart("x", &after(None)).delay_ms, 2_000);
    assert_eq!(handle.restart("x", &after(Some(0))).delay_ms, 0);
}

#[test]
fn the_ticket_is_told_in_the_names_of_the_protocol() {
    let (state, _clock, handle) = stage();
    let wish = RestartWish {
        delay_ms: Some(500),
        session_key: Some("main".into()),
        note: Some("hi note".into()),
        ..RestartWish::default()
    };
    let ticket = handle.restart("config.patch", &wish);
    let told = serde_json::to_value(&ticket).unwrap();
    let wanted = serde_json::json!({
        "ok": true, "pid": std::process::id(), "signal": "SIGUSR1", "delayMs": 500, "reason": "config.patch", "mode": "emit",
    });
    assert_eq!(told, wanted);
    let sentinel = serde_json::to_value(ticket.sentinel.unwrap()).unwrap();
    assert_eq!(sentinel["path"], state.path().join("restart-sentinel.json").to_str().unwrap());
    let payload = &sentinel["payload"];
    for (field, value) in [("kind", "config-apply"), ("status", "ok"), ("sessionKey", "main"), ("message", "hi note")] {
        assert_eq!(payload[field], value);
    }
    assert_eq!((&payload["ts"], &payload["stats"]["mode"]), (&serde_json::json!(1_000), &serde_json::json!("config.patch")));
}
