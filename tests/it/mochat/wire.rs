//! The client of Socket.IO against a real server: both transports, both parsers.

use callboard_actors::socketio::{
    CloseReason, EmitError, Event, Fault, Limits, Options, Parser, Parsers, Session, Transport, Way, as_binary, binary,
};
use serde_json::{Value, json};
use std::time::Duration;

use super::rig::{CALL, PARSERS, closed, echo, message, next, only, open, options, platform, subscribe};
use crate::harness::mochat::{Mochat, TOKEN};

const TRANSPORTS: [Transport; 2] = [Transport::WebSocket, Transport::Polling];

#[tokio::test]
async fn every_transport_with_every_parser_subscribes_and_hears() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        platform.session("session_1").await;
        platform.say(json!({ "sessionId": "session_1", "content": "before" })).await;
        for transport in TRANSPORTS {
            let mut session = open(&options(&platform, only(transport), Parsers::Only(parser))).await;
            let opened = session.opened();
            assert_eq!((opened.transport, opened.parser, opened.tried.len()), (transport, parser, 0));
            assert!(!opened.sid.is_empty());
            let ack = subscribe(&session, &["session_1"]).await;
            assert_eq!(ack["data"]["sessions"][0]["events"][0]["payload"]["content"], "before", "{ack}");
            let id = platform.say(json!({ "sessionId": "session_1", "content": "häé 🎭" })).await;
            let heard = message(&mut session).await;
            assert_eq!((heard.name.as_str(), heard.ack), ("claw.session.events", None));
            let payload = &heard.args[0]["events"][0]["payload"];
            assert_eq!((&payload["messageId"], &payload["content"]), (&json!(id), &json!("häé 🎭")));
            session.close(CALL).await;
            platform.connected(0).await;
        }
        assert_eq!(platform.journal("disconnect").await.len(), 2, "each said goodbye");
    }
}

/// What only JavaScript has comes as what JSON has for it.
#[tokio::test]
async fn values_of_javascript_are_read() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        for transport in TRANSPORTS {
            let mut session = open(&options(&platform, only(transport), Parsers::Only(parser))).await;
            let said = json!([
                { "at": { "$date": 1_700_000_000_123_i64 }, "none": { "$undefined": true }, "bytes": { "$bytes": "AQID" } },
                [{ "$undefined": true }, null, 1.5, -3, 9_007_199_254_740_991_i64], "text", { "$bytes": "" }
            ]);
            platform.order("emit", json!({ "event": "values", "args": said })).await;
            let heard = message(&mut session).await;
            let expected = json!([
                { "at": "2023-11-14T22:13:20.123Z", "bytes": { "$bytes": "AQID" } },
                [null, null, 1.5, -3, 9_007_199_254_740_991_i64], "text", { "$bytes": "" }
            ]);
            assert_eq!(Value::Array(heard.args), expected, "{parser:?} {transport:?}");
        }
    }
}

#[tokio::test]
async fn acknowledgements_go_both_ways() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        for transport in TRANSPORTS {
            let mut session = open(&options(&platform, only(transport), Parsers::Only(parser))).await;
            let args = vec![json!({ "a": [1, 2.5, null, true] }), json!("ü"), json!([])];
            assert_eq!(echo(&session, args.clone()).await, args);
            assert_eq!(echo(&session, vec![]).await, Vec::<Value>::new());
            let call = platform.order("call", json!({ "event": "question", "args": [7] }));
            let answer = async {
                let heard = message(&mut session).await;
                assert_eq!((heard.name.as_str(), heard.args.as_slice()), ("question", [json!(7)].as_slice()));
                let ack = heard.ack.expect("an acknowledgement is wanted");
                session.emitter().answer(ack, vec![json!({ "done": true })]).await.expect("taken");
            };
            let (answers, ()) = tokio::join!(call, answer);
            assert_eq!(answers["answers"], json!([{ "done": true }]));
            session.close(CALL).await;
            platform.connected(0).await;
        }
    }
}

/// Bytes are bytes to the server, and come back as bytes.
#[tokio::test]
async fn bytes_go_both_ways() {
    let node = |bytes: &[u8]| json!({ "type": "Buffer", "data": bytes });
    for parser in PARSERS {
        let platform = platform(parser).await;
        for transport in TRANSPORTS {
            let mut session = open(&options(&platform, only(transport), Parsers::Only(parser))).await;
            let args = vec![json!({ "a": binary(&[1, 2, 3]), "b": [binary(b""), "text"] }), binary(&[0xff; 3000])];
            assert_eq!(echo(&session, args.clone()).await, args, "{parser:?} {transport:?}");
            let heard = platform.journal("emit").await.last().expect("a call").clone();
            assert_eq!(
                heard["args"][0],
                json!({ "a": node(&[1, 2, 3]), "b": [node(b""), "text"] }),
                "{parser:?} {transport:?}"
            );
            session.emitter().emit("bytes", vec![binary(b"no answer")]).await.expect("taken");
            let call = platform.order("call", json!({ "event": "question", "args": [{ "$bytes": "BwgJ" }] }));
            let answer = async {
                let heard = message(&mut session).await;
                assert_eq!(as_binary(&heard.args[0]), Some(vec![7, 8, 9]));
                let ack = heard.ack.expect("an acknowledgement is wanted");
                session.emitter().answer(ack, vec![binary(&[9, 8])]).await.expect("taken");
            };
            let (answers, ()) = tokio::join!(call, answer);
            assert_eq!(answers["answers"], json!([node(&[9, 8])]), "{parser:?} {transport:?}");
            session.close(CALL).await;
            platform.connected(0).await;
        }
    }
}

#[tokio::test]
async fn an_acknowledgement_that_does_not_come_or_comes_late_is_told() {
    let platform = platform(Parser::Json).await;
    let session = open(&options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json))).await;
    platform.set(json!({ "acks": "none" })).await;
    let wait = Duration::from_millis(50);
    let answer = session.emitter().emit_with_ack("echo", vec![json!(1)], wait).await;
    assert_eq!(answer, Err(EmitError::TimedOut { waited: wait }));
    // The late answer to the first call must not become that of the second.
    platform.set(json!({ "acks": { "lateMs": 300 } })).await;
    let answer = session.emitter().emit_with_ack("echo", vec![json!(2)], wait).await;
    assert_eq!(answer, Err(EmitError::TimedOut { waited: wait }));
    assert_eq!(echo(&session, vec![json!(3)]).await, [json!(3)]);
}

#[tokio::test]
async fn only_so_many_acknowledgements_are_awaited() {
    let platform = platform(Parser::Json).await;
    platform.set(json!({ "acks": "none" })).await;
    let mut options = options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json));
    options.limits = Limits { acks_max: 2, ..Limits::default() };
    let session = open(&options).await;
    let emitter = session.emitter();
    let calls = (0..2).map(|_| {
        let emitter = emitter.clone();
        tokio::spawn(async move { emitter.emit_with_ack("echo", vec![], CALL).await })
    });
    let calls: Vec<_> = calls.collect();
    crate::harness::until("both calls", async || (platform.happened("emit echo").await == 2).then_some(())).await;
    assert_eq!(emitter.emit_with_ack("echo", vec![], CALL).await, Err(EmitError::TooMany { acks_max: 2 }));
    // Whoever gives up leaves room.
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    for call in calls {
        assert!(call.await.is_err_and(|error| error.is_cancelled()));
    }
    platform.set(json!({ "acks": "ok" })).await;
    assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_here_and_what_is_large_passes() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        for transport in TRANSPORTS {
            let session = open(&options(&platform, only(transport), Parsers::Only(parser))).await;
            let large = json!("x".repeat(500_000));
            assert_eq!(echo(&session, vec![large.clone()]).await, [large]);
            let answer = session.emitter().emit("echo", vec![json!("x".repeat(1_100_000))]).await;
            assert!(matches!(answer, Err(EmitError::TooLarge { bytes_max: 1_000_000, .. })), "{answer:?}");
            assert_eq!(echo(&session, vec![json!("still here")]).await, [json!("still here")]);
        }
    }
}

/// Several packets travel in one body, and a body never exceeds what the server takes.
#[tokio::test]
async fn many_large_packets_are_posted_in_order() {
    let platform = platform(Parser::Msgpack).await;
    let session = open(&options(&platform, Way::PollingOnly, Parsers::Only(Parser::Msgpack))).await;
    let emitter = session.emitter();
    for number in 0..20 {
        emitter.emit("echo", vec![json!(number), json!("x".repeat(200_000))]).await.expect("taken");
    }
    assert_eq!(echo(&session, vec![json!("last")]).await, [json!("last")]);
    let heard = platform.journal("emit").await;
    let numbers: Vec<_> = heard.iter().map(|entry| entry["args"][0].clone()).collect();
    let expected: Vec<_> = (0..20).map(|number| json!(number)).chain([json!("last")]).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_custom_path_is_used() {
    let platform = Mochat::start_with(json!({ "path": "/realtime/io", "transports": ["polling", "websocket"] })).await;
    for path in ["/realtime/io", "realtime/io/"] {
        for transport in TRANSPORTS {
            let mut options = options(&platform, only(transport), Parsers::Only(Parser::Msgpack));
            options.endpoint = callboard_actors::socketio::Endpoint::new(&platform.url, path, None).expect("an address");
            open(&options).await.close(CALL).await;
        }
    }
    let wrong = Session::open(&options(&platform, Way::WebSocketFirst, Parsers::Only(Parser::Msgpack))).await;
    let wrong = wrong.expect_err("the default path");
    assert_eq!(wrong.tried.len(), 2, "{wrong}");
    assert!(matches!(wrong.fault, Fault::Status { status: 404, .. }), "{wrong}");
}

#[tokio::test]
async fn the_other_parser_is_tried_where_the_server_closes_without_a_word() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        for transport in TRANSPORTS {
            let first = parser.other();
            let session = open(&options(&platform, only(transport), Parsers::First(first))).await;
            let opened = session.opened();
            assert_eq!((opened.transport, opened.parser), (transport, parser));
            let tried: Vec<_> = opened.tried.iter().map(|attempt| (attempt.parser, &attempt.fault)).collect();
            assert_eq!(tried, [(first, &Fault::Dropped)]);
            assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
            let wrong = Session::open(&options(&platform, only(transport), Parsers::Only(first))).await;
            assert_eq!(wrong.expect_err("no such parser").fault, Fault::Dropped);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_told_apart_and_holds_no_token() {
    for parser in PARSERS {
        let platform = platform(parser).await;
        platform.set(json!({ "auth": "reject" })).await;
        for way in [Way::WebSocketFirst, Way::PollingFirst] {
            let error = Session::open(&options(&platform, way, Parsers::First(parser))).await.expect_err("refused");
            assert_eq!(error.fault, Fault::Refused { message: "Token invalid".to_owned(), data: Value::Null });
            assert_eq!(error.tried.len(), 1, "another way would change nothing: {error}");
        }
        platform.heal().await;
        let mut without = options(&platform, Way::WebSocketOnly, Parsers::Only(parser));
        without.auth = callboard_actors::socketio::Auth::none();
        let error = Session::open(&without).await.expect_err("refused");
        assert_eq!(error.to_string(), "websocket: the server refused the connection: Token cannot be empty");
    }
    let platform = Mochat::start().await;
    let shown = format!("{:?}", options(&platform, Way::WebSocketFirst, Parsers::Only(Parser::Json)));
    assert!(shown.contains("token") && !shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_left_in_time() {
    let platform = platform(Parser::Json).await;
    platform.set(json!({ "auth": "silent" })).await;
    let mut options: Options = options(&platform, Way::WebSocketFirst, Parsers::First(Parser::Json));
    options.limits.connect_timeout = Duration::from_millis(200);
    let error = Session::open(&options).await.expect_err("no answer");
    // Something on the way could have swallowed what went over WebSocket.
    assert_eq!((error.fault, error.tried.len()), (Fault::Unanswered, 2));
}

#[tokio::test]
async fn signs_of_life_are_answered_and_told() {
    let platform = platform(Parser::Json).await;
    platform.options(json!({ "pingInterval": 50, "pingTimeout": 5_000 })).await;
    for transport in TRANSPORTS {
        let mut session = open(&options(&platform, only(transport), Parsers::Only(Parser::Json))).await;
        for _ in 0..5 {
            assert_eq!(session.next().await, Event::Alive);
        }
        assert_eq!(echo(&session, vec![json!(1)]).await, [json!(1)]);
    }
}

#[tokio::test]
async fn a_session_that_is_over_says_so_for_ever() {
    let platform = platform(Parser::Json).await;
    let mut session = open(&options(&platform, Way::WebSocketOnly, Parsers::Only(Parser::Json))).await;
    assert_eq!(platform.kick().await, 1);
    let first = closed(&mut session).await;
    assert_eq!((&first.reason, first.transport), (&CloseReason::Kicked, Transport::WebSocket));
    assert_eq!(next(&mut session).await, Event::Closed(first));
    assert_eq!(session.emitter().emit("echo", vec![]).await, Err(EmitError::Closed));
    assert_eq!(session.emitter().emit_with_ack("echo", vec![], CALL).await, Err(EmitError::Closed));
}
