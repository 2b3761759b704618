//! One session in one namespace.
//!
//! - `event`, `emitter`: its public face, both directions
//! - `open`: from nothing to a session, by whatever transport and parser the server lets through
//! - `driver`: the task that carries it; `acks`, `queue`: what it keeps
//! - `steps`: which way the next one goes

mod acks;
mod driver;
mod emitter;
mod event;
mod open;
mod queue;
mod steps;
#[cfg(test)]
mod tests;

pub use emitter::{EmitError, Emitter};
pub use event::{AckId, Attempt, CloseReason, Closed, Event, Incoming, OpenError, Opened};
pub use steps::{Start, Steps};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use self::driver::Driver;
use self::emitter::Order;
use self::queue::Queue;
use super::options::Options;

/// A session that stands, or stood. Its task ends with it, without a goodbye to the server: that is [`Session::close`].
#[derive(Debug)]
pub struct Session {
    opened: Opened,
    queue: Arc<Queue>,
    emitter: Emitter,
    task: JoinHandle<()>,
}

impl Session {
    /// Opens a session: connects by the transports and with the parsers that the options allow, in their order, until a namespace is
    /// given. A refusal of the namespace ends the attempts, since no other way would change it. Has to be called within a
    /// runtime of tokio.
    ///
    /// # Errors
    /// Says what was tried and why it failed.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let (stand, opened) = open::open(options).await?;
        let limits = options.limits;
        let queue = Arc::new(Queue::new(limits.events_max, limits.events_bytes_max));
        let (orders, receiver) = mpsc::channel(limits.orders_max.max(1));
        let answers = Arc::new(Semaphore::new(limits.answers_max));
        let (clock, write_timeout, answers_max) = (options.clock.clone(), limits.write_timeout, limits.answers_max);
        let emitter = Emitter { orders, clock, write_timeout, answers, answers_max };
        let driver = Driver::new(stand, options, Arc::clone(&queue), receiver);
        let task = tokio::spawn(driver.run());
        Ok(Self { opened, queue, emitter, task })
    }

    /// Returns how it was opened.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Returns what speaks to the server.
    #[must_use]
    pub fn emitter(&self) -> Emitter {
        self.emitter.clone()
    }

    /// Waits for what it says next. Nothing is lost when the wait is cut short. Once it is over it says so again and again.
    pub async fn next(&mut self) -> Event {
        self.queue.take().await
    }

    /// Says goodbye to the server, which has so long to hear it.
    pub async fn close(mut self, wait: Duration) {
        let clock = self.emitter.clock.clone();
        let goodbye = async {
            if self.emitter.orders.send(Order::Close).await.is_ok() {
                // However the task ends, it ends.
                let _ = (&mut self.task).await;
            }
        };
        let _ = clock.within(wait, goodbye).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}
