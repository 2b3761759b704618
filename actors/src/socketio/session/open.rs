//! From nothing to a session, by whatever transport and parser the server lets through.

use serde_json::Value;

use super::event::{Attempt, OpenError, Opened};
use crate::socketio::Fault;
use crate::socketio::fault::shown;
use crate::socketio::frames::{Cut, Engine, Heard};
use crate::socketio::options::{Options, Parser, Parsers, Transport, Way};
use crate::socketio::packets::{Body, Decoder, Packet, Weighed, encode};

/// A namespace that was given.
pub(super) struct Stand {
    pub(super) engine: Engine,
    pub(super) decoder: Decoder,
    pub(super) parser: Parser,
}

/// Opens a session.
///
/// # Errors
/// Says what was tried and why it failed.
pub(super) async fn open(options: &Options) -> Result<(Stand, Opened), OpenError> {
    let mut tried: Vec<Attempt> = Vec::new();
    while let Some((transport, parser)) = next_attempt(options.way, options.parsers, &tried) {
        match attempt(options, transport, parser).await {
            Ok((stand, sid)) => return Ok((stand, Opened { transport, parser, sid, tried })),
            // A server's words may repeat what it was told.
            Err(fault) => tried.push(Attempt { transport, parser, fault: options.auth.hidden_in_fault(fault) }),
        }
    }
    let fault = tried.last().map(|attempt| attempt.fault.clone());
    // There is always a first attempt.
    let fault = fault.unwrap_or_else(|| Fault::Misconfigured("no transport is allowed".to_owned()));
    Err(OpenError { fault, tried })
}

/// Returns what is tried next, if anything. A parser that the server closes on is changed for the other one before the transport is,
/// since that is the far likelier mend; at most four attempts. Pure.
pub(super) fn next_attempt(way: Way, parsers: Parsers, tried: &[Attempt]) -> Option<(Transport, Parser)> {
    let (first, other) = match parsers {
        Parsers::Only(parser) => (parser, None),
        Parsers::First(parser) => (parser, Some(parser.other())),
    };
    let transports: &[Transport] = match way {
        Way::WebSocketFirst => &[Transport::WebSocket, Transport::Polling],
        Way::PollingFirst => &[Transport::Polling, Transport::WebSocket],
        Way::WebSocketOnly => &[Transport::WebSocket],
        Way::PollingOnly => &[Transport::Polling],
    };
    let Some(last) = tried.last() else { return transports.first().map(|transport| (*transport, first)) };
    let untried = |transport: Transport, parser: Parser| {
        !tried.iter().any(|attempt| attempt.transport == transport && attempt.parser == parser)
    };
    let next_transport = || {
        let next = transports.iter().copied().find(|transport| tried.iter().all(|attempt| attempt.transport != *transport));
        next.map(|transport| (transport, first))
    };
    if last.fault == Fault::Dropped {
        let other = other.filter(|other| untried(last.transport, *other)).map(|other| (last.transport, other));
        return other.or_else(next_transport);
    }
    // Something on the way may let a WebSocket's handshake through and swallow what comes behind it.
    let is_swallowed = last.transport == Transport::WebSocket && last.fault == Fault::Unanswered;
    if is_swallowed || last.fault.is_of_transport() { next_transport() } else { None }
}

async fn attempt(options: &Options, transport: Transport, parser: Parser) -> Result<(Stand, String), Fault> {
    let mut engine = Engine::open(options, transport).await?;
    let mut decoder = Decoder::new(parser, options.limits.message_bytes_max);
    let answer =
        options.clock.within(options.limits.connect_timeout, connect(&mut engine, &mut decoder, options, parser)).await;
    match answer.unwrap_or(Err(Fault::Unanswered)) {
        Ok(sid) => {
            engine.begin_probing(options);
            Ok((Stand { engine, decoder, parser }, sid))
        }
        Err(fault) => {
            // A server leaves the connection open when it refuses a namespace.
            engine.close(options.limits.connect_timeout.min(GOODBYE_MAX)).await;
            Err(fault)
        }
    }
}

/// How long a goodbye may take that nobody waits for.
const GOODBYE_MAX: std::time::Duration = std::time::Duration::from_millis(500);

/// Asks for the namespace; returns the id that the server gives it.
async fn connect(engine: &mut Engine, decoder: &mut Decoder, options: &Options, parser: Parser) -> Result<String, Fault> {
    let request = Packet { namespace: options.namespace.clone(), body: Body::Connect { data: options.auth.exposed() } };
    let request = encode(parser, request).map_err(Fault::Misconfigured)?;
    engine.send(request).await.map_err(cut)?;
    loop {
        let step = engine.step().await.map_err(cut)?;
        let Some(Heard::Message(message)) = engine.settle(step).await.map_err(cut)? else { continue };
        // An answer in another language is as good as none: the other parser is tried.
        let packet = decoder.read(message).map_err(|_| Fault::Dropped)?;
        let Some(Weighed { packet: Packet { namespace, body }, .. }) = packet else { continue };
        if namespace != options.namespace {
            continue;
        }
        match body {
            Body::Connect { data } => {
                let sid = data.as_ref().and_then(|data| data.get("sid")).and_then(Value::as_str).unwrap_or_default();
                return Ok(shown(sid));
            }
            Body::ConnectError { data } => return Err(refused(&data)),
            Body::Disconnect => {
                return Err(Fault::Refused { message: "it disconnected at once".to_owned(), data: Value::Null });
            }
            Body::Event { .. } | Body::Ack { .. } => {}
        }
    }
}

fn refused(data: &Value) -> Fault {
    let said = data.as_str().or_else(|| data.get("message").and_then(Value::as_str));
    let more = data.get("data").cloned().unwrap_or_default();
    Fault::Refused { message: said.unwrap_or("without a reason").to_owned(), data: more }
}

fn cut(cut: Cut) -> Fault {
    match cut {
        Cut::Closed(None | Some(1000)) => Fault::Dropped,
        Cut::Unreadable(text) => Fault::Foreign(text),
        other => Fault::Cut(format!("the connection was cut before the session stood: {}", other.into_reason())),
    }
}
