//! What is said to the server.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::event::AckId;
use crate::core::Clock;

/// Why something was not said, or not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The session is over. Whether the server heard it is not known.
    #[error("the session is over")]
    Closed,
    /// The time was over. Whether the server heard it is not known.
    #[error("no acknowledgement within {} ms", waited.as_millis())]
    TimedOut {
        /// How long was waited.
        waited: Duration,
    },
    /// Too many acknowledgements are awaited. It was not sent.
    #[error("{acks_max} acknowledgements are awaited already")]
    TooMany {
        /// The bound.
        acks_max: usize,
    },
    /// So many acknowledgements of what the server said wait to be written already. It was not sent.
    #[error("{answers_max} answers wait already")]
    TooManyAnswers {
        /// The bound.
        answers_max: usize,
    },
    /// It has a form that cannot be written. It was not sent.
    #[error("it cannot be written: {0}")]
    Unwritable(String),
    /// It is larger than the server takes. It was not sent.
    #[error("the packet has {bytes} bytes, and the server takes {bytes_max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's bound.
        bytes_max: usize,
    },
}

/// What the session's task is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Say this.
    Emit { name: String, args: Vec<Value>, then: Then },
    /// Acknowledge what the server said.
    Answer { ack: AckId, args: Vec<Value>, then: oneshot::Sender<Result<(), EmitError>> },
    /// Say goodbye.
    Close,
}

/// Who waits for what.
#[derive(Debug)]
pub(super) enum Then {
    /// For the packet to be handed to the transport.
    Sent(oneshot::Sender<Result<(), EmitError>>),
    /// For its acknowledgement.
    Acked(oneshot::Sender<Result<Vec<Value>, EmitError>>),
}

/// Speaks to the server. Cheap to clone; outlives the session as one that answers [`EmitError::Closed`].
#[derive(Clone, Debug)]
pub struct Emitter {
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) clock: Clock,
    /// How long what wants no acknowledgement may take.
    pub(super) write_timeout: Duration,
    /// Places for acknowledgements that wait to be written.
    pub(super) answers: Arc<Semaphore>,
    /// How many there are.
    pub(super) answers_max: usize,
}

impl Emitter {
    /// Says something; returns when the transport has it.
    ///
    /// # Errors
    /// It was too large, or the session is over or does not take it in time.
    pub async fn emit(&self, name: &str, args: Vec<Value>) -> Result<(), EmitError> {
        let (then, sent) = oneshot::channel();
        let order = Order::Emit { name: name.to_owned(), args, then: Then::Sent(then) };
        self.order(order, sent, self.write_timeout).await
    }

    /// Says something and returns the arguments of its acknowledgement.
    ///
    /// # Errors
    /// It was not sent, or there was no acknowledgement in time.
    pub async fn emit_with_ack(&self, name: &str, args: Vec<Value>, timeout: Duration) -> Result<Vec<Value>, EmitError> {
        let (then, acked) = oneshot::channel();
        let order = Order::Emit { name: name.to_owned(), args, then: Then::Acked(then) };
        self.order(order, acked, timeout).await
    }

    /// Acknowledges what the server said; returns when the transport has it.
    ///
    /// # Errors
    /// As [`Emitter::emit`]; at once where too many wait, which a server brings about that asks and does not listen.
    pub async fn answer(&self, ack: AckId, args: Vec<Value>) -> Result<(), EmitError> {
        let too_many = EmitError::TooManyAnswers { answers_max: self.answers_max };
        let _place = self.answers.try_acquire().map_err(|_| too_many)?;
        let (then, sent) = oneshot::channel();
        self.order(Order::Answer { ack, args, then }, sent, self.write_timeout).await
    }

    async fn order<T>(
        &self,
        order: Order,
        answer: oneshot::Receiver<Result<T, EmitError>>,
        timeout: Duration,
    ) -> Result<T, EmitError> {
        let exchange = async {
            self.orders.send(order).await.map_err(|_| EmitError::Closed)?;
            answer.await.unwrap_or(Err(EmitError::Closed))
        };
        self.clock.within(timeout, exchange).await.unwrap_or(Err(EmitError::TimedOut { waited: timeout }))
    }
}
