//! The task that carries a session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::acks::Acks;
use super::emitter::{EmitError, Order, Then};
use super::event::{AckId, CloseReason, Closed, Event, Incoming};
use super::open::Stand;
use super::queue::{Level, Queue};
use crate::core::Clock;
use crate::socketio::Limits;
use crate::socketio::frames::{Cut, Engine, Heard, Step};
use crate::socketio::options::{Auth, Options, Parser, Transport};
use crate::socketio::packets::{Body, Decoder, Packet, Weighed, encode};

/// How many packets that cannot be read a session bears.
const UNREADABLE_MAX: u32 = 16;
/// How long a packet waits for its attachments.
const ATTACHMENTS_WAIT: Duration = Duration::from_secs(30);
/// How long a goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// Carries a session until it ends.
pub(super) struct Driver {
    engine: Engine,
    decoder: Decoder,
    parser: Parser,
    namespace: String,
    auth: Auth,
    limits: Limits,
    clock: Clock,
    queue: Arc<Queue>,
    orders: mpsc::Receiver<Order>,
    acks: Acks,
    unreadable: u32,
    /// Since when a packet waits for its attachments.
    partial_since: Option<Duration>,
    /// Since when frames travel this way.
    since: Duration,
    ending: Ending,
}

/// Ends the queue however the task ends: also by a panic, or cut from outside.
struct Ending {
    queue: Arc<Queue>,
    transport: Transport,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.queue.end(Closed { reason: CloseReason::Lost, transport: self.transport, lasted: Duration::ZERO });
    }
}

/// What the task does next.
enum Turn {
    Order(Order),
    /// Whoever could give orders is gone.
    Alone,
    Step(Result<Step, Cut>),
    /// There is room again, or the server was held back for too long.
    Room,
    Overrun,
}

impl Driver {
    pub(super) fn new(stand: Stand, options: &Options, queue: Arc<Queue>, orders: mpsc::Receiver<Order>) -> Self {
        let Stand { engine, decoder, parser } = stand;
        let ending = Ending { queue: Arc::clone(&queue), transport: engine.transport() };
        Self {
            engine,
            decoder,
            parser,
            namespace: options.namespace.clone(),
            auth: options.auth.clone(),
            limits: options.limits,
            clock: options.clock.clone(),
            queue,
            orders,
            acks: Acks::new(options.limits.acks_max),
            unreadable: 0,
            partial_since: None,
            since: options.clock.elapsed(),
            ending,
        }
    }

    /// Carries the session until it ends, and says how.
    pub(super) async fn run(mut self) {
        let reason = match self.carry().await {
            Ok(()) => CloseReason::Asked,
            // A server's words may repeat what it was told.
            Err(CloseReason::Broken(text)) => CloseReason::Broken(self.auth.hidden_in_words(&text)),
            Err(CloseReason::Unreadable(text)) => CloseReason::Unreadable(self.auth.hidden_in_words(&text)),
            Err(reason) => reason,
        };
        let transport = self.engine.transport();
        let lasted = self.clock.elapsed().saturating_sub(self.since);
        self.ending.queue.end(Closed { reason: reason.clone(), transport, lasted });
        // Whoever waits for an answer hears that there is none before the goodbye, which may take a while.
        self.orders.close();
        while self.orders.try_recv().is_ok() {}
        drop(self.acks);
        if matches!(reason, CloseReason::Asked | CloseReason::Overrun { .. } | CloseReason::Unreadable(_)) {
            let goodbye = Packet { namespace: self.namespace, body: Body::Disconnect };
            if let Ok(goodbye) = encode(self.parser, goodbye) {
                let _ = self.engine.send(goodbye).await;
            }
        }
        self.engine.close(GOODBYE_MAX).await;
    }

    async fn carry(&mut self) -> Result<(), CloseReason> {
        let mut held: Option<BoxFuture<'static, ()>> = None;
        loop {
            match self.queue.level() {
                Level::Over => return Err(CloseReason::Overrun { waiting: self.queue.len() }),
                // Whoever reads may stand still until an acknowledgement comes, so reading goes on for that.
                Level::Full if !self.acks.are_awaited() => {
                    held.get_or_insert_with(|| self.clock.sleep(self.limits.hold_max));
                }
                Level::Full | Level::Room => {
                    if held.take().is_some() {
                        self.engine.listen_anew();
                    }
                }
            }
            match self.turn(held.as_mut()).await {
                Turn::Order(Order::Close) | Turn::Alone => return Ok(()),
                Turn::Order(Order::Emit { name, args, then }) => self.emit(name, args, then).await?,
                Turn::Order(Order::Answer { then, .. }) if then.is_closed() => {}
                Turn::Order(Order::Answer { ack, args, then }) => {
                    let done = self.send(Body::Ack { id: ack.0, args }).await?;
                    let _ = then.send(done);
                }
                Turn::Step(step) => self.settle(step).await?,
                Turn::Room => {}
                Turn::Overrun => return Err(CloseReason::Overrun { waiting: self.queue.len() }),
            }
        }
    }

    async fn turn(&mut self, held: Option<&mut BoxFuture<'static, ()>>) -> Turn {
        let takes = self.engine.takes();
        match held {
            Some(held) => tokio::select! {
                order = self.orders.recv(), if takes => order.map_or(Turn::Alone, Turn::Order),
                () = self.queue.room() => Turn::Room,
                () = held => Turn::Overrun,
            },
            None => tokio::select! {
                order = self.orders.recv(), if takes => order.map_or(Turn::Alone, Turn::Order),
                step = self.engine.step() => Turn::Step(step),
            },
        }
    }

    async fn emit(&mut self, name: String, args: Vec<Value>, then: Then) -> Result<(), CloseReason> {
        match then {
            // Whoever asked has given up before it was sent.
            Then::Sent(then) if then.is_closed() => {}
            Then::Acked(then) if then.is_closed() => {}
            Then::Sent(then) => {
                let done = self.send(Body::Event { name, args, id: None }).await?;
                let _ = then.send(done);
            }
            Then::Acked(then) => self.call(name, args, then).await?,
        }
        Ok(())
    }

    async fn call(
        &mut self,
        name: String,
        args: Vec<Value>,
        then: oneshot::Sender<Result<Vec<Value>, EmitError>>,
    ) -> Result<(), CloseReason> {
        let id = match self.acks.room() {
            Ok(id) => id,
            Err(error) => {
                let _ = then.send(Err(error));
                return Ok(());
            }
        };
        match self.send(Body::Event { name, args, id: Some(id) }).await? {
            Ok(()) => self.acks.keep(id, then),
            Err(error) => {
                let _ = then.send(Err(error));
            }
        }
        Ok(())
    }

    /// Sends a packet; the inner error is the sender's affair, the outer one ends the session.
    async fn send(&mut self, body: Body) -> Result<Result<(), EmitError>, CloseReason> {
        let packet = Packet { namespace: self.namespace.clone(), body };
        let messages = match encode(self.parser, packet) {
            Ok(messages) => messages,
            Err(text) => return Ok(Err(EmitError::Unwritable(text))),
        };
        // Each travels by itself, and is measured so.
        let sizes = messages.iter().map(|message| self.engine.size(message));
        if let Some((bytes, bytes_max)) = sizes.into_iter().find(|(bytes, bytes_max)| bytes > bytes_max) {
            return Ok(Err(EmitError::TooLarge { bytes, bytes_max }));
        }
        self.engine.send(messages).await.map_err(Cut::into_reason)?;
        Ok(Ok(()))
    }

    async fn settle(&mut self, step: Result<Step, Cut>) -> Result<(), CloseReason> {
        let step = step.map_err(Cut::into_reason)?;
        match self.engine.settle(step).await.map_err(Cut::into_reason)? {
            None => {}
            Some(Heard::Alive) => self.queue.put(Event::Alive, 0),
            Some(Heard::Upgraded) => {
                self.since = self.clock.elapsed();
                self.ending.transport = self.engine.transport();
                self.queue.put(Event::TransportChanged(self.engine.transport()), 0);
            }
            Some(Heard::ProbeFailed { fault, again_in }) => {
                let fault = self.auth.hidden_in_fault(fault);
                self.queue.put(Event::ProbeFailed { fault, again_in }, 0);
            }
            Some(Heard::Message(message)) => match self.decoder.read(message) {
                Ok(Some(Weighed { packet, weight })) => self.packet(packet, weight)?,
                Ok(None) => {}
                Err(text) => self.unreadable(text)?,
            },
        }
        self.look_at_partial()
    }

    /// Gives a packet up whose attachments were announced and do not come: what comes behind it could not be read for ever. Looked at
    /// with everything that is heard, signs of life too.
    fn look_at_partial(&mut self) -> Result<(), CloseReason> {
        if !self.decoder.is_waiting() {
            self.partial_since = None;
            return Ok(());
        }
        let now = self.clock.elapsed();
        if now.saturating_sub(*self.partial_since.get_or_insert(now)) < ATTACHMENTS_WAIT {
            return Ok(());
        }
        self.decoder.forget();
        self.partial_since = None;
        self.unreadable("a packet whose attachments did not come".to_owned())
    }

    fn packet(&mut self, packet: Packet, weight: usize) -> Result<(), CloseReason> {
        if packet.namespace != self.namespace {
            return Ok(());
        }
        match packet.body {
            Body::Event { name, args, id } => {
                self.queue.put(Event::Message(Incoming { name, args, ack: id.map(AckId) }), weight);
            }
            Body::Ack { id, args } => self.acks.resolve(id, args),
            Body::Disconnect => return Err(CloseReason::Kicked),
            // The namespace was given once; a refusal of it ends it.
            Body::ConnectError { .. } => return Err(CloseReason::Kicked),
            Body::Connect { .. } => {}
        }
        Ok(())
    }

    fn unreadable(&mut self, text: String) -> Result<(), CloseReason> {
        self.unreadable += 1;
        if self.unreadable > UNREADABLE_MAX {
            return Err(CloseReason::Unreadable(text));
        }
        self.queue.put(Event::Unreadable(self.auth.hidden_in_words(&text)), 0);
        Ok(())
    }
}
