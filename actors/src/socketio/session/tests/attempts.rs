//! What is tried in which order.

use serde_json::Value;

use super::super::event::Attempt;
use super::super::open::next_attempt;
use crate::socketio::Fault;
use crate::socketio::options::{Parser, Parsers, Transport, Way};

const WS_PACK: (Transport, Parser) = (Transport::WebSocket, Parser::Msgpack);
const WS_JSON: (Transport, Parser) = (Transport::WebSocket, Parser::Json);
const POLL_PACK: (Transport, Parser) = (Transport::Polling, Parser::Msgpack);
const POLL_JSON: (Transport, Parser) = (Transport::Polling, Parser::Json);

/// How the attempts fail.
type Faults<'a> = &'a [Fault];
/// What is tried.
type Expected<'a> = &'a [(Transport, Parser)];

/// Has each attempt fail by what comes next, the last fault again and again; returns the attempts.
fn attempts(way: Way, parsers: Parsers, faults: &[Fault]) -> Vec<(Transport, Parser)> {
    let mut tried = Vec::new();
    while let Some((transport, parser)) = next_attempt(way, parsers, &tried) {
        let fault = faults.get(tried.len()).or(faults.last()).expect("a fault").clone();
        tried.push(Attempt { transport, parser, fault });
        assert!(tried.len() <= 4, "{tried:?}");
    }
    tried.iter().map(|attempt| (attempt.transport, attempt.parser)).collect()
}

#[test]
fn parsers_change_before_transports_and_nothing_is_tried_twice() {
    let first = Parsers::First(Parser::Msgpack);
    let status = || Fault::Status { status: 503, said: String::new() };
    let refused = || Fault::Refused { message: String::new(), data: Value::Null };
    let cases: [(Way, Parsers, Faults, Expected); 13] = [
        (Way::WebSocketFirst, first, &[Fault::Dropped], &[WS_PACK, WS_JSON, POLL_PACK, POLL_JSON]),
        (Way::WebSocketFirst, first, &[status()], &[WS_PACK, POLL_PACK]),
        (Way::WebSocketFirst, first, &[status(), Fault::Dropped], &[WS_PACK, POLL_PACK, POLL_JSON]),
        (Way::WebSocketFirst, first, &[Fault::Dropped, status()], &[WS_PACK, WS_JSON, POLL_PACK]),
        (Way::WebSocketFirst, first, &[Fault::TimedOut("it")], &[WS_PACK, POLL_PACK]),
        (Way::WebSocketFirst, first, &[refused()], &[WS_PACK]),
        (Way::WebSocketFirst, first, &[Fault::Unanswered], &[WS_PACK, POLL_PACK]),
        (Way::PollingFirst, first, &[Fault::Unanswered], &[POLL_PACK]),
        (Way::WebSocketFirst, first, &[Fault::Dropped, refused()], &[WS_PACK, WS_JSON]),
        (Way::WebSocketFirst, Parsers::Only(Parser::Json), &[Fault::Dropped], &[WS_JSON, POLL_JSON]),
        (Way::PollingFirst, first, &[Fault::Dropped], &[POLL_PACK, POLL_JSON, WS_PACK, WS_JSON]),
        (Way::WebSocketOnly, first, &[Fault::Dropped], &[WS_PACK, WS_JSON]),
        (Way::PollingOnly, first, &[status()], &[POLL_PACK]),
    ];
    for (way, parsers, faults, expected) in cases {
        assert_eq!(attempts(way, parsers, faults), expected, "{way:?} {parsers:?} {faults:?}");
    }
}
