//! The socket-chat link against a real broker, driven without its actor.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::channel::{
    Account, Acked, Became, Cursors, KINDS, Link, LinkCommand, LinkEnd, LinkEvent, Normalised, Speakers,
};
use callboard_actors::core::{Clock, Progress};
use callboard_actors::message::{AccountKey, ChatKind, ChatRef, Code, LinkState, Outbound, OutboxId, Target, TraceId};
use callboard_actors::ports::memory::MemoryStore;
use callboard_actors::ports::{NoMediaRoom, OutboxRow};
use rumqttc::{AsyncClient, EventLoop, MqttOptions, Packet};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::harness::backend::{Backend, Door, Reply, config, not_found};
use crate::harness::mosquitto::{GATEWAY_USER, Mosquitto, Reading, Setup, Tls, free_port};
use crate::harness::socket_platform::{Retain, SocketPlatform, direct};
use crate::harness::tls_page::TlsPage;
use crate::harness::{PATIENCE, eventually};

const KEY: &str = "sk-very+secret/1";

/// A link with the actor's ends of its queues.
struct Driven {
    events: mpsc::Receiver<LinkEvent>,
    /// What came before it was asked for: a kept session's messages come before the subscription stands.
    early: VecDeque<LinkEvent>,
    commands: mpsc::Sender<LinkCommand>,
    task: JoinHandle<LinkEnd>,
}

impl Driven {
    fn start(account: &Account) -> Self {
        let (events_in, events) = mpsc::channel(64);
        let (commands, commands_out) = mpsc::channel(64);
        let progress = Progress::unwatched(&Clock::system());
        let connector = account.platform.connector();
        let task = {
            let link = Link {
                events: events_in,
                commands: commands_out,
                progress,
                cursors: cursors(),
                speakers: Speakers::default(),
                media: Arc::new(NoMediaRoom),
            };
            tokio::spawn(connector.run(link))
        };
        Self { events, early: VecDeque::new(), commands, task }
    }

    async fn up(account: &Account) -> Self {
        let mut link = Self::start(account);
        let mut early = VecDeque::new();
        loop {
            match link.event().await {
                LinkEvent::Status(status) => {
                    assert_eq!(status.state, LinkState::Up);
                    return Self { early, ..link };
                }
                other => early.push_back(other),
            }
        }
    }

    async fn event(&mut self) -> LinkEvent {
        if let Some(event) = self.early.pop_front() {
            return event;
        }
        match tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("an event in time") {
            Some(event) => event,
            None => panic!("the link ended: {:?}", (&mut self.task).await),
        }
    }

    /// Waits for the next frame; other events are passed over.
    async fn frame(&mut self) -> (Normalised, Option<u64>) {
        loop {
            if let LinkEvent::Frame { frame, ack } = self.event().await {
                return (frame, ack);
            }
        }
    }

    /// Waits for the next message; returns its platform id and token.
    async fn message(&mut self) -> (String, u64) {
        match self.frame().await {
            (Normalised::Message(inbound), Some(ack)) => (inbound.platform_id, ack),
            other => panic!("no message: {other:?}"),
        }
    }

    async fn command(&self, command: LinkCommand) {
        self.commands.send(command).await.expect("a link that listens");
    }

    async fn end(self) -> LinkEnd {
        let Self { mut events, commands: _commands, mut task, .. } = self;
        let end = async {
            loop {
                tokio::select! {
                    end = &mut task => return end.expect("a link that does not panic"),
                    event = events.recv() => if event.is_none() { return task.await.expect("a link that does not panic") },
                }
            }
        };
        tokio::time::timeout(PATIENCE, end).await.expect("an end in time")
    }

    async fn close(self) -> LinkEnd {
        self.command(LinkCommand::Close).await;
        self.end().await
    }
}

fn cursors() -> Cursors {
    Cursors::new(MemoryStore::new(&Clock::system()), &AccountKey::new("socket-chat", "default"))
}

/// Says that frames are committed.
fn committed(tokens: impl IntoIterator<Item = u64>) -> LinkCommand {
    LinkCommand::Ack(tokens.into_iter().map(|token| Acked { token, became: Became::New }).collect())
}

fn account(backend: &Backend, more: Value) -> Account {
    let mut section = json!({ "apiKey": KEY, "apiBaseUrl": backend.url });
    section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let kind = KINDS.iter().find(|kind| kind.name == "socket-chat").expect("the kind");
    (kind.accounts)(&section).expect("a sound section").remove(0)
}

fn rig() -> (Mosquitto, Backend, Account) {
    let broker = Mosquitto::start(&Setup::default());
    let backend = Backend::start(config(broker.port));
    let account = account(&backend, json!({}));
    (broker, backend, account)
}

fn row(text: &str) -> OutboxRow {
    let chat = ChatRef { kind: ChatKind::Direct, id: "wxid_anna".into() };
    let target = Target { account: AccountKey::new("socket-chat", "default"), chat, thread: None };
    let outbound = Outbound::text(target, text.into());
    OutboxRow { id: OutboxId::new(), seq: 1, attempts: 0, resent: false, created_ms: 0, outbound, trace: TraceId::new() }
}

async fn ended(account: &Account) -> LinkEnd {
    Driven::start(account).end().await
}

#[tokio::test]
async fn messages_go_both_ways() {
    let (broker, backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    platform.publish(direct("m1", "wxid_anna", "hello")).await;
    let (id, ack) = link.message().await;
    assert_eq!((id.as_str(), ack), ("m1", 1));
    link.command(committed([ack])).await;
    let rows = ["one", "two", "three"].map(row);
    for row in &rows {
        link.command(LinkCommand::Send(Box::new(row.clone()))).await;
    }
    for row in &rows {
        assert!(matches!(link.event().await, LinkEvent::Confirmed { id, .. } if id == row.id));
    }
    let sent = platform.wait_for_sent(3).await;
    assert_eq!(sent[0], json!({ "isGroup": false, "contactId": "wxid_anna", "messages": [{ "type": 1, "content": "one" }] }));
    assert_eq!(sent[2]["messages"][0]["content"], "three");
    assert_eq!(backend.calls(), ["/api/openclaw/chat/config?apikey=sk-very%2Bsecret%2F1"]);
    assert_eq!(account.platform.status()["baseUrl"], json!(format!("mqtt://127.0.0.1:{}", broker.port)));
    assert_eq!(link.close().await.code, Code::LinkDown);
}

#[tokio::test]
async fn a_payload_that_cannot_be_built_is_failed_alone() {
    let (broker, _backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    let (empty, mut nobody, sound) = (row(" "), row("x"), row("sound"));
    nobody.outbound.target.chat.id = String::new();
    for row in [&empty, &nobody, &sound] {
        link.command(LinkCommand::Send(Box::new(row.clone()))).await;
    }
    let mut failed = Vec::new();
    for _ in 0..3 {
        match link.event().await {
            LinkEvent::Failed { id, code, .. } => failed.push((id, code)),
            LinkEvent::Confirmed { id, .. } => assert_eq!(id, sound.id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(failed, [(empty.id, Code::Refused), (nobody.id, Code::InvalidTarget)]);
    assert_eq!(platform.wait_for_sent(1).await.len(), 1);
}

#[tokio::test]
async fn what_was_sent_while_away_arrives_and_comes_again_until_it_is_acknowledged() {
    let (mut broker, _backend, account) = rig();
    assert_eq!(Driven::up(&account).await.close().await.code, Code::LinkDown);
    let platform = SocketPlatform::connect(broker.port).await;
    for id in ["m1", "m2", "m3"] {
        platform.publish(direct(id, "wxid_anna", &"x".repeat(40_000))).await;
    }
    platform.confirmed().await;
    broker.stop();
    broker.again();

    let mut link = Driven::start(&account);
    for (at, id) in ["m1", "m2", "m3"].iter().enumerate() {
        assert_eq!(link.message().await, ((*id).to_owned(), at as u64 + 1));
    }
    // The second alone may not be told yet: the first would be lost with it if it were.
    link.command(committed([2])).await;
    link.close().await;

    let mut link = Driven::start(&account);
    for (at, id) in ["m1", "m2", "m3"].iter().enumerate() {
        assert_eq!(link.message().await, ((*id).to_owned(), at as u64 + 1), "tokens begin anew");
    }
    link.command(committed([1, 2])).await;
    link.close().await;

    let mut link = Driven::start(&account);
    assert_eq!(link.message().await, ("m3".to_owned(), 1));
    link.command(committed([1])).await;
    link.close().await;

    let mut link = Driven::up(&account).await;
    platform.publish(direct("m4", "wxid_anna", "x")).await;
    assert_eq!(link.message().await, ("m4".to_owned(), 1), "nothing else came again");
}

#[tokio::test]
async fn an_actor_that_does_not_read_stops_the_link_and_loses_nothing() {
    const MESSAGES: usize = 3000;
    let (broker, _backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    for number in 0..MESSAGES {
        platform.publish(direct(&format!("m{number}"), "wxid_anna", "x")).await;
    }
    platform.confirmed().await;
    // The commands are taken although nobody reads the events.
    let rows: Vec<_> = (0..200).map(|number| row(&format!("r{number}"))).collect();
    for row in &rows {
        let send = link.commands.send(LinkCommand::Send(Box::new(row.clone())));
        tokio::time::timeout(PATIENCE, send).await.expect("a link that takes commands").expect("a link");
    }
    let (mut messages, mut confirmed) = (0, 0);
    while messages < MESSAGES || confirmed < rows.len() {
        match link.event().await {
            LinkEvent::Frame { frame: Normalised::Message(inbound), ack: Some(ack) } => {
                assert_eq!(inbound.platform_id, format!("m{messages}"));
                messages += 1;
                link.command(committed([ack])).await;
            }
            LinkEvent::Confirmed { id, .. } => {
                assert_eq!(id, rows[confirmed].id, "confirmed in order");
                confirmed += 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn tls_with_an_own_ca() {
    let broker = Mosquitto::start(&Setup { tls: Tls::On, ..Setup::default() });
    let backend = Backend::start(config(broker.tls_port));
    let trusting = account(&backend, json!({ "useTls": true, "caPem": broker.ca_pem() }));
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&trusting).await;
    platform.publish(direct("m1", "wxid_anna", "hello")).await;
    let (id, ack) = link.message().await;
    assert_eq!(id, "m1");
    link.command(committed([ack])).await;
    assert!(trusting.platform.status()["baseUrl"].as_str().unwrap().starts_with("mqtts://"));
    link.close().await;

    let mut by_scheme = config(broker.tls_port);
    by_scheme["host"] = json!("mqtts://localhost");
    backend.answer(Door::Brief, Reply::Config(by_scheme));
    let without_flag = account(&backend, json!({ "caPem": broker.ca_pem() }));
    Driven::up(&without_flag).await.close().await;

    backend.answer(Door::Brief, Reply::Config(config(broker.tls_port)));
    let stranger = account(&backend, json!({ "useTls": true, "caPem": include_str!("fixtures/other_ca.pem") }));
    let end = ended(&stranger).await;
    assert_eq!(end.code, Code::LinkDown);
    assert!(end.text.contains("certificate") && end.text.contains("caFile"), "{}", end.text);
}

#[tokio::test]
async fn a_refused_subscription_says_so() {
    let broker = Mosquitto::start(&Setup { reading: Reading::Refused, ..Setup::default() });
    let backend = Backend::start(config(broker.port));
    let end = ended(&account(&backend, json!({}))).await;
    assert_eq!(end.code, Code::BadCredentials);
    assert!(end.text.contains("refused the subscription to \"bot/in\" (SUBACK 128)"), "{}", end.text);
}

#[tokio::test]
async fn a_broker_that_goes_away_ends_the_link_and_takes_it_back() {
    let (mut broker, backend, account) = rig();
    for kill in [false, true] {
        let link = Driven::up(&account).await;
        if kill {
            broker.kill()
        } else {
            broker.stop()
        }
        let end = link.end().await;
        assert_eq!((end.code, end.was_stable), (Code::LinkDown, false), "{}", end.text);
        assert!(end.text.contains("closed the connection"), "{}", end.text);
        let end = ended(&account).await;
        assert_eq!(end.code, Code::LinkDown);
        assert!(end.text.contains("cannot be reached"), "{}", end.text);
        broker.again();
    }
    let calls = backend.calls().len();
    Driven::up(&account).await.close().await;
    assert_eq!(backend.calls().len(), calls + 1, "every connection asks for a fresh config");
}

#[tokio::test]
async fn changed_credentials_are_fetched_and_wrong_ones_block() {
    let (broker, backend, account) = rig();
    Driven::up(&account).await.close().await;
    broker.set_password(GATEWAY_USER, "new-pw");
    eventually("the broker's new passwords", || broker.log().contains("Reloading config.")).await;
    let end = ended(&account).await;
    assert_eq!(end.code, Code::BadCredentials, "{}", end.text);
    assert!(end.text.contains("refused the login"), "{}", end.text);

    backend.answer(Door::Brief, Reply::Status(503, "down".into()));
    let end = ended(&account).await;
    assert_eq!(end.code, Code::LinkDown, "an old config that is refused is no verdict: {}", end.text);

    let mut rotated = config(broker.port);
    rotated["password"] = json!("new-pw");
    backend.answer(Door::Brief, Reply::Config(rotated));
    Driven::up(&account).await.close().await;
}

#[tokio::test]
async fn while_the_backend_is_down_the_last_config_is_used() {
    let (broker, backend, account) = rig();
    Driven::up(&account).await.close().await;
    backend.answer(Door::Brief, Reply::Status(500, format!("oops {KEY} and sk-very%2Bsecret%2F1 and {}", "x".repeat(500))));
    Driven::up(&account).await.close().await;

    let fresh = self::account(&backend, json!({}));
    let end = ended(&fresh).await;
    assert_eq!(end.code, Code::BadUpstream);
    assert!(end.text.contains("HTTP 500: oops *** and *** and xxx") && end.text.len() < 260, "{}", end.text);

    backend.answer(Door::Brief, Reply::Status(401, "no".into()));
    let end = ended(&account).await;
    assert_eq!(end.code, Code::BadCredentials, "a refused key is not helped by an old config");
    assert!(end.text.contains("API key refused"), "{}", end.text);
    drop(broker);
}

#[tokio::test]
async fn changed_topics_are_subscribed_and_the_old_one_is_left() {
    let (broker, backend, account) = rig();
    Driven::up(&account).await.close().await;
    let mut moved = config(broker.port);
    moved["reciveTopic"] = json!("bot/+/in");
    backend.answer(Door::Brief, Reply::Config(moved));
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    eventually("the old topic's end", || broker.log().contains("Received UNSUBSCRIBE from callboard-test")).await;
    platform.publish_to("bot/in", Retain::No, direct("old", "wxid_anna", "x")).await;
    platform.publish_to("bot/7/in", Retain::No, direct("new", "wxid_anna", "x")).await;
    assert_eq!(link.message().await.0, "new");
}

#[tokio::test]
async fn the_config_call_is_found_on_either_path_and_remembered() {
    let (broker, backend, account) = rig();
    backend.answer(Door::Brief, not_found());
    backend.answer(Door::Later, Reply::Config(config(broker.port)));
    Driven::up(&account).await.close().await;
    Driven::up(&account).await.close().await;
    let paths: Vec<_> = backend.calls().iter().map(|call| call.split('?').next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["/api/openclaw/chat/config", "/openapi/v1/openclaw/chat/config", "/openapi/v1/openclaw/chat/config"]);
    assert!(backend.calls()[1].ends_with("?apiKey=sk-very%2Bsecret%2F1"));
    backend.answer(Door::Later, not_found());
    let fresh = self::account(&backend, json!({}));
    assert!(ended(&fresh).await.text.contains("HTTP 404"));
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_named() {
    let (broker, backend, account) = rig();
    let mut without_topic = config(broker.port);
    without_topic["sendTopic"] = json!("");
    let mut websocket = config(broker.port);
    websocket["host"] = json!("wss://h.example");
    let cases = [
        (Reply::Config(without_topic), Code::BadUpstream, "missing or invalid field \"sendTopic\" in response"),
        (Reply::Config(websocket), Code::Misconfigured, "asks for `wss://`"),
        (Reply::Config(json!([1])), Code::BadUpstream, "not a JSON object (HTTP 200): [1]"),
        (Reply::Status(200, "<html>".into()), Code::BadUpstream, "not a JSON object (HTTP 200): <html>"),
        (Reply::Status(200, "x".repeat(100_000)), Code::BadUpstream, "longer than 65536 bytes"),
        (Reply::Status(403, "no".into()), Code::BadCredentials, "API key refused by the backend (HTTP 403)"),
    ];
    for (reply, code, text) in cases {
        backend.answer(Door::Brief, reply);
        let end = ended(&account).await;
        assert_eq!(end.code, code, "{}", end.text);
        assert!(end.text.contains(text), "{}", end.text);
        let probe = account.platform.probe().await;
        assert!(!probe.ok && probe.error.is_some_and(|error| error.contains(text)));
    }
    let nobody =
        (KINDS[0].accounts)(&json!({ "apiKey": KEY, "apiBaseUrl": format!("http://127.0.0.1:{}", free_port()) })).unwrap();
    let end = ended(&nobody[0]).await;
    assert_eq!(end.code, Code::LinkDown);
    assert!(end.text.contains("apiBaseUrl") && !end.text.contains("secret"), "{}", end.text);
    let unconfigured = (KINDS[0].accounts)(&json!({})).unwrap();
    assert_eq!(ended(&unconfigured[0]).await.code, Code::Misconfigured);
}

#[tokio::test]
async fn a_backend_over_https_is_trusted_by_its_own_ca() {
    let page = TlsPage::start(config(1883).to_string()).await;
    let probe = async |more: Value| {
        let mut section = json!({ "apiKey": KEY, "apiBaseUrl": page.url });
        section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (KINDS[0].accounts)(&section).expect("a sound section").remove(0).platform.probe().await
    };
    let trusted = probe(json!({ "caPem": page.ca_pem })).await;
    assert_eq!((trusted.ok, &trusted.facts["robotId"]), (true, &json!("wxid_robot")), "{trusted:?}");
    for ca in [json!({ "caPem": include_str!("fixtures/other_ca.pem") }), json!({})] {
        let error = probe(ca).await.error.expect("an error");
        assert!(error.contains("certificate") && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_probe_leaves_the_live_link_alone() {
    let (broker, _backend, account) = rig();
    let before = account.platform.probe().await;
    assert!(before.ok);
    assert_eq!(before.facts["connected"], json!(false));
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    let probe = account.platform.probe().await;
    assert_eq!(probe.facts["connected"], json!(true));
    assert_eq!(probe.facts["reciveTopic"], json!("bot/in"));
    assert_eq!((&probe.facts["host"], &probe.facts["port"]), (&json!("127.0.0.1"), &json!(broker.port)));
    platform.publish(direct("m1", "wxid_anna", "x")).await;
    assert_eq!(link.message().await.0, "m1");
    link.close().await;
    assert_eq!(account.platform.probe().await.facts["connected"], json!(false));
}

/// Logs in with the gateway's clientId, as a second gateway would.
async fn intrude(port: u16) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new("callboard-test", "127.0.0.1", port);
    options.set_credentials(GATEWAY_USER, format!("{GATEWAY_USER}-pw")).set_clean_session(false);
    let (client, mut events) = AsyncClient::new(options, 10);
    let first = tokio::time::timeout(PATIENCE, events.poll()).await.expect("an answer in time").expect("a login");
    assert!(matches!(first, rumqttc::Event::Incoming(Packet::ConnAck(_))), "{first:?}");
    (client, events)
}

#[tokio::test]
async fn another_client_with_our_id_is_noticed() {
    let (broker, _backend, account) = rig();
    let mut ends = Vec::new();
    for _ in 0..3 {
        let link = Driven::up(&account).await;
        let _intruder = intrude(broker.port).await;
        ends.push(link.end().await);
    }
    let codes: Vec<_> = ends.iter().map(|end| end.code).collect();
    assert_eq!(codes, [Code::LinkDown, Code::LinkDown, Code::TakenOver]);
    assert!(ends[2].text.contains("another client uses this clientId (callboard-test)"), "{}", ends[2].text);
    assert!(ends.iter().all(|end| !end.was_stable));
}

#[tokio::test]
async fn retained_and_bad_payloads_are_acknowledged_in_their_turn() {
    let (broker, _backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    platform.publish_to("bot/in", Retain::Yes, direct("stale", "wxid_anna", "x")).await;
    platform.confirmed().await;
    let mut link = Driven::up(&account).await;
    assert_eq!(link.frame().await, (Normalised::Ignored("retained: from before we came"), Some(1)));
    platform.publish("{").await;
    platform.publish(direct("own", "wxid_robot", "x")).await;
    platform.publish(direct("m1", "wxid_anna", "x")).await;
    assert!(matches!(link.frame().await, (Normalised::Bad(_), Some(2))));
    assert_eq!(link.frame().await, (Normalised::Ignored("our own message"), Some(3)));
    assert_eq!(link.message().await, ("m1".to_owned(), 4));
    link.command(committed([1, 2, 3, 4])).await;
    link.close().await;
    platform.publish_to("bot/in", Retain::Yes, "").await;
    platform.confirmed().await;
    let mut link = Driven::up(&account).await;
    platform.publish(direct("m2", "wxid_anna", "x")).await;
    let next = loop {
        match link.frame().await {
            // The message that took the retained one away is a live one itself, and an empty payload.
            (Normalised::Bad(_), _) => {}
            other => break other,
        }
    };
    assert!(matches!(next, (Normalised::Message(inbound), _) if inbound.platform_id == "m2"), "nothing came again");
}

#[tokio::test]
async fn a_payload_of_ten_megabytes_goes_through_once() {
    let (broker, _backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    let picture = json!({ "content": null, "url": "iVBORw0K".repeat(1_300_000), "type": "图片", "robotId": "wxid_robot", "senderId": "wxid_anna", "messageId": "big" });
    platform.publish(picture.to_string()).await;
    platform.publish(direct("m1", "wxid_anna", "x")).await;
    let (frame, ack) = link.frame().await;
    assert!(
        matches!(&frame, Normalised::Message(inbound) if inbound.text == "<media:图片>" && inbound.media[0].size == Some(7_800_000))
    );
    assert_eq!(link.message().await, ("m1".to_owned(), 2));
    link.command(committed([ack.unwrap(), 2])).await;
    link.close().await;
    let mut link = Driven::up(&account).await;
    platform.publish(direct("m2", "wxid_anna", "x")).await;
    assert_eq!(link.message().await.0, "m2");
}

#[tokio::test]
async fn closing_is_clean_and_keeps_the_session() {
    let (broker, _backend, account) = rig();
    let platform = SocketPlatform::connect(broker.port).await;
    let mut link = Driven::up(&account).await;
    platform.publish(direct("m1", "wxid_anna", "x")).await;
    let (_, ack) = link.message().await;
    let last = row("last words");
    link.command(committed([ack])).await;
    link.command(LinkCommand::Send(Box::new(last.clone()))).await;
    link.command(LinkCommand::Close).await;
    assert!(matches!(link.event().await, LinkEvent::Confirmed { id, .. } if id == last.id), "what is out is waited for");
    let end = link.end().await;
    assert_eq!((end.code, end.text.as_str()), (Code::LinkDown, "closed on request"));
    eventually("a clean goodbye", || broker.log().contains("Received DISCONNECT from callboard-test")).await;
    assert_eq!(platform.wait_for_sent(1).await[0]["messages"][0]["content"], "last words");
    platform.publish(direct("m2", "wxid_anna", "x")).await;
    platform.confirmed().await;
    assert_eq!(Driven::start(&account).message().await.0, "m2", "the broker kept the session, and m1 is not in it");
}

#[tokio::test]
async fn a_link_can_be_closed_before_it_stands() {
    let (_broker, backend, account) = rig();
    backend.answer(Door::Brief, Reply::Silence(Duration::from_secs(60)));
    let link = Driven::start(&account);
    eventually("the config call", || !backend.calls().is_empty()).await;
    assert_eq!(link.close().await.text, "closed on request");
    let link = Driven::start(&account);
    let Driven { events, commands, task, .. } = link;
    drop((events, commands));
    tokio::time::timeout(PATIENCE, task).await.expect("an end in time").expect("no panic");
}
