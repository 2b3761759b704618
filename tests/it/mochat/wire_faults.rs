//! The client of Socket.IO when things break.

use std::time::Duration;

use callboard_actors::socketio::{CloseReason, Closed, EmitError, Event, Fault, Parser, Parsers, Session, Transport, Way};
use serde_json::json;

use super::rig::{CALL, closed, echo, message, next, only, open, options, platform};
use crate::harness::mochat::Mochat;
use crate::harness::until;

/// How a session ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Kick,
    Drop,
    HangUp,
    Down,
    Freeze,
}

async fn end(platform: &Mochat, end: End) {
    match end {
        End::Kick => assert_eq!(platform.kick().await, 1),
        End::Drop => {
            platform.drop_all().await;
        }
        End::HangUp => assert_eq!(platform.hang_up().await, 1),
        End::Down => platform.down().await,
        End::Freeze => platform.freeze(),
    }
}

fn is_expected(end: End, closed: &Closed) -> bool {
    match end {
        End::Kick => closed.reason == CloseReason::Kicked,
        End::Drop | End::Down => matches!(closed.reason, CloseReason::Broken(_)),
        End::HangUp => matches!(closed.reason, CloseReason::ServerClosed { .. }),
        End::Freeze => matches!(closed.reason, CloseReason::Silent { .. }),
    }
}

#[tokio::test]
async fn every_end_is_told_with_its_reason() {
    for transport in [Transport::WebSocket, Transport::Polling] {
        for how in [End::Kick, End::Drop, End::HangUp, End::Down, End::Freeze] {
            let platform = platform(Parser::Msgpack).await;
            if matches!(how, End::Freeze) {
                platform.options(json!({ "pingInterval": 300, "pingTimeout": 2_000 })).await;
            }
            let mut session = open(&options(&platform, only(transport), Parsers::Only(Parser::Msgpack))).await;
            assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
            // A poll has to be under way, for it to be cut.
            until("a poll", async || {
                (transport == Transport::WebSocket || platform.happened("polling GET").await >= 2).then_some(())
            })
            .await;
            end(&platform, how).await;
            let closed = closed(&mut session).await;
            assert!(is_expected(how, &closed), "{transport:?} {how:?}: {closed:?}");
            assert_eq!(closed.transport, transport);
            platform.thaw();
        }
    }
}

#[tokio::test]
async fn whoever_waits_for_an_acknowledgement_hears_of_the_end() {
    let platform = platform(Parser::Json).await;
    let session = open(&options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json))).await;
    platform.set(json!({ "acks": "none" })).await;
    let emitter = session.emitter();
    let call = emitter.emit_with_ack("echo", vec![], Duration::from_secs(3600));
    let cut = async {
        until("the call", async || (platform.happened("emit echo").await == 1).then_some(())).await;
        platform.drop_all().await;
    };
    let (answer, ()) = tokio::join!(call, cut);
    assert_eq!(answer, Err(EmitError::Closed));
}

#[tokio::test]
async fn polling_steps_in_where_websocket_cannot_be_had() {
    let platform = platform(Parser::Msgpack).await;
    for fault in ["refuse", "reset", "hang", "mute", "cut", "cut-open"] {
        platform.set(json!({ "websocket": fault })).await;
        let mut options = options(&platform, Way::WebSocketFirst, Parsers::First(Parser::Msgpack));
        options.limits.websocket_timeout = Duration::from_millis(300);
        let session = open(&options).await;
        let opened = session.opened();
        assert_eq!((opened.transport, opened.parser), (Transport::Polling, Parser::Msgpack), "{fault}");
        assert_eq!(opened.tried.len(), 1, "{fault}: {:?}", opened.tried);
        let tried = &opened.tried[0].fault;
        match fault {
            "refuse" => assert_eq!(*tried, Fault::Status { status: 503, said: "not allowed".to_owned() }),
            "hang" | "mute" => assert!(matches!(tried, Fault::TimedOut(_)), "{tried:?}"),
            _ => assert!(matches!(tried, Fault::Cut(_) | Fault::Unreachable(_)), "{fault}: {tried:?}"),
        }
        assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
    }
}

/// A server that knows one transport only says so.
#[tokio::test]
async fn one_transport_is_enough() {
    for transport in [Transport::WebSocket, Transport::Polling] {
        let platform = Mochat::start_with(json!({ "transports": [transport.name()] })).await;
        for way in [Way::WebSocketFirst, Way::PollingFirst] {
            let session = open(&options(&platform, way, Parsers::Only(Parser::Msgpack))).await;
            assert_eq!(session.opened().transport, transport, "{way:?}");
            assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
        }
    }
}

#[tokio::test]
async fn what_is_no_server_is_told_by_what_it_answers() {
    let platform = platform(Parser::Json).await;
    platform.set(json!({ "polling": "html", "websocket": "refuse" })).await;
    let options = options(&platform, Way::WebSocketFirst, Parsers::First(Parser::Json));
    let error = Session::open(&options).await.expect_err("a page");
    assert!(matches!(error.fault, Fault::Foreign(_)), "{error}");
    platform.set(json!({ "polling": "refuse" })).await;
    let error = Session::open(&options).await.expect_err("refused");
    assert_eq!(error.to_string(), "websocket: HTTP 503: not allowed; polling: HTTP 503: no polling here");
    platform.down().await;
    let error = Session::open(&options).await.expect_err("nobody");
    assert!(matches!(error.fault, Fault::Unreachable(_)), "{error}");
    assert_eq!(error.tried.len(), 2);
    platform.up().await;
    platform.heal().await;
    assert_eq!(echo(&open(&options).await, vec![json!(1)]).await, [json!(1)]);
}

/// Whoever reads slowly holds the server back and loses nothing; whoever does not read at all ends the session.
#[tokio::test]
async fn a_full_queue_holds_the_server_back_then_ends_the_session() {
    let platform = platform(Parser::Msgpack).await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut options = options(&platform, only(transport), Parsers::Only(Parser::Msgpack));
        options.limits.events_max = 8;
        let mut session = open(&options).await;
        for number in 0..100 {
            platform.order("emit", json!({ "event": "number", "args": [number] })).await;
        }
        for number in 0..100 {
            assert_eq!(message(&mut session).await.args, [json!(number)], "{transport:?}");
        }
        session.close(CALL).await;
        options.limits.hold_max = Duration::from_millis(100);
        let mut session = open(&options).await;
        for number in 0..20 {
            platform.order("emit", json!({ "event": "number", "args": [number] })).await;
        }
        platform.connected(0).await;
        for number in 0..8 {
            assert_eq!(message(&mut session).await.args, [json!(number)], "{transport:?}");
        }
        assert!(matches!(next(&mut session).await, Event::Closed(Closed { reason: CloseReason::Overrun { waiting: 8 }, .. })));
    }
}

/// Whoever stands still until an acknowledgement comes does not read events meanwhile: it comes behind them all the same.
#[tokio::test]
async fn an_acknowledgement_is_heard_behind_a_full_queue() {
    let platform = platform(Parser::Json).await;
    let mut options = options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json));
    options.limits.events_max = 8;
    let mut session = open(&options).await;
    for number in 0..12 {
        platform.order("emit", json!({ "event": "number", "args": [number] })).await;
    }
    assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
    for number in 0..12 {
        assert_eq!(message(&mut session).await.args, [json!(number)]);
    }
}

#[tokio::test]
async fn more_than_the_bound_at_once_ends_the_session() {
    let platform = platform(Parser::Msgpack).await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut options = options(&platform, only(transport), Parsers::Only(Parser::Msgpack));
        options.limits.message_bytes_max = 10_000;
        options.limits.payload_bytes_max = 20_000;
        let mut session = open(&options).await;
        platform.order("emit", json!({ "event": "large", "args": ["x".repeat(30_000)] })).await;
        let closed = closed(&mut session).await;
        assert!(matches!(closed.reason, CloseReason::Unreadable(_)), "{transport:?}: {closed:?}");
    }
}
