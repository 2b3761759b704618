//! Sessions on a server whose every word a test says by hand: what no real server does.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Raw;

use crate::core::Clock;
use crate::socketio::{Auth, CloseReason, Endpoint, Event, Fault, OpenError, Options, Parser, Parsers, Session, Way};

const HANDSHAKE: &str = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const SECRET: &str = "secret-of-the-session";

struct Server {
    listener: TcpListener,
}

/// The server's end of one WebSocket.
struct Far(WebSocketStream<TcpStream>);

impl Server {
    async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port") }
    }

    fn options(&self, clock: Clock) -> Options {
        let url = format!("ws://{}", self.listener.local_addr().expect("an address"));
        let endpoint = Endpoint::new(&url, "/socket.io", None).expect("an address");
        let auth = Auth::none().with("token", SECRET.to_owned().into());
        let parsers = Parsers::Only(Parser::Json);
        Options { way: Way::WebSocketOnly, parsers, ..Options::new(endpoint, auth, clock) }
    }

    async fn accept(&self) -> Far {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        Far(tokio_tungstenite::accept_async(stream).await.expect("a WebSocket"))
    }

    /// Plays the opening of a session up to its answer.
    async fn open(&self, clock: Clock, answer: &str) -> (Result<Session, OpenError>, Far) {
        let options = self.options(clock);
        let far = async {
            let mut far = self.accept().await;
            far.say(HANDSHAKE).await;
            assert_eq!(far.hear().await, format!(r#"40{{"token":"{SECRET}"}}"#));
            far.say(answer).await;
            far
        };
        tokio::join!(Session::open(&options), far)
    }

    async fn stand(&self, clock: Clock) -> (Session, Far) {
        let (session, far) = self.open(clock, r#"40{"sid":"n"}"#).await;
        (session.expect("a session"), far)
    }
}

impl Far {
    async fn say(&mut self, text: &str) {
        self.0.send(Raw::text(text)).await.expect("it is taken");
    }

    async fn hear(&mut self) -> String {
        self.0.next().await.expect("a frame").expect("a frame").into_text().expect("a text").to_string()
    }
}

#[tokio::test]
async fn silence_is_told_by_the_servers_own_measure() {
    let clock = Clock::manual(0);
    let (mut session, mut far) = Server::start().await.stand(clock.clone()).await;
    clock.advance(Duration::from_millis(44_999));
    far.say("2").await;
    assert_eq!(session.next().await, Event::Alive);
    assert_eq!(far.hear().await, "3");
    // The first look comes in time to see the sign; the second comes 45 s behind it.
    clock.advance(Duration::from_millis(1));
    while clock.waiters() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_millis(44_999));
    let Event::Closed(closed) = session.next().await else { panic!("it has to end") };
    assert_eq!(closed.reason, CloseReason::Silent { waited: Duration::from_secs(45) });
}

#[tokio::test]
async fn words_that_repeat_a_secret_are_told_without_it() {
    let server = Server::start().await;
    let refusal = format!(r#"44{{"message":"the token {SECRET} is not known","data":{{"code":7}}}}"#);
    let (session, _far) = server.open(Clock::system(), &refusal).await;
    let error = session.expect_err("refused");
    let message = "the token *** is not known".to_owned();
    assert_eq!(error.fault, Fault::Refused { message, data: json!({ "code": 7 }) });
    assert!(!format!("{error:?} {error}").contains(SECRET));
}

#[tokio::test]
async fn the_end_of_a_session_is_told_without_a_secret() {
    let (mut session, mut far) = Server::start().await.stand(Clock::system()).await;
    far.say(&format!("xxxxxxxx {SECRET}")).await;
    let Event::Closed(closed) = session.next().await else { panic!("it has to end") };
    let CloseReason::Unreadable(text) = closed.reason else { panic!("{closed:?}") };
    assert!(text.contains("xxxxxxxx ***") && !text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn a_few_packets_that_cannot_be_read_are_borne() {
    let (mut session, mut far) = Server::start().await.stand(Clock::system()).await;
    for _ in 0..16 {
        far.say("42{}").await;
    }
    far.say(r#"42["e",1]"#).await;
    far.say("42{}").await;
    for _ in 0..16 {
        assert!(matches!(session.next().await, Event::Unreadable(_)));
    }
    assert!(matches!(session.next().await, Event::Message(_)));
    let Event::Closed(closed) = session.next().await else { panic!("it has to end") };
    assert!(matches!(closed.reason, CloseReason::Unreadable(_)));
}

#[tokio::test]
async fn packets_of_other_namespaces_and_answers_that_nobody_awaits_are_nothing() {
    let (mut session, mut far) = Server::start().await.stand(Clock::system()).await;
    for text in [r#"42/admin,["e",0]"#, "41/admin,", r"439[1]", "6", "3", r#"40{"sid":"again"}"#, r#"42["e",1]"#] {
        far.say(text).await;
    }
    let Event::Message(incoming) = session.next().await else { panic!("the one of ours") };
    assert_eq!(incoming.args, [json!(1)]);
}

#[tokio::test]
async fn attachments_that_do_not_come_are_given_up() {
    let clock = Clock::manual(0);
    let (mut session, mut far) = Server::start().await.stand(clock.clone()).await;
    far.say(r#"451-["e",{"_placeholder":true,"num":0}]"#).await;
    far.say("2").await;
    assert_eq!(session.next().await, Event::Alive);
    clock.advance(Duration::from_secs(30));
    far.say("2").await;
    let mut heard = Vec::new();
    while !matches!(heard.last(), Some(Event::Unreadable(_))) {
        heard.push(session.next().await);
    }
    far.say(r#"42["e",1]"#).await;
    let Event::Message(incoming) = session.next().await else { panic!("what comes behind is read") };
    assert_eq!(incoming.args, [json!(1)]);
}

#[tokio::test]
async fn what_is_no_frame_ends_the_session() {
    let long = format!("2{}", "x".repeat(65));
    for text in ["x", "", HANDSHAKE, &long] {
        let (mut session, mut far) = Server::start().await.stand(Clock::system()).await;
        far.say(text).await;
        let Event::Closed(closed) = session.next().await else { panic!("it has to end") };
        assert!(matches!(closed.reason, CloseReason::Unreadable(_)), "{text}: {closed:?}");
    }
}

#[tokio::test]
async fn a_close_in_order_tells_its_code() {
    for (text, raw, code) in [(Some("1"), None, None), (None, Some(1001), Some(1001))] {
        let (mut session, mut far) = Server::start().await.stand(Clock::system()).await;
        if let Some(text) = text {
            far.say(text).await;
        }
        if let Some(code) = raw {
            let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
            far.0.close(Some(frame)).await.expect("it is taken");
        }
        let Event::Closed(closed) = session.next().await else { panic!("it has to end") };
        assert_eq!(closed.reason, CloseReason::ServerClosed { code });
    }
}

#[tokio::test]
async fn a_goodbye_is_said_and_a_session_that_is_dropped_ends() {
    let server = Server::start().await;
    let (session, mut far) = server.stand(Clock::system()).await;
    let (heard, ()) = tokio::join!(far.hear(), session.close(Duration::from_secs(20)));
    assert_eq!(heard, "41");
    let (session, mut far) = server.stand(Clock::system()).await;
    drop(session);
    assert!(!matches!(far.0.next().await, Some(Ok(Raw::Text(_)))), "the connection ends without a word");
}

#[test]
fn addresses_are_checked_and_hold_no_path_of_their_own() {
    let at = |base: &str, path: &str| Endpoint::new(base, path, None).map(|endpoint| endpoint.shown().to_owned());
    assert_eq!(at("https://chat.example.com/", "/socket.io"), Err(needs_tls()));
    for (base, path, expected) in [
        ("http://chat.example.com", "/socket.io", "http://chat.example.com/socket.io/"),
        ("ws://chat.example.com:81/app?x=1#y", "deep/er/", "http://chat.example.com:81/deep/er/"),
        (" http://127.0.0.1:9 ", "", "http://127.0.0.1:9/"),
        ("http://[::1]:9", "a b?c", "http://[::1]:9/a%20b%3Fc/"),
    ] {
        assert_eq!(at(base, path).as_deref(), Ok(expected));
    }
    for bad in ["", "chat.example.com", "ftp://chat.example.com", "http://user:pw@chat.example.com", "http://"] {
        assert!(matches!(at(bad, "/socket.io"), Err(Fault::Misconfigured(_))), "{bad}");
    }
}

fn needs_tls() -> Fault {
    Fault::Misconfigured("the address of the Socket.IO server asks for TLS, and there are no settings for it".to_owned())
}
