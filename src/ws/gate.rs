//! Looks at the head of every frame before anybody keeps its bytes: RFC 6455 §5.2.
//!
//! The codec behind it keeps all of a frame before it looks at its length, and meets a head that it cannot read again at every
//! look. Neither comes that far: what is wrong ends what is read, and the rest of what the client sends is thrown away.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

use super::budget::Purse;
use super::signs::Came;

/// The most bytes of a ping, a pong or a close.
const CONTROL_BYTES_MAX: u64 = 125;

/// How many bytes of a mask close a head.
const MASK_BYTES: usize = 4;

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The frame is too large.
    TooLarge,
    /// No client may send such a frame.
    Protocol,
    /// Too many large frames are on their way.
    Crowded,
}

/// What was found, for the one who has to say it.
pub(super) type Found = Rc<Cell<Option<Fault>>>;

/// How many bytes a frame may have at this moment, for both who look at frames.
pub(super) type Room = Rc<Cell<usize>>;

/// A connection's bytes up to the first head that is wrong; there it yields one error, and nothing after it.
pub(super) struct Gate<S> {
    bytes: S,
    heads: Heads,
    found: Found,
    room: Room,
    purse: Purse,
    came: Came,
}

impl<S> Gate<S> {
    pub(super) fn new(bytes: S, found: &Found, room: &Room, purse: &Purse, came: Came) -> Self {
        Self { bytes, heads: Heads::default(), found: Rc::clone(found), room: Rc::clone(room), purse: purse.clone(), came }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Gate<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(Ok(bytes)) = ready!(Pin::new(&mut self.bytes).poll_next(cx)) else { return Poll::Ready(None) };
            if self.found.get().is_some() {
                continue;
            }
            self.came.set(self.came.get().saturating_add(bytes.len() as u64));
            let room = self.room.get() as u64;
            let Self { heads, purse, .. } = &mut *self;
            return Poll::Ready(Some(match heads.follow(&bytes, room, purse) {
                Ok(()) => Ok(bytes),
                Err(fault) => {
                    self.found.set(Some(fault));
                    Err(PayloadError::Overflow)
                }
            }));
        }
    }
}

/// Where in the frames the bytes are.
#[derive(Debug, Default)]
struct Heads {
    /// The head that has begun, at most 14 bytes.
    head: Vec<u8>,
    /// How many bytes of the frame are still to come.
    left: u64,
}

impl Heads {
    fn follow(&mut self, mut bytes: &[u8], room: u64, purse: &Purse) -> Result<(), Fault> {
        loop {
            let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left -= skipped as u64;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((byte, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            self.head.push(*byte);
            if let Some(length) = length(&self.head, room)? {
                // Before a byte of it is kept.
                if !purse.take(usize::try_from(length).unwrap_or(usize::MAX)) {
                    return Err(Fault::Crowded);
                }
                self.left = length;
                self.head.clear();
            }
        }
    }
}

/// Reads a head: how long its frame is, `None` as long as the head is not whole.
fn length(head: &[u8], room: u64) -> Result<Option<u64>, Fault> {
    let [first, second, rest @ ..] = head else { return Ok(None) };
    let is_control = match first & 0x0f {
        0..=2 => false,
        8..=10 => true,
        _ => return Err(Fault::Protocol),
    };
    let (is_reserved, is_masked) = (first & 0x70 != 0, second & 0x80 != 0);
    if is_reserved || !is_masked {
        return Err(Fault::Protocol);
    }
    let (length, size) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(bytes) => (u64::from_be_bytes(*bytes), 8),
            None => return Ok(None),
        },
        short => (u64::from(short), 0),
    };
    if is_control && length > CONTROL_BYTES_MAX {
        return Err(Fault::Protocol);
    }
    if length > room {
        return Err(Fault::TooLarge);
    }
    Ok((rest.len() == size + MASK_BYTES).then_some(length))
}

#[cfg(test)]
mod tests;
