//! One connection, whatever carries it, with its signs of life.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::frame::{Cut, Frame, Handshake, Message};
use super::polling::{self, Polling};
use super::probe::{Probed, Probing};
use super::websocket::{Same, Socket};
use crate::core::Clock;
use crate::socketio::{Endpoint, Fault, Limits, Options, Probe, Transport, Way};

/// What a ping may bring with it, which goes back with the answer, bytes; servers write nothing, or `probe`.
const PING_BYTES_MAX: usize = 64;

enum Carrier {
    WebSocket(Box<Socket>),
    Polling(Box<Polling>),
}

/// A connection that stands.
pub(in crate::socketio) struct Engine {
    carrier: Carrier,
    handshake: Handshake,
    probing: Probing,
    endpoint: Endpoint,
    limits: Limits,
    clock: Clock,
    /// When the server was heard the last time.
    heard_at: Duration,
    /// When its silence has to be looked at.
    watch: BoxFuture<'static, ()>,
}

/// What was heard, and has to be [settled](Engine::settle).
pub(in crate::socketio) struct Step(Happened);

enum Happened {
    Frame(Frame),
    Drained,
    Probed(Probed),
    Watch,
}

/// What it means for the level above.
#[derive(Debug)]
pub(in crate::socketio) enum Heard {
    /// A message.
    Message(Message),
    /// A sign of life.
    Alive,
    /// WebSocket has taken over.
    Upgraded,
    /// WebSocket was probed in vain.
    ProbeFailed {
        /// Why.
        fault: Fault,
        /// When it is probed again.
        again_in: Duration,
    },
}

impl Engine {
    /// Connects by one transport, until the server's handshake.
    ///
    /// # Errors
    /// Says why not.
    pub(in crate::socketio) async fn open(options: &Options, transport: Transport) -> Result<Self, Fault> {
        let Options { endpoint, limits, clock, .. } = options;
        let (carrier, handshake) = match transport {
            Transport::WebSocket => {
                let opening = open_websocket(endpoint, limits, clock);
                let late = Err(Fault::TimedOut("the server's handshake over WebSocket"));
                let (socket, handshake) = clock.within(limits.websocket_timeout, opening).await.unwrap_or(late)?;
                (Carrier::WebSocket(Box::new(socket)), handshake)
            }
            Transport::Polling => {
                let opening = Polling::open(endpoint, limits, clock);
                let late = Err(Fault::TimedOut("the server's handshake over polling"));
                let (polling, handshake) = clock.within(limits.connect_timeout, opening).await.unwrap_or(late)?;
                (Carrier::Polling(Box::new(polling)), handshake)
            }
        };
        Ok(Self {
            carrier,
            probing: Probing::new(Probe::Never, clock),
            endpoint: endpoint.clone(),
            limits: *limits,
            clock: clock.clone(),
            heard_at: clock.elapsed(),
            watch: clock.sleep(handshake.silence_max),
            handshake,
        })
    }

    /// Looks for a better transport from now on, where the way and the server allow it. Called once the session stands, so that
    /// whoever holds it hears of every change.
    pub(in crate::socketio) fn begin_probing(&mut self, options: &Options) {
        let may_probe = self.transport() == Transport::Polling
            && self.handshake.offers_websocket
            && matches!(options.way, Way::WebSocketFirst | Way::PollingFirst);
        if may_probe {
            self.probing = Probing::new(options.probe, &self.clock);
        }
    }

    /// Waits for the next that happens. Nothing is lost when the wait is cut short; whoever has a step must settle it.
    ///
    /// # Errors
    /// The connection is over.
    pub(in crate::socketio) async fn step(&mut self) -> Result<Step, Cut> {
        let happened = tokio::select! {
            frame = read(&mut self.carrier) => frame?.map_or(Happened::Drained, Happened::Frame),
            probed = self.probing.next() => Happened::Probed(probed),
            () = &mut self.watch => Happened::Watch,
        };
        Ok(Step(happened))
    }

    /// Does what a step asks for; returns what it means for the level above, if anything. Must not be cut short.
    ///
    /// # Errors
    /// The connection is over.
    pub(in crate::socketio) async fn settle(&mut self, step: Step) -> Result<Option<Heard>, Cut> {
        match step.0 {
            Happened::Frame(frame) => {
                self.heard_at = self.clock.elapsed();
                self.frame(frame).await
            }
            Happened::Drained => self.upgrade().await,
            Happened::Probed(probed) => Ok(self.probed(probed)),
            Happened::Watch => {
                let silent = self.clock.elapsed().saturating_sub(self.heard_at);
                if silent >= self.handshake.silence_max {
                    return Err(Cut::Silent(silent));
                }
                self.watch = self.clock.sleep(self.handshake.silence_max.saturating_sub(silent));
                Ok(None)
            }
        }
    }

    async fn frame(&mut self, frame: Frame) -> Result<Option<Heard>, Cut> {
        match frame {
            Frame::Message(message) if message.len() > self.limits.message_bytes_max => {
                Err(Cut::Unreadable(format!("a message of more than {} bytes", self.limits.message_bytes_max)))
            }
            Frame::Message(message) => Ok(Some(Heard::Message(message))),
            Frame::Ping(text) if text.len() > PING_BYTES_MAX => {
                Err(Cut::Unreadable(format!("a ping with more than {PING_BYTES_MAX} bytes")))
            }
            Frame::Ping(text) => {
                match &mut self.carrier {
                    // Written out before the next is read.
                    Carrier::WebSocket(socket) => socket.write([Frame::Pong(text)]).await?,
                    Carrier::Polling(polling) => polling.answer(Frame::Pong(text))?,
                }
                Ok(Some(Heard::Alive))
            }
            Frame::Close => Err(Cut::Closed(None)),
            Frame::Open(_) => Err(Cut::Unreadable("a second handshake".to_owned())),
            Frame::Pong(_) | Frame::Upgrade | Frame::Noop => Ok(None),
        }
    }

    fn probed(&mut self, probed: Probed) -> Option<Heard> {
        let fault = match probed {
            Probed::Due => {
                let cookies = match &self.carrier {
                    Carrier::Polling(polling) => polling.cookies(),
                    Carrier::WebSocket(_) => None,
                };
                let same = Same { sid: self.handshake.sid.clone(), cookies };
                self.probing.begin(&self.endpoint, same, self.limits, &self.clock);
                return None;
            }
            Probed::Tried(Ok(socket)) => {
                if let Carrier::Polling(polling) = &mut self.carrier {
                    polling.drain();
                }
                self.probing.keep(socket, self.limits.websocket_timeout, &self.clock);
                return None;
            }
            Probed::Tried(Err(fault)) => fault,
            Probed::Stuck => {
                if let Carrier::Polling(polling) = &mut self.carrier {
                    polling.resume();
                }
                Fault::TimedOut("the end of the last poll")
            }
        };
        let again_in = self.probing.again(&self.clock);
        Some(Heard::ProbeFailed { fault, again_in })
    }

    /// Lets WebSocket take over: nothing is under way by polling any more, and what waits goes first.
    async fn upgrade(&mut self) -> Result<Option<Heard>, Cut> {
        let Some(mut socket) = self.probing.take() else {
            // Drained without a WebSocket that waits: it was given up in the same moment.
            if let Carrier::Polling(polling) = &mut self.carrier {
                polling.resume();
            }
            return Ok(None);
        };
        socket.write([Frame::Upgrade]).await?;
        let before = std::mem::replace(&mut self.carrier, Carrier::WebSocket(socket));
        if let (Carrier::Polling(polling), Carrier::WebSocket(socket)) = (before, &mut self.carrier) {
            socket.write(polling.into_outgoing()).await?;
        }
        self.heard_at = self.clock.elapsed();
        Ok(Some(Heard::Upgraded))
    }

    /// Hands messages to the transport.
    ///
    /// # Errors
    /// The connection is over.
    pub(in crate::socketio) async fn send(&mut self, messages: Vec<Message>) -> Result<(), Cut> {
        let frames = messages.into_iter().map(Frame::Message);
        match &mut self.carrier {
            Carrier::WebSocket(socket) => socket.write(frames).await,
            Carrier::Polling(polling) => {
                polling.write(frames);
                Ok(())
            }
        }
    }

    /// Returns whether more can be sent now.
    pub(in crate::socketio) fn takes(&self) -> bool {
        match &self.carrier {
            Carrier::WebSocket(_) => true,
            Carrier::Polling(polling) => polling.takes(),
        }
    }

    /// Returns the size of a message as the server measures it, bytes, with the most that it takes.
    pub(in crate::socketio) fn size(&self, message: &Message) -> (usize, usize) {
        let bytes = match &self.carrier {
            // A message that waits for polling may travel by WebSocket, not the other way round.
            Carrier::WebSocket(_) => message.len() + 1,
            Carrier::Polling(_) => polling::size_of(message),
        };
        (bytes, self.handshake.payload_bytes_max)
    }

    /// Counts silence from now on: nobody listened before.
    pub(in crate::socketio) fn listen_anew(&mut self) {
        self.heard_at = self.clock.elapsed();
    }

    /// Returns how frames travel.
    pub(in crate::socketio) const fn transport(&self) -> Transport {
        match &self.carrier {
            Carrier::WebSocket(_) => Transport::WebSocket,
            Carrier::Polling(_) => Transport::Polling,
        }
    }

    /// Says goodbye; whoever does not answer is left.
    pub(in crate::socketio) async fn close(self, wait: Duration) {
        match self.carrier {
            Carrier::WebSocket(socket) => socket.close(wait).await,
            Carrier::Polling(polling) => polling.close(&self.clock, wait).await,
        }
    }
}

async fn read(carrier: &mut Carrier) -> Result<Option<Frame>, Cut> {
    match carrier {
        Carrier::WebSocket(socket) => socket.read().await.map(Some),
        Carrier::Polling(polling) => polling.read().await,
    }
}

async fn open_websocket(endpoint: &Endpoint, limits: &Limits, clock: &Clock) -> Result<(Socket, Handshake), Fault> {
    let mut socket = Socket::connect(endpoint, None, limits, clock).await?;
    match socket.read().await {
        Ok(Frame::Open(handshake)) => Ok((socket, handshake)),
        Ok(_) => Err(Fault::Foreign("its first frame is no handshake".to_owned())),
        Err(Cut::Unreadable(text)) => Err(Fault::Foreign(text)),
        Err(Cut::Closed(_)) => Err(Fault::Cut("the WebSocket was closed before the server's handshake".to_owned())),
        Err(Cut::Broken(text)) => Err(Fault::Cut(format!("the WebSocket was cut before the server's handshake: {text}"))),
        Err(Cut::Silent(_) | Cut::Flooded(_)) => Err(Fault::TimedOut("the server's handshake over WebSocket")),
    }
}
