//! From polling to WebSocket while the session stands.

use std::time::Duration;

use callboard_actors::socketio::{Event, Parser, Parsers, Probe, Session, Transport, Way};
use serde_json::{Value, json};

use super::rig::{PARSERS, echo, next, open, options, platform};
use crate::harness::until;

#[tokio::test]
async fn a_session_that_begins_by_polling_is_upgraded() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        let mut options = options(&platform, Way::PollingFirst, Parsers::Only(parser));
        options.probe = Probe::After(Duration::ZERO);
        let mut session = open(&options).await;
        assert_eq!(session.opened().transport, Transport::Polling);
        assert_eq!(next(&mut session).await, Event::TransportChanged(Transport::WebSocket));
        assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
        assert_eq!(platform.sockets().await[0]["transport"], "websocket");
        assert_eq!(platform.happened("connect").await, 1, "it is the same session");
    }
}

#[tokio::test]
async fn websocket_is_probed_again_until_it_can_be_had() {
    let platform = platform(Parser::Msgpack).await;
    for fault in ["refuse", "reset", "hang", "mute", "cut"] {
        platform.set(json!({ "websocket": fault })).await;
        let mut options = options(&platform, Way::WebSocketFirst, Parsers::First(Parser::Msgpack));
        options.limits.websocket_timeout = Duration::from_millis(300);
        options.probe = Probe::After(Duration::from_millis(1));
        let mut session = open(&options).await;
        assert_eq!(session.opened().transport, Transport::Polling);
        let Event::ProbeFailed { again_in, .. } = next(&mut session).await else { panic!("the probe has to fail: {fault}") };
        assert_eq!(again_in, Duration::from_secs(1), "{fault}");
        assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)], "{fault}");
        platform.heal().await;
        upgraded(&mut session).await;
        assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)], "{fault}");
    }
}

/// Waits until WebSocket has taken over; a machine under load may fail a probe that has little time.
async fn upgraded(session: &mut Session) {
    loop {
        match next(session).await {
            Event::TransportChanged(Transport::WebSocket) => return,
            Event::ProbeFailed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Both sides talk all the time, before, while and after WebSocket takes over: each word is heard once, in order.
#[tokio::test]
async fn nothing_is_lost_or_doubled_over_an_upgrade() {
    const WORDS: usize = 200;
    for parser in PARSERS {
        let platform = platform(parser).await;
        let mut options = options(&platform, Way::PollingFirst, Parsers::Only(parser));
        options.probe = Probe::After(Duration::from_millis(30));
        options.limits.events_max = 1000;
        let mut session = open(&options).await;
        let emitter = session.emitter();
        let to_us = async {
            for number in 0..WORDS {
                platform.order("emit", json!({ "event": "number", "args": [number] })).await;
            }
        };
        let to_them = async {
            for number in 0..WORDS {
                emitter.emit("number", vec![json!(number)]).await.expect("taken");
                // The other side's turn.
                tokio::task::yield_now().await;
            }
        };
        let (heard, (), ()) = tokio::join!(words(&mut session, WORDS), to_us, to_them);
        let expected: Vec<_> = (0..WORDS).map(|number| json!(number)).collect();
        assert_eq!(heard, expected, "{parser:?}");
        until("all words", async || (platform.happened("emit number").await >= WORDS as u64).then_some(())).await;
        let said: Vec<_> = platform.journal("emit").await.iter().map(|entry| entry["args"][0].clone()).collect();
        assert_eq!(said, expected, "{parser:?}");
        assert_eq!(platform.sockets().await[0]["transport"], "websocket");
    }
}

/// Returns so many words of the server; the change of the transport has to come as well, once.
async fn words(session: &mut Session, count: usize) -> Vec<Value> {
    let (mut heard, mut changes) = (Vec::new(), 0);
    while heard.len() < count || changes == 0 {
        match next(session).await {
            Event::Message(mut incoming) => heard.push(incoming.args.swap_remove(0)),
            Event::TransportChanged(Transport::WebSocket) => changes += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(changes, 1);
    heard
}

/// What balances load finds the same server again by the cookies of the first answer.
#[tokio::test]
async fn cookies_of_the_first_answer_come_back_with_every_request() {
    let platform = platform(Parser::Json).await;
    platform.options(json!({ "cookie": { "name": "io" } })).await;
    let mut options = options(&platform, Way::PollingFirst, Parsers::Only(Parser::Json));
    options.probe = Probe::After(Duration::ZERO);
    let mut session = open(&options).await;
    assert_eq!(next(&mut session).await, Event::TransportChanged(Transport::WebSocket));
    let (polls, probes) = (platform.journal("polling").await, platform.journal("probe").await);
    assert_eq!(polls[0]["cookie"], Value::Null, "the first one has none");
    let cookies: Vec<_> = polls.iter().skip(1).chain(&probes).map(|entry| entry["cookie"].as_str().unwrap_or("")).collect();
    assert!(cookies.len() >= 3 && probes.len() == 1, "{cookies:?}");
    assert!(cookies.iter().all(|cookie| cookie.starts_with("io=") && *cookie == cookies[0]), "{cookies:?}");
}
