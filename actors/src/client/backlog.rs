//! What waits to be written to one client: bounded in bytes, and a client that does not read is cut without hurting the others.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

use crate::message::Delivery;

/// How many bytes may wait for one client. Above, what is droppable is dropped, and anything else has the client cut.
pub const WAITING_BYTES_MAX: usize = 1_572_864;

/// How many bytes are handed to the socket at a time, so that the rest is still counted here.
const BATCH_BYTES: usize = 64 * 1024;

/// Why a connection is closed: RFC 6455 §7.4 and gateway-protocol §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// Nothing is wrong, or there is nobody to tell what is.
    pub const NORMAL: Self = Self(1000);
    /// The protocol versions do not meet.
    pub const PROTOCOL: Self = Self(1002);
    /// A frame is not text.
    pub const NOT_TEXT: Self = Self(1007);
    /// It is refused, or does not read.
    pub const POLICY: Self = Self(1008);
    /// A frame is too large.
    pub const TOO_LARGE: Self = Self(1009);
    /// There is too much at once: the client may come again.
    pub const TRY_LATER: Self = Self(1013);
    /// The gateway restarts or stops.
    pub const RESTART: Self = Self(1012);
}

/// The end of a connection, as the other side is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The code.
    pub code: CloseCode,
    /// The reason, at most 123 bytes.
    pub reason: String,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits to be written.
    Waiting,
    /// There was no room and it may be left out.
    Dropped,
    /// There was no room, so the client is being cut, now or since an earlier one.
    Cut,
    /// The socket is gone.
    Gone,
}

/// What the socket is to write next.
#[derive(Debug)]
pub enum Batch {
    /// These text frames, in order.
    Frames(Vec<Bytes>),
    /// The end; nothing follows.
    Close(Closing),
}

/// The frames that wait, between everybody who writes and the one socket that sends.
#[derive(Debug, Default)]
pub struct Backlog {
    queue: Mutex<Queue>,
    socket: AtomicWaker,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// How often the socket took something.
    taken: u64,
    closing: Option<Closing>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// What waits is written, then the end; nothing more is taken.
    Closing,
    /// As `Closing`, since the client does not read.
    Cut,
    Gone,
}

impl Backlog {
    /// Has a frame written after those that wait.
    pub fn push(&self, frame: Bytes, delivery: Delivery) -> Pushed {
        let pushed = self.lock().push(frame, delivery);
        if matches!(pushed, Pushed::Waiting | Pushed::Cut) {
            self.socket.wake();
        }
        pushed
    }

    /// Has the connection closed after what waits; the first reason counts.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.lock().close(code, reason, Stage::Closing);
        self.socket.wake();
    }

    /// Has the client cut as one that does not read.
    pub fn cut(&self) {
        self.lock().cut();
        self.socket.wake();
    }

    /// Returns how often the socket has taken something, while more waits; `None` when nothing waits. A socket whose other side
    /// does not read takes nothing.
    #[must_use]
    pub fn held_up_at(&self) -> Option<u64> {
        let queue = self.lock();
        (!queue.frames.is_empty()).then_some(queue.taken)
    }

    /// Returns whether the client did not read and is being cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.lock().stage == Stage::Cut
    }

    /// Says that the socket is gone: nothing is kept for it any more.
    pub fn leave(&self) {
        *self.lock() = Queue { stage: Stage::Gone, ..Queue::default() };
    }

    /// Returns how many bytes wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Returns what is to be written next; for the socket only.
    pub fn poll_batch(&self, cx: &mut Context<'_>) -> Poll<Batch> {
        self.socket.register(cx.waker());
        self.lock().take().map_or(Poll::Pending, Poll::Ready)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, frame: Bytes, delivery: Delivery) -> Pushed {
        match self.stage {
            Stage::Open => {}
            Stage::Closing => return Pushed::Dropped,
            Stage::Cut => return Pushed::Cut,
            Stage::Gone => return Pushed::Gone,
        }
        // One frame may pass the bound, whatever its size: else a large answer could never be given.
        if self.bytes <= WAITING_BYTES_MAX {
            self.bytes += frame.len();
            self.frames.push_back(frame);
            return Pushed::Waiting;
        }
        if delivery == Delivery::Droppable {
            return Pushed::Dropped;
        }
        self.cut();
        Pushed::Cut
    }

    fn cut(&mut self) {
        self.close(CloseCode::POLICY, "slow consumer", Stage::Cut);
    }

    fn close(&mut self, code: CloseCode, reason: &str, stage: Stage) {
        if self.stage != Stage::Open {
            return;
        }
        self.stage = stage;
        self.closing = Some(Closing { code, reason: reason.to_owned() });
        if stage == Stage::Cut {
            // It has not read what was before; the end is all it still needs to hear.
            (self.frames, self.bytes) = (VecDeque::new(), 0);
        }
    }

    fn take(&mut self) -> Option<Batch> {
        let mut frames = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES {
            let Some(frame) = self.frames.pop_front() else { break };
            bytes += frame.len();
            frames.push(frame);
        }
        self.bytes -= bytes;
        self.taken += 1;
        if frames.is_empty() { self.closing.take().map(Batch::Close) } else { Some(Batch::Frames(frames)) }
    }
}
