//! How the tests of the wire open sessions and read them.

use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::socketio::{
    Auth, Closed, Endpoint, Event, Incoming, Options, Parser, Parsers, Probe, Session, Transport, Way,
};
use serde_json::{Value, json};

use crate::harness::PATIENCE;
use crate::harness::mochat::{Mochat, TOKEN};

/// How long a call may take.
pub const CALL: Duration = Duration::from_secs(10);
/// Both parsers.
pub const PARSERS: [Parser; 2] = [Parser::Json, Parser::Msgpack];

/// Returns options for a platform, with the agent's token.
pub fn options(platform: &Mochat, way: Way, parsers: Parsers) -> Options {
    let endpoint = Endpoint::new(&platform.url, "/socket.io", None).expect("an address");
    let auth = Auth::none().with("token", TOKEN.to_owned().into());
    Options { way, parsers, probe: Probe::Never, ..Options::new(endpoint, auth, Clock::system()) }
}

/// Starts a platform with a parser and both transports.
pub async fn platform(parser: Parser) -> Mochat {
    Mochat::start_with(json!({ "parser": parser.name(), "transports": ["polling", "websocket"] })).await
}

/// Returns the way that is a transport alone.
pub fn only(transport: Transport) -> Way {
    match transport {
        Transport::WebSocket => Way::WebSocketOnly,
        Transport::Polling => Way::PollingOnly,
    }
}

/// Opens a session, which has to stand.
pub async fn open(options: &Options) -> Session {
    Session::open(options).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the next that a session says, signs of life left out.
pub async fn next(session: &mut Session) -> Event {
    loop {
        match tokio::time::timeout(PATIENCE, session.next()).await.expect("an event in time") {
            Event::Alive => {}
            event => return event,
        }
    }
}

/// Returns the next event of the server, which has to come before anything else.
pub async fn message(session: &mut Session) -> Incoming {
    match next(session).await {
        Event::Message(incoming) => incoming,
        other => panic!("{other:?}"),
    }
}

/// Returns how a session ends; whatever it says before is left out.
pub async fn closed(session: &mut Session) -> Closed {
    loop {
        if let Event::Closed(closed) = next(session).await {
            return closed;
        }
    }
}

/// Subscribes to sessions; returns the acknowledgement.
pub async fn subscribe(session: &Session, ids: &[&str]) -> Value {
    let payload = json!({ "sessionIds": ids, "cursors": {}, "limit": 100 });
    let args = session.emitter().emit_with_ack("com.claw.im.subscribeSessions", vec![payload], CALL).await;
    args.expect("an acknowledgement").swap_remove(0)
}

/// Calls `echo`; returns what comes back.
pub async fn echo(session: &Session, args: Vec<Value>) -> Vec<Value> {
    session.emitter().emit_with_ack("echo", args, CALL).await.expect("an echo")
}
