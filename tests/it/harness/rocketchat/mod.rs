//! A stand-in Rocket.Chat server: REST and DDP on one port of the loopback, as 6.x, 7.x and 8.x answer, with a knob for each fault.
//!
//! # Layout
//! - `world`: what the server knows, and what it makes of a change: documents, memberships, tokens, events. No sockets, no waiting.
//! - `ddp`, `rest`: the two wires; each turns a frame or a request into a change of the world and an answer.
//! - `serve`, `http`, `multipart`: bytes. HTTP is read here by hand, so that an answer can be cut anywhere.
//! - `handle`: what a test calls: people and rooms, faults, and what the server has seen.
//! - `soak`: two thousand messages under faults, for whatever runs the gateway.

mod ddp;
mod ejson;
pub mod faults;
mod handle;
mod http;
mod limits;
mod multipart;
pub mod record;
mod rest;
mod serve;
pub mod soak;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

pub use handle::Person;
pub use world::{Kind, Tokens, Version};

use serve::Order;
use world::World;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// What the handle and the server's thread share.
struct Shared {
    world: Mutex<World>,
    /// Rises when every connection has to end at once, keep-alive ones of HTTP included.
    cut: watch::Sender<u64>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        // A test that failed while it held the world has said why: the others go on.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server; it ends with its value.
pub struct RocketChat {
    /// Where it listens, `http://127.0.0.1:port`.
    pub url: String,
    shared: Arc<Shared>,
    orders: mpsc::UnboundedSender<Order>,
}

impl RocketChat {
    /// Starts a server that answers as this version, with nobody and nothing in it.
    pub fn start(version: Version) -> Self {
        let shared = Arc::new(Shared { world: Mutex::new(World::new(version)), cut: watch::Sender::new(0) });
        let (port, orders) = serve::start(Arc::clone(&shared));
        Self { url: format!("http://127.0.0.1:{port}"), shared, orders }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}
