//! The pump against a scripted broker, with a clock that stands still: what a sound broker never shows.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::{ConnAck, ConnectReturnCode, Packet, PubAck, Publish, QoS, SubAck, SubscribeReasonCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::broker::{Broker, Encryption};
use super::super::inflow::UNACKED_MAX;
use super::super::mqtt::Wire;
use super::super::normalise::Context;
use super::super::outflow::Outflow;
use super::super::pump::{End, Parts, Pump};
use super::send::row;
use crate::channel::{Acked, Became, Link, LinkCommand, LinkEvent};
use crate::channel::{Cursors, Speakers};
use crate::core::{Clock, Progress};
use crate::message::{AccountKey, LinkState};
use crate::ports::conformance::make;
use crate::ports::memory::MemoryStore;

const PATIENCE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_secs(15);

/// The broker's side of one connection.
struct Script {
    socket: TcpStream,
    buffer: BytesMut,
}

impl Script {
    async fn read(&mut self) -> Packet {
        loop {
            if let Ok(packet) = Packet::read(&mut self.buffer, 1 << 20) {
                return packet;
            }
            let read = tokio::time::timeout(PATIENCE, self.socket.read_buf(&mut self.buffer)).await;
            assert!(read.expect("a packet in time").expect("a connection") > 0, "the link closed");
        }
    }

    async fn write(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, 1 << 20).unwrap();
        self.socket.write_all(&bytes).await.unwrap();
    }

    /// Answers the subscription.
    async fn subscribe(&mut self) {
        let Packet::Subscribe(subscribe) = self.read().await else { panic!("no subscription") };
        assert_eq!(subscribe.filters[0].qos, QoS::AtLeastOnce);
        self.write(Packet::SubAck(SubAck::new(subscribe.pkid, vec![SubscribeReasonCode::Success(QoS::AtLeastOnce)]))).await;
    }
}

/// A pump on its way, the broker's side and the actor's ends.
struct Rig {
    script: Script,
    events: mpsc::Receiver<LinkEvent>,
    commands: mpsc::Sender<LinkCommand>,
    clock: Clock,
    task: JoinHandle<(End, Option<Duration>)>,
}

impl Rig {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = json!({
            "host": "127.0.0.1", "port": port, "username": "u", "password": "p", "clientId": "c", "reciveTopic": "in",
            "sendTopic": "out", "robotId": "wxid_robot", "userId": "7"
        });
        let broker = Arc::new(Broker::read(&answer, Encryption::Plain).unwrap());
        let clock = Clock::manual(0);
        let accept = async {
            let (socket, _) = listener.accept().await.unwrap();
            let mut script = Script { socket, buffer: BytesMut::new() };
            let Packet::Connect(connect) = script.read().await else { panic!("no login") };
            assert_eq!((connect.client_id.as_str(), connect.clean_session, connect.keep_alive), ("c", false, 60));
            script.write(Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, false))).await;
            script
        };
        let (wire, script) = tokio::join!(Wire::connect(&broker, None, clock.clone()), accept);
        let (events_in, events) = mpsc::channel(8);
        let (commands, commands_out) = mpsc::channel(8);
        let parts = Parts {
            wire: wire.unwrap(),
            link: Link {
                events: events_in,
                commands: commands_out,
                progress: Progress::unwatched(&clock),
                cursors: Cursors::new(MemoryStore::new(&clock), &make::account()),
                speakers: Speakers::default(),
                media: Arc::new(crate::ports::NoMediaRoom),
            },
            broker,
            memory: Arc::default(),
            context: Context { account: AccountKey::new("socket-chat", "default"), robot_id: "wxid_robot".into(), now_ms: 0 },
            clock: clock.clone(),
            early: Outflow::new(),
        };
        let task = tokio::spawn(Pump::new(parts).run());
        Self { script, events, commands, clock, task }
    }

    async fn up() -> Self {
        let mut rig = Self::start().await;
        rig.script.subscribe().await;
        assert!(matches!(rig.event().await, LinkEvent::Status(status) if status.state == LinkState::Up));
        rig
    }

    async fn event(&mut self) -> LinkEvent {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("a link")
    }

    async fn command(&self, command: LinkCommand) {
        self.commands.send(command).await.unwrap();
    }

    /// Moves the clock by one tick, once the pump waits for it and for nothing else.
    async fn tick(&self) {
        self.advance(TICK).await;
    }

    async fn advance(&self, by: Duration) {
        let settled = async {
            while self.clock.waiters() != 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("a pump that waits");
        self.clock.advance(by);
    }

    async fn end(self) -> End {
        tokio::time::timeout(PATIENCE, self.task).await.expect("an end in time").unwrap().0
    }
}

fn text_of(end: End) -> String {
    match end {
        End::Broken(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn message(pkid: u16) -> Packet {
    let mut publish = Publish::new("in", QoS::AtLeastOnce, "{}");
    publish.pkid = pkid;
    Packet::Publish(publish)
}

#[tokio::test]
async fn a_subscription_without_an_answer_ends_the_link() {
    let mut rig = Rig::start().await;
    assert!(matches!(rig.script.read().await, Packet::Subscribe(_)));
    rig.tick().await;
    assert_eq!(text_of(rig.end().await), "the broker did not answer the subscription");
}

#[tokio::test]
async fn a_refused_subscription_ends_the_link() {
    let mut rig = Rig::start().await;
    let Packet::Subscribe(subscribe) = rig.script.read().await else { panic!("no subscription") };
    rig.script.write(Packet::SubAck(SubAck::new(subscribe.pkid, vec![SubscribeReasonCode::Failure]))).await;
    assert!(matches!(rig.end().await, End::SubscriptionRefused));
}

#[tokio::test]
async fn pings_without_an_answer_end_the_link() {
    let mut rig = Rig::up().await;
    for _ in 0..2 {
        rig.tick().await;
        rig.tick().await;
        if rig.task.is_finished() {
            break;
        }
    }
    assert_eq!(rig.script.read().await, Packet::PingReq);
    assert_eq!(text_of(rig.end().await), "the broker does not answer pings");
}

#[tokio::test]
async fn answered_pings_keep_the_link() {
    let mut rig = Rig::up().await;
    for _ in 0..8 {
        rig.tick().await;
        rig.tick().await;
        assert_eq!(rig.script.read().await, Packet::PingReq);
        rig.script.write(Packet::PingResp).await;
        // Something that shows that the answer was read.
        rig.script.write(message(1)).await;
        assert!(matches!(rig.event().await, LinkEvent::Frame { .. }));
    }
    assert!(!rig.task.is_finished());
}

#[tokio::test]
async fn an_actor_that_is_behind_is_no_silence_of_the_broker() {
    let mut rig = Rig::up().await;
    for number in 0..=UNACKED_MAX {
        rig.script.write(message(u16::try_from(number).unwrap() + 1)).await;
    }
    for _ in 0..UNACKED_MAX {
        assert!(matches!(rig.event().await, LinkEvent::Frame { .. }));
    }
    // Reading has stopped; time goes by, and pings still go out.
    for _ in 0..4 {
        rig.tick().await;
        rig.tick().await;
        assert_eq!(rig.script.read().await, Packet::PingReq);
    }
    rig.command(LinkCommand::Ack(vec![Acked { token: 1, became: Became::New }])).await;
    assert_eq!(rig.script.read().await, Packet::PubAck(PubAck::new(1)));
    assert!(matches!(rig.event().await, LinkEvent::Frame { ack: Some(ack), .. } if ack == UNACKED_MAX as u64 + 1));
}

#[tokio::test]
async fn confirmations_in_any_order_find_their_rows() {
    let mut rig = Rig::up().await;
    let rows = ["a", "b", "c"].map(row);
    for row in &rows {
        rig.command(LinkCommand::Send(Box::new(row.clone()))).await;
    }
    let mut pkids = Vec::new();
    for _ in &rows {
        let Packet::Publish(publish) = rig.script.read().await else { panic!("no payload") };
        assert_eq!((publish.topic.as_str(), publish.qos, publish.retain), ("out", QoS::AtLeastOnce, false));
        pkids.push(publish.pkid);
    }
    for at in [2, 0, 1] {
        // One that nobody sent, and one twice: no harm.
        rig.script.write(Packet::PubAck(PubAck::new(60_000))).await;
        rig.script.write(Packet::PubAck(PubAck::new(pkids[at]))).await;
        rig.script.write(Packet::PubAck(PubAck::new(pkids[at]))).await;
        assert!(matches!(rig.event().await, LinkEvent::Confirmed { id, .. } if id == rows[at].id));
    }
}

#[tokio::test]
async fn closing_waits_for_confirmations_but_not_for_ever() {
    let mut rig = Rig::up().await;
    rig.command(LinkCommand::Send(Box::new(row("a")))).await;
    rig.command(LinkCommand::Close).await;
    assert!(matches!(rig.script.read().await, Packet::Publish(_)));
    // What comes now is left for the next connection.
    rig.script.write(message(1)).await;
    while !rig.task.is_finished() {
        if rig.clock.waiters() > 0 {
            rig.clock.advance(Duration::from_secs(2));
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.script.read().await, Packet::Disconnect);
    assert!(rig.events.try_recv().is_err());
    assert!(matches!(rig.end().await, End::Closed));
}

#[tokio::test]
async fn an_actor_that_is_gone_ends_the_link() {
    let mut rig = Rig::up().await;
    drop((rig.events, rig.commands));
    assert_eq!(rig.script.read().await, Packet::Disconnect);
    drop(rig.script);
    assert!(matches!(rig.task.await.unwrap().0, End::Closed));
}
