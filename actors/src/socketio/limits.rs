//! The bounds of a session.

use std::time::Duration;

/// How large, how many, how long. The defaults suit a chat platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message that is taken from the server, bytes; a larger one ends the session. With binary attachments it bounds
    /// their sum. What is sent is bounded by the server's own `maxPayload`.
    pub message_bytes_max: usize,
    /// The largest answer to one poll, which may carry many messages, bytes; a larger one ends the session.
    pub payload_bytes_max: usize,
    /// How many events wait for whoever reads them. At this bound nothing more is read from the server, so that it is held back;
    /// only while an acknowledgement is awaited reading goes on, up to twice the bound, where the session ends.
    pub events_max: usize,
    /// How much they may weigh, bytes: those that they came in, and 32 more for each value; the same rule.
    pub events_bytes_max: usize,
    /// How long the server is held back before the session ends. Pings are not answered meanwhile, so less than its `pingTimeout`.
    pub hold_max: Duration,
    /// How many acknowledgements may be awaited at a time; a further call is refused.
    pub acks_max: usize,
    /// How many acknowledgements of the server's own events may wait to be written; a further one is refused at once.
    pub answers_max: usize,
    /// How many calls wait to be written; a further one waits within its own time.
    pub orders_max: usize,
    /// How long WebSocket may take from the first byte to the server's handshake before polling is tried, and a probe of it later.
    pub websocket_timeout: Duration,
    /// How long the handshake of polling may take, and after any handshake the answer to the request for the namespace.
    pub connect_timeout: Duration,
    /// How long one write, or one post of polling, may take.
    pub write_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 4 * 1024 * 1024,
            payload_bytes_max: 8 * 1024 * 1024,
            events_max: 256,
            events_bytes_max: 8 * 1024 * 1024,
            hold_max: Duration::from_secs(10),
            acks_max: 64,
            answers_max: 64,
            orders_max: 64,
            websocket_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(20),
        }
    }
}
