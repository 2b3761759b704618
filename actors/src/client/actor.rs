//! The actor that answers one client's requests.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytestring::ByteString;

use super::seat::FRAMES_MAX;
use super::{Call, ClientSeat, Incoming, Methods, Refusal, Request, WireError};
use crate::core::{ActorId, ActorKind, ActorRef, ActorSpec, Behaviour, Mailbox, Overflow, Restart, Scope, TellError};
use crate::message::Code;

/// How many requests of one client may wait for their answers; above, it hears `UNAVAILABLE` at once.
pub const REQUESTS_MAX: usize = 256;

/// From which size on a frame is held until its request is answered or lets go of it, bytes.
const LARGE_FRAME_BYTES: usize = 512 * 1024;

/// How long a client that does not read is given to hear why it is cut.
const CUT_AFTER: Duration = Duration::from_secs(5);

/// How long a client may take nothing of what waits for it. Its socket cannot say so itself: it is not even asked while the
/// system has no room for what it wrote.
const HELD_UP_MAX: Duration = Duration::from_secs(30);

/// How often the actor looks whether its client reads.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What a client's actor can be told.
#[derive(Debug)]
pub enum ClientMessage {
    /// A frame waits at the seat.
    Frame,
}

/// The way from a socket to its client's actor.
#[derive(Clone)]
pub struct ClientLine {
    seat: Arc<ClientSeat>,
    actor: ActorRef<ClientMessage>,
}

impl ClientLine {
    /// Returns the way to the actor behind a seat.
    #[must_use]
    pub const fn new(seat: Arc<ClientSeat>, actor: ActorRef<ClientMessage>) -> Self {
        Self { seat, actor }
    }

    /// Hands in a frame. It waits at the seat, so that it outlives a thread that is given up with its actors' mailboxes.
    ///
    /// # Errors
    /// `Full` when so many frames wait that the client is to be read no further; the others when nobody looks at it any more.
    pub fn say(&self, frame: &ByteString) -> Result<(), TellError> {
        if !self.seat.put_down(frame) {
            return Err(TellError::Full);
        }
        match self.actor.tell(ClientMessage::Frame) {
            // There are as many letters in the mailbox as frames at the seat, or more.
            Ok(()) | Err(TellError::Full) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// One control client.
pub struct ClientActor {
    seat: Arc<ClientSeat>,
    methods: Arc<dyn Methods>,
    held_up: Option<HeldUp>,
}

/// A client that took nothing at the last look although something waits.
#[derive(Clone, Copy)]
struct HeldUp {
    at: u64,
    since: Duration,
}

impl ClientActor {
    /// Returns the actor's id, `client:<connId>`.
    #[must_use]
    pub fn id(seat: &ClientSeat) -> ActorId {
        ActorId::new(format!("client:{}", seat.conn))
    }

    /// Returns how the actor is made, any number of times behind the same socket.
    #[must_use]
    pub fn spec(seat: &Arc<ClientSeat>, methods: &Arc<dyn Methods>) -> ActorSpec<Self> {
        let (seat, methods) = (Arc::clone(seat), Arc::clone(methods));
        ActorSpec::new(Self::id(&seat), ActorKind::Client, move || {
            Ok(Self { seat: Arc::clone(&seat), methods: Arc::clone(&methods), held_up: None })
        })
        .restart(Restart::Permanent)
        .mailbox(Mailbox { capacity: FRAMES_MAX, overflow: Overflow::Reject })
    }

    fn frame(&mut self, text: ByteString, scope: &mut Scope<'_, Self>) {
        match Incoming::parse(&text) {
            Incoming::Request(request) => self.request(request, text, scope),
            Incoming::Invalid { id, why } => {
                self.seat.refuse(&id, &WireError::invalid(format!("invalid request frame: {why}")));
            }
            // As the protocol has it: noise is not answered.
            Incoming::NotJson => tracing::debug!(event = "client.noise", actor = %scope.id(), "a frame that is no JSON"),
        }
    }

    fn request(&mut self, request: Request, frame: ByteString, scope: &mut Scope<'_, Self>) {
        let Request { id, method, params } = request;
        let found = match self.methods.find(&self.seat, &method) {
            Ok(found) => found,
            Err(error) => return self.seat.refuse(&id, &error),
        };
        let Some(id) = self.seat.begin(&id, REQUESTS_MAX) else {
            let text = format!("{REQUESTS_MAX} requests of this client wait already: wait for their answers");
            return self.seat.refuse(&id, &WireError::new(Code::Overloaded, text));
        };
        let frame = (frame.len() > LARGE_FRAME_BYTES).then_some(frame);
        let call = Call { seat: Arc::clone(&self.seat), id: Arc::clone(&id), method: method.into(), params, frame };
        let method = Arc::clone(&call.method);
        let mut answer = self.methods.call(call);
        // Most answers need nobody else and are there at once.
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return self.seat.finish(&id, &answer);
        }
        scope.run(found.patience, answer, move |client, answer, _| {
            let answer = answer.unwrap_or_else(|| {
                let text = format!("{method} was not answered within {} s", found.patience.as_secs());
                Err(Refusal::from(WireError::new(Code::Unavailable, text)))
            });
            client.seat.finish(&id, &answer);
        });
    }

    /// Ends a connection that stays open although its other side does not read.
    fn look(&mut self, scope: &mut Scope<'_, Self>) {
        let now = scope.clock().elapsed();
        let before = self.held_up.take();
        self.held_up = self.seat.backlog.held_up_at().map(|at| match before {
            Some(before) if before.at == at => before,
            _ => HeldUp { at, since: now },
        });
        if self.held_up.is_some_and(|held_up| now.saturating_sub(held_up.since) >= HELD_UP_MAX) {
            self.seat.backlog.cut();
        }
        if self.seat.backlog.is_cut() {
            tracing::info!(event = "client.cut", actor = %scope.id(), "it does not read");
            let cutter = Arc::clone(&self.seat.cutter);
            scope.after(CUT_AFTER, move |_, _| cutter());
        } else {
            scope.after(LOOK_EVERY, Self::look);
        }
    }
}

impl Behaviour for ClientActor {
    type Message = ClientMessage;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        self.seat.give_up();
        self.look(scope);
        // Their letters may be lost.
        while let Some(text) = self.seat.take_up() {
            self.frame(text, scope);
        }
    }

    fn receive(&mut self, ClientMessage::Frame: ClientMessage, scope: &mut Scope<'_, Self>) {
        if let Some(text) = self.seat.take_up() {
            self.frame(text, scope);
        }
    }
}
