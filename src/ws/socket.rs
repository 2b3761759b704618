//! The one place that knows actix-web-actors: a thin actor that carries text frames between a connection and its client's actor.
//!
//! It is born with the connection and dies with it. Before the handshake it holds nothing but a challenge; after it, the seat.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix::{Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, StreamHandler, WrapFuture as _};
use actix_http::ws::Item;
use actix_web::web::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_web_actors::ws::{self, CloseReason, Message, ProtocolError, WebsocketContext};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use callboard_actors::client::{Backlog, Batch, ClientLine, CloseCode, Closing, Cutter};
use callboard_actors::core::TellError;
use callboard_actors::message::Delivery;
use futures_util::Stream;
use uuid::Uuid;

use super::Control;
use super::budget::{self, Places, Purse, SMALL_BYTES};
use super::gate::{Fault, Found, Gate, Room};
use super::handshake::{Knock, Refusal};
use super::signs::{Came, LOOK_EVERY, MESSAGE_TIME_MAX, Sign, Signs};
use super::welcome;
use crate::access::Caller;

/// The most bytes of a message, in one frame or in fragments; a larger one closes the connection with 1009. As the public gateway has
/// it, whose clients send attachments of that size.
pub(super) const FRAME_BYTES_MAX: usize = 25 << 20;

/// The same until the client has its seat: anybody can open a socket, and a first frame is short.
const STRANGER_BYTES_MAX: usize = 65_536;

/// Why a connection is closed that sends a large message while too many are on their way.
const CROWDED: &str = "too many large messages at once";

/// How long a client may take to introduce itself.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);

/// How soon a frame is offered again for which the client's actor had no room; nothing more is read meanwhile.
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// How long the other side is given to answer a close.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Opens a socket.
///
/// # Errors
/// The request is no proper upgrade: RFC 6455 §4.2.
pub(super) fn open(
    request: &HttpRequest,
    payload: Payload,
    control: Arc<Control>,
    caller: Caller,
    cutter: Cutter,
) -> Result<HttpResponse, Error> {
    let came = Came::default();
    let socket = Socket {
        conn: Uuid::new_v4().to_string(),
        nonce: Uuid::new_v4().to_string(),
        signs: Signs::new(control.clock().elapsed(), Rc::clone(&came)),
        control,
        caller,
        cutter,
        backlog: Arc::default(),
        stage: Stage::Stranger,
        fragments: None,
        found: Found::default(),
        room: Room::new(STRANGER_BYTES_MAX.into()),
        purse: Purse::default(),
    };
    let bytes = Gate::new(payload, &socket.found, &socket.room, &socket.purse, came);
    ws::WsResponseBuilder::new(socket, request, bytes).frame_size(FRAME_BYTES_MAX).start()
}

/// A connection.
struct Socket {
    conn: String,
    nonce: String,
    control: Arc<Control>,
    caller: Caller,
    cutter: Cutter,
    backlog: Arc<Backlog>,
    stage: Stage,
    /// A message that has begun and not ended.
    fragments: Option<Fragments>,
    /// What was wrong with a frame's head.
    found: Found,
    /// How many bytes of a message are taken.
    room: Room,
    /// Places of large frames whose bytes are coming.
    purse: Purse,
    /// When it was last heard.
    signs: Signs,
}

/// The pieces of a message that have come, with their places.
struct Fragments {
    /// When the first one came, on the clock.
    begun: Duration,
    bytes: BytesMut,
    places: Option<Places>,
}

/// How far a connection has come.
enum Stage {
    /// It has not said who it is.
    Stranger,
    /// It has, and is being looked at.
    Knocking,
    /// It is in.
    Seated { line: ClientLine },
    /// It is being closed: nothing that comes counts.
    Closing,
}

type Ctx = WebsocketContext<Socket>;

impl Actor for Socket {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        self.control.seats.open(&self.conn, &self.backlog);
        ctx.add_stream(Outgoing(Arc::clone(&self.backlog)));
        self.backlog.push(welcome::challenge(&self.nonce, self.control.clock().now_ms()), Delivery::Kept);
        self.after(HANDSHAKE_WAIT, ctx, |socket, _| {
            if matches!(socket.stage, Stage::Stranger | Stage::Knocking) {
                socket.close(CloseCode::NORMAL, "");
            }
        });
        self.watch(ctx);
    }

    fn stopped(&mut self, _ctx: &mut Ctx) {
        self.backlog.leave();
        self.control.left(&self.conn);
    }
}

impl Socket {
    fn close(&mut self, code: CloseCode, reason: &str) {
        self.stage = Stage::Closing;
        self.backlog.close(code, reason);
    }

    fn after(&self, wait: Duration, ctx: &mut Ctx, then: impl FnOnce(&mut Self, &mut Ctx) + 'static) {
        let clock = self.control.clock().clone();
        ctx.spawn(async move { clock.sleep(wait).await }.into_actor(self).map(move |(), socket, ctx| then(socket, ctx)));
    }

    /// Asks a silent connection for a sign of life, and ends one that gives none.
    fn watch(&self, ctx: &mut Ctx) {
        self.after(LOOK_EVERY, ctx, |socket, ctx| {
            let now = socket.control.clock().elapsed();
            // Its fragments are signs of life, and so are pongs between them: the whole holds its places all the same.
            let overdue = socket.fragments.as_ref().is_some_and(|whole| now.saturating_sub(whole.begun) >= MESSAGE_TIME_MAX);
            let sign = socket.signs.look(now);
            match if overdue { Sign::Slow } else { sign } {
                Sign::Heard => {}
                Sign::Quiet => ctx.ping(b""),
                Sign::Silent => return socket.cut("client.silent", "no sign of life", ctx),
                Sign::Slow => return socket.cut("client.slow", "a message was on its way for too long", ctx),
            }
            socket.watch(ctx);
        });
    }

    /// Ends the connection at once: nobody there would read why.
    fn cut(&self, event: &'static str, why: &'static str, ctx: &mut Ctx) {
        tracing::info!(event, conn = %self.conn, "{why}: the connection is ended");
        (self.cutter)();
        ctx.stop();
    }

    /// Takes a message that came in one frame.
    fn frame(&mut self, bytes: Bytes, ctx: &mut Ctx) {
        let places = self.purse.places_of(bytes.len());
        self.message(bytes, places, ctx);
    }

    /// Takes a message; what is large keeps its places until nobody holds its bytes.
    fn message(&mut self, bytes: Bytes, places: Option<Places>, ctx: &mut Ctx) {
        match ByteString::try_from(budget::held(bytes, places)) {
            Ok(text) => self.text(text, ctx),
            Err(_) => self.close(CloseCode::NOT_TEXT, "a message has to be text"),
        }
    }

    fn text(&mut self, text: ByteString, ctx: &mut Ctx) {
        match &self.stage {
            Stage::Seated { line } => pass(line.clone(), text, self, ctx),
            Stage::Stranger => self.knock(text, ctx),
            // Reading stands still while it is looked at; what comes with a close counts for nothing.
            Stage::Knocking | Stage::Closing => {}
        }
    }

    /// Has the first frame looked at; nothing is read meanwhile.
    fn knock(&mut self, text: ByteString, ctx: &mut Ctx) {
        self.stage = Stage::Knocking;
        let (control, caller, nonce) = (Arc::clone(&self.control), self.caller.clone(), self.nonce.clone());
        let decided = async move { control.handshake.admit(Knock { nonce: &nonce, text: &text, caller: &caller }).await };
        let clock = self.control.clock().clone();
        let decided = async move { clock.within(HANDSHAKE_WAIT, decided).await };
        ctx.wait(decided.into_actor(self).map(|decided, socket, _| {
            if matches!(socket.stage, Stage::Closing) {
                return;
            }
            match decided {
                Some(Ok(admitted)) => socket.seat(admitted),
                Some(Err(refusal)) => socket.refuse(refusal),
                None => socket.close(CloseCode::NORMAL, ""),
            }
        }));
    }

    fn refuse(&mut self, refusal: Refusal) {
        let Refusal { answer, close_code, close_reason, event } = refusal;
        let address = self.caller.address();
        tracing::info!(event, conn = %self.conn, ?address, "a client was not let in: {close_reason}");
        if let Some(answer) = answer {
            self.backlog.push(answer.into(), Delivery::Kept);
        }
        self.close(CloseCode(close_code), &close_reason);
    }

    fn seat(&mut self, admitted: super::handshake::Admitted) {
        let (backlog, cutter) = (Arc::clone(&self.backlog), Arc::clone(&self.cutter));
        match welcome::seat(&self.control, admitted, &self.conn, self.caller.address(), (backlog, cutter)) {
            Ok(line) => {
                self.room.set(FRAME_BYTES_MAX);
                self.stage = Stage::Seated { line };
            }
            Err(error) => {
                tracing::warn!(event = "client.not_seated", conn = %self.conn, "{error}");
                self.close(CloseCode::RESTART, "service restart");
            }
        }
    }

    fn fragment(&mut self, item: Item, ctx: &mut Ctx) {
        if matches!(self.stage, Stage::Closing) {
            self.fragments = None;
            return;
        }
        let (piece, ends) = match item {
            Item::FirstText(piece) | Item::FirstBinary(piece) => {
                let begun = self.control.clock().elapsed();
                self.fragments = Some(Fragments { begun, bytes: BytesMut::new(), places: None });
                (piece, false)
            }
            Item::Continue(piece) => (piece, false),
            Item::Last(piece) => (piece, true),
        };
        let Some(whole) = &mut self.fragments else { return };
        let size = whole.bytes.len() + piece.len();
        if size > self.room.get() {
            self.fragments = None;
            return self.close(CloseCode::TOO_LARGE, "");
        }
        // A large piece has its places from its head on; small ones need some once they are a large message together.
        let places = match self.purse.places_of(piece.len()) {
            None if size > SMALL_BYTES => match self.purse.places(piece.len()) {
                Some(places) => Some(places),
                None => {
                    self.fragments = None;
                    return self.close(CloseCode::TRY_LATER, CROWDED);
                }
            },
            places => places,
        };
        whole.places = budget::together(whole.places.take(), places);
        whole.bytes.extend_from_slice(&piece);
        if ends && let Some(Fragments { bytes, places, .. }) = self.fragments.take() {
            self.message(bytes.freeze(), places, ctx);
        }
    }
}

/// Passes a frame on; while the client's actor has no room, nothing more is read, and the client's writes wait.
fn pass(line: ClientLine, text: ByteString, socket: &mut Socket, ctx: &mut Ctx) {
    match line.say(&text) {
        Ok(()) => {}
        Err(TellError::Full) => {
            let clock = socket.control.clock().clone();
            let wait = async move { clock.sleep(AGAIN_AFTER).await };
            ctx.wait(wait.into_actor(socket).map(move |(), socket, ctx| pass(line, text, socket, ctx)));
        }
        Err(error @ (TellError::Stopped | TellError::Failed | TellError::Blocked)) => {
            tracing::info!(event = "client.unheard", conn = %socket.conn, "{error}");
            socket.close(CloseCode::RESTART, "service restart");
        }
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Socket {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Ctx) {
        self.signs.heard(self.control.clock().elapsed());
        match message {
            Ok(Message::Text(text)) if text.len() <= SMALL_BYTES => self.text(text, ctx),
            Ok(Message::Text(text)) => self.frame(text.into_bytes(), ctx),
            Ok(Message::Binary(bytes)) => self.frame(bytes, ctx),
            Ok(Message::Continuation(item)) => self.fragment(item, ctx),
            Ok(Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(Message::Pong(_) | Message::Nop) => {}
            // It answers our own, and there is nothing more to say.
            Ok(Message::Close(_)) if matches!(self.stage, Stage::Closing) => ctx.stop(),
            Ok(Message::Close(reason)) => {
                ctx.close(reason.filter(|reason| !matches!(reason.code, ws::CloseCode::Abnormal | ws::CloseCode::Tls)));
                ctx.stop();
            }
            Err(ProtocolError::Overflow) => self.close(CloseCode::TOO_LARGE, ""),
            Err(ProtocolError::Io(_)) => self.close(
                match self.found.get() {
                    Some(Fault::TooLarge) => CloseCode::TOO_LARGE,
                    Some(Fault::Protocol) => CloseCode::PROTOCOL,
                    Some(Fault::Crowded) => CloseCode::TRY_LATER,
                    None => CloseCode::NOT_TEXT,
                },
                if self.found.get() == Some(Fault::Crowded) { CROWDED } else { "" },
            ),
            Err(_) => self.close(CloseCode::PROTOCOL, ""),
        }
    }

    fn finished(&mut self, ctx: &mut Ctx) {
        ctx.stop();
    }
}

/// What waits in the backlog, as a stream of its own: one batch each time the connection has room.
struct Outgoing(Arc<Backlog>);

struct ToSend(Batch);

impl Stream for Outgoing {
    type Item = ToSend;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ToSend>> {
        self.0.poll_batch(cx).map(|batch| Some(ToSend(batch)))
    }
}

impl StreamHandler<ToSend> for Socket {
    fn handle(&mut self, ToSend(batch): ToSend, ctx: &mut Ctx) {
        match batch {
            Batch::Frames(frames) => frames.into_iter().for_each(|frame| send(frame, ctx)),
            Batch::Close(closing) => self.say_goodbye(closing, ctx),
        }
    }

    fn finished(&mut self, _ctx: &mut Ctx) {}
}

impl Socket {
    /// Says why the connection ends, and ends it when the other side does not.
    fn say_goodbye(&mut self, Closing { code, reason }: Closing, ctx: &mut Ctx) {
        self.stage = Stage::Closing;
        let description = (!reason.is_empty()).then_some(reason);
        ctx.close(Some(CloseReason { code: code.0.into(), description }));
        self.after(CLOSE_WAIT, ctx, |socket, ctx| {
            (socket.cutter)();
            ctx.stop();
        });
    }
}

fn send(frame: Bytes, ctx: &mut Ctx) {
    // Frames are written by serde, so they are UTF-8.
    if let Ok(text) = ByteString::try_from(frame) {
        ctx.text(text);
    }
}
