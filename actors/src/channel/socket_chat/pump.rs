//! Moves messages over one connection, both ways, until it ends.
//!
//! One loop waits for whichever comes first: a command, a packet, room in the actor's queue, a tick. It never waits for the
//! actor alone: what the actor has no room for is held, and once much is held the network is not read, while commands are
//! always taken. So an actor that waits for the link while the link waits for the actor cannot happen.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rumqttc::{Packet, PubComp, Publish, QoS, SubAck, Subscribe, SubscribeReasonCode, Unsubscribe};

use super::broker::Broker;
use super::inflow::Inflow;
use super::memory::Memory;
use super::mqtt::{PACKET_BYTES_MAX, Wire, WireError};
use super::normalise::{Context, normalise};
use super::outflow::Outflow;
use super::send;
use crate::channel::event_queue::EventQueue;
use crate::channel::{Link, LinkCommand, LinkEvent, Normalised};
use crate::core::Clock;
use crate::message::{Code, LinkState, LinkStatus, Receipt};
use crate::ports::OutboxRow;

/// How often the loop looks at the connection when nothing else happens. SUBACK has to come within one.
const TICK: Duration = Duration::from_secs(15);
/// Every so many ticks a ping goes out: twice in a keep alive.
const TICKS_PER_PING: u32 = 2;
/// After so many ticks without a packet, pings unanswered, the connection is half open.
const QUIET_TICKS_MAX: u32 = 4;
/// How long a connection that is told to close waits for the confirmations that are still out.
const CLOSE_DRAIN: Duration = Duration::from_secs(2);
/// How long the broker has to close its side after our goodbye.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);
/// How many events are held for an actor that has no room; above, the network is not read. Messages that want no
/// acknowledgement are counted nowhere else.
const EVENTS_HELD_MAX: usize = 4096;
/// How many packets or commands are handled before the loop looks around.
const BATCH_MAX: usize = 256;
/// A payload above this is read on a thread of its own, so that the neighbours do not wait, bytes.
const READ_ASIDE_BYTES: usize = 128 * 1024;
/// The largest payload that is sent, bytes: a packet with room for the topic.
const SEND_BYTES_MAX: usize = PACKET_BYTES_MAX - 128 * 1024;
const SUBSCRIBE_PKID: u16 = 1;
const UNSUBSCRIBE_PKID: u16 = 2;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was told to.
    Closed,
    /// The broker does not let us read the topic.
    SubscriptionRefused,
    /// It broke.
    Broken(WireError),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::Broken(error)
    }
}

/// A connection that stands, with what it needs.
pub(super) struct Pump {
    wire: Wire,
    link: Link,
    broker: Arc<Broker>,
    memory: Arc<Memory>,
    context: Context,
    clock: Clock,
    inflow: Inflow,
    outflow: Outflow,
    /// What the actor had no room for yet.
    events: EventQueue,
    /// What is written at the end of this round.
    packets: Vec<Packet>,
    ticks: u32,
    quiet_ticks: u32,
    subscribed_at: Option<Duration>,
    closing: bool,
}

/// What a pump is made of.
pub(super) struct Parts {
    pub(super) wire: Wire,
    pub(super) link: Link,
    pub(super) broker: Arc<Broker>,
    pub(super) memory: Arc<Memory>,
    pub(super) context: Context,
    pub(super) clock: Clock,
    /// Rows that came before the connection stood.
    pub(super) early: Outflow,
}

enum Step {
    Command(Option<LinkCommand>),
    Packet(Result<Packet, WireError>),
    Room,
    ActorGone,
    Tick,
}

impl Pump {
    /// Returns a pump that has not subscribed yet.
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { wire, link, broker, memory, context, clock, early } = parts;
        Self {
            wire,
            link,
            broker,
            memory,
            context,
            clock,
            inflow: Inflow::default(),
            outflow: early,
            events: EventQueue::default(),
            packets: Vec::new(),
            ticks: 0,
            quiet_ticks: 0,
            subscribed_at: None,
            closing: false,
        }
    }

    /// Subscribes and carries messages until the connection ends. Also returns when the subscription stood first, on the clock.
    pub(super) async fn run(mut self) -> (End, Option<Duration>) {
        let end = match self.turn_over().await {
            Ok(()) => End::Closed,
            Err(end) => end,
        };
        (end, self.subscribed_at)
    }

    async fn turn_over(&mut self) -> Result<(), End> {
        self.subscribe();
        let mut tick = self.clock.sleep(TICK);
        loop {
            self.settle().await?;
            if self.closing && self.outflow.is_idle() && self.events.is_empty() {
                return self.say_goodbye().await;
            }
            let may_read = self.may_read();
            let step = tokio::select! {
                command = self.link.commands.recv() => Step::Command(command),
                packet = self.wire.read(), if may_read => Step::Packet(packet),
                room = self.link.events.reserve(), if !self.events.is_empty() => if room.is_ok() { Step::Room } else { Step::ActorGone },
                () = &mut tick => Step::Tick,
            };
            match step {
                Step::Command(Some(first)) => self.commands(first, &mut tick),
                Step::Packet(first) => self.packets(first).await?,
                Step::Room => {}
                Step::Tick if self.closing => return self.say_goodbye().await,
                Step::Tick => {
                    self.tick()?;
                    tick = self.clock.sleep(TICK);
                }
                Step::Command(None) | Step::ActorGone => return self.say_goodbye().await,
            }
        }
    }

    /// Ends a round: what can go out goes out.
    async fn settle(&mut self) -> Result<(), WireError> {
        while let Some(ack) = self.inflow.next_ack() {
            self.packets.push(ack);
        }
        self.send_held();
        self.events.deliver(&self.link.events);
        if !self.packets.is_empty() {
            self.wire.write_all(self.packets.drain(..)).await?;
        }
        Ok(())
    }

    fn may_read(&self) -> bool {
        self.inflow.is_open() && self.events.len() < EVENTS_HELD_MAX
    }

    fn subscribe(&mut self) {
        let topic = &self.broker.receive_topic;
        if let Some(old) = self.memory.subscribing(topic) {
            // The broker keeps the session, and with it the topic of before.
            self.packets.push(Packet::Unsubscribe(Unsubscribe { pkid: UNSUBSCRIBE_PKID, topics: vec![old] }));
        }
        let mut subscribe = Subscribe::new(topic, QoS::AtLeastOnce);
        subscribe.pkid = SUBSCRIBE_PKID;
        self.packets.push(Packet::Subscribe(subscribe));
    }

    fn commands(&mut self, first: LinkCommand, tick: &mut BoxFuture<'static, ()>) {
        self.command(first, tick);
        for _ in 1..BATCH_MAX {
            match self.link.commands.try_recv() {
                Ok(command) => self.command(command, tick),
                Err(_) => return,
            }
        }
    }

    fn command(&mut self, command: LinkCommand, tick: &mut BoxFuture<'static, ()>) {
        match command {
            LinkCommand::Ack(acked) => self.inflow.commit(acked.iter().map(|acked| acked.token)),
            // Nothing here can be marked.
            LinkCommand::Mark(_) => {}
            LinkCommand::Send(row) => self.hold(row),
            LinkCommand::Close if !self.closing => {
                self.closing = true;
                *tick = self.clock.sleep(CLOSE_DRAIN);
            }
            LinkCommand::Close => {}
        }
    }

    fn hold(&mut self, row: Box<OutboxRow>) {
        if let Err(row) = self.outflow.hold(row) {
            self.events.overloaded(row.id);
        }
    }

    fn send_held(&mut self) {
        while let Some(row) = self.outflow.next() {
            match send::payload(&row.outbound) {
                Ok(payload) if payload.len() > SEND_BYTES_MAX => {
                    let reason =
                        format!("the payload is {} bytes, more than the {SEND_BYTES_MAX} that are sent", payload.len());
                    self.events.fail(row.id, Code::TooLarge, reason, None);
                }
                Ok(payload) => {
                    let Some(pkid) = self.outflow.send(row.id) else { return };
                    let mut publish = Publish::from_bytes(&self.broker.send_topic, QoS::AtLeastOnce, payload);
                    publish.pkid = pkid;
                    self.packets.push(Packet::Publish(publish));
                }
                Err(error) => self.events.fail(row.id, error.code(), error.to_string(), None),
            }
        }
    }

    async fn packets(&mut self, first: Result<Packet, WireError>) -> Result<(), End> {
        self.link.progress.stamp();
        self.quiet_ticks = 0;
        self.context.now_ms = self.clock.now_ms();
        self.packet(first?).await?;
        for _ in 1..BATCH_MAX {
            if !self.may_read() {
                break;
            }
            match self.wire.read_ready() {
                Some(packet) => self.packet(packet?).await?,
                None => break,
            }
        }
        Ok(())
    }

    async fn packet(&mut self, packet: Packet) -> Result<(), End> {
        match packet {
            Packet::Publish(publish) => self.receive(publish).await,
            Packet::PubAck(ack) => {
                if let Some(id) = self.outflow.confirm(ack.pkid) {
                    self.events.push(LinkEvent::Confirmed { id, receipt: Receipt { platform_id: None } });
                }
            }
            Packet::PubRel(release) => self.packets.push(Packet::PubComp(PubComp { pkid: release.pkid })),
            Packet::SubAck(answer) if answer.pkid == SUBSCRIBE_PKID => return self.subscribed(&answer),
            _ => {}
        }
        Ok(())
    }

    fn subscribed(&mut self, answer: &SubAck) -> Result<(), End> {
        if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
            return Err(End::SubscriptionRefused);
        }
        self.subscribed_at = Some(self.clock.elapsed());
        self.memory.up();
        self.events.push(LinkEvent::Status(LinkStatus::plain(LinkState::Up)));
        Ok(())
    }

    async fn receive(&mut self, publish: Publish) {
        if self.closing {
            // Not acknowledged, so it comes again.
            return;
        }
        let bytes = publish.payload.len();
        let (qos, pkid) = (publish.qos, publish.pkid);
        let frame = if publish.retain {
            Normalised::Ignored("retained: from before we came")
        } else if !self.broker.takes(&publish.topic) {
            Normalised::Ignored("on another topic")
        } else if bytes > READ_ASIDE_BYTES {
            let context = self.context.clone();
            let read = tokio::task::spawn_blocking(move || normalise(&publish.payload, &context));
            read.await.unwrap_or_else(|_| Normalised::Bad("reading it failed".to_owned()))
        } else {
            normalise(&publish.payload, &self.context)
        };
        let ack = self.inflow.admit(qos, pkid, bytes);
        self.events.frame(frame, ack);
    }

    fn tick(&mut self) -> Result<(), WireError> {
        self.ticks = self.ticks.wrapping_add(1);
        if self.may_read() {
            self.quiet_ticks += 1;
            if self.subscribed_at.is_none() {
                return Err(WireError::Timeout("the broker did not answer the subscription"));
            }
            if self.quiet_ticks >= QUIET_TICKS_MAX {
                return Err(WireError::Timeout("the broker does not answer pings"));
            }
        } else {
            // The actor is behind, not the network: nothing was read on purpose.
            self.quiet_ticks = 0;
            self.link.progress.stamp();
        }
        if self.ticks.is_multiple_of(TICKS_PER_PING) {
            self.packets.push(Packet::PingReq);
        }
        Ok(())
    }

    /// Tells the broker that we go, on purpose; it keeps the session. A socket that is closed with something unread in it is
    /// reset, and takes our last acknowledgements with it: so the broker closes first.
    async fn say_goodbye(&mut self) -> Result<(), End> {
        self.packets.push(Packet::Disconnect);
        self.wire.write_all(self.packets.drain(..)).await?;
        let wire = &mut self.wire;
        let read_out = async { while wire.read().await.is_ok() {} };
        let _ = self.clock.within(GOODBYE_WAIT, read_out).await;
        Ok(())
    }
}
