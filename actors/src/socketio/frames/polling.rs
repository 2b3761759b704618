//! HTTP long polling: one poll at a time, one post at a time, and the frames that wait for either.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;

use super::frame::{Cut, Frame, Handshake, Message};
use super::http::Http;
use super::payload;
use crate::core::Clock;
use crate::socketio::{Endpoint, Fault, Limits};

/// How many frames wait for a post before no further one is taken.
const OUTGOING_MAX: usize = 64;
/// How many bytes of messages, likewise; the one that reaches it is still taken.
const OUTGOING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many answers to signs of life may wait for a post: a server asks for the next when it has the last.
const ANSWERS_MAX: usize = 16;

/// Whether new requests are begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Going,
    /// Those under way are waited for, so that WebSocket can take over.
    Draining,
}

/// A connection that is carried by polling.
pub(super) struct Polling {
    http: Http,
    sid: String,
    payload_bytes_max: usize,
    flow: Flow,
    poll: Option<BoxFuture<'static, Result<String, Fault>>>,
    post: Option<BoxFuture<'static, Result<(), Fault>>>,
    incoming: VecDeque<Frame>,
    outgoing: VecDeque<Frame>,
}

/// What a request under way became.
enum Done {
    Polled(Result<String, Fault>),
    Posted(Result<(), Fault>),
}

impl Polling {
    /// Opens a connection. Whoever calls bounds the time.
    ///
    /// # Errors
    /// Says why not.
    pub(super) async fn open(endpoint: &Endpoint, limits: &Limits, clock: &Clock) -> Result<(Self, Handshake), Fault> {
        let (body, http) = Http::new(endpoint, limits, clock)?.begin().await?;
        let mut incoming = payload::read(&body).map_err(Fault::Foreign)?;
        let Some(Frame::Open(handshake)) = incoming.pop_front() else {
            return Err(Fault::Foreign("its first frame is no handshake".to_owned()));
        };
        let polling = Self {
            http,
            sid: handshake.sid.clone(),
            payload_bytes_max: handshake.payload_bytes_max,
            flow: Flow::Going,
            poll: None,
            post: None,
            incoming,
            outgoing: VecDeque::new(),
        };
        Ok((polling, handshake))
    }

    /// Returns the next frame, or nothing once it is drained. Nothing is lost when the wait is cut short.
    ///
    /// # Errors
    /// A request failed, or what came is no frame.
    pub(super) async fn read(&mut self) -> Result<Option<Frame>, Cut> {
        loop {
            if let Some(frame) = self.incoming.pop_front() {
                return Ok(Some(frame));
            }
            self.begin_requests();
            let done = match (&mut self.poll, &mut self.post) {
                (Some(poll), Some(post)) => tokio::select! {
                    body = poll => Done::Polled(body),
                    posted = post => Done::Posted(posted),
                },
                (Some(poll), None) => Done::Polled(poll.await),
                (None, Some(post)) => Done::Posted(post.await),
                (None, None) => return Ok(None),
            };
            match done {
                Done::Polled(body) => {
                    self.poll = None;
                    self.incoming = payload::read(&body.map_err(cut)?).map_err(Cut::Unreadable)?;
                }
                Done::Posted(posted) => {
                    self.post = None;
                    posted.map_err(cut)?;
                }
            }
        }
    }

    fn begin_requests(&mut self) {
        if self.flow == Flow::Draining {
            return;
        }
        if self.poll.is_none() {
            self.poll = Some(self.http.poll(&self.sid));
        }
        if self.post.is_none() && !self.outgoing.is_empty() {
            let body = payload::write(&mut self.outgoing, self.payload_bytes_max);
            self.post = Some(self.http.post(&self.sid, body));
        }
    }

    /// Puts frames behind those that wait, which [`Polling::takes`] has allowed; they travel while [`Polling::read`] is waited for.
    pub(super) fn write(&mut self, frames: impl IntoIterator<Item = Frame>) {
        self.outgoing.extend(frames);
    }

    /// Puts an answer to a sign of life behind what waits.
    ///
    /// # Errors
    /// Too many wait: the server asks and does not listen.
    pub(super) fn answer(&mut self, frame: Frame) -> Result<(), Cut> {
        let waiting = self.outgoing.iter().filter(|frame| matches!(frame, Frame::Pong(_))).count();
        if waiting >= ANSWERS_MAX {
            return Err(Cut::Flooded(waiting));
        }
        self.outgoing.push_back(frame);
        Ok(())
    }

    /// Returns whether there is room for more.
    pub(super) fn takes(&self) -> bool {
        let bytes = self.outgoing.iter().map(|frame| if let Frame::Message(message) = frame { message.len() } else { 0 });
        self.outgoing.len() < OUTGOING_MAX && bytes.sum::<usize>() < OUTGOING_BYTES_MAX
    }

    /// Returns the cookies that the server gave.
    pub(super) fn cookies(&self) -> Option<HeaderValue> {
        self.http.cookies()
    }

    /// Begins no further request.
    pub(super) fn drain(&mut self) {
        self.flow = Flow::Draining;
    }

    /// Begins requests again.
    pub(super) fn resume(&mut self) {
        self.flow = Flow::Going;
    }

    /// Returns what still waits to be written, once it is drained.
    pub(super) fn into_outgoing(self) -> VecDeque<Frame> {
        self.outgoing
    }

    /// Says goodbye, behind what waits; whoever does not answer is left.
    pub(super) async fn close(mut self, clock: &Clock, wait: Duration) {
        let goodbye = async {
            if let Some(post) = self.post.take() {
                post.await?;
            }
            self.outgoing.push_back(Frame::Close);
            while !self.outgoing.is_empty() {
                let body = payload::write(&mut self.outgoing, self.payload_bytes_max);
                self.http.post(&self.sid, body).await?;
            }
            Ok::<(), Fault>(())
        };
        let _ = clock.within(wait, goodbye).await;
    }
}

/// Returns how many bytes a message has on this transport.
pub(super) fn size_of(message: &Message) -> usize {
    payload::size_of(message)
}

/// A server that closed a connection knows its id no more.
fn cut(fault: Fault) -> Cut {
    match fault {
        Fault::Status { status: 400, said } if said.to_ascii_lowercase().contains("session id unknown") => Cut::Closed(None),
        Fault::Foreign(text) => Cut::Unreadable(text),
        other => Cut::Broken(other.to_string()),
    }
}
