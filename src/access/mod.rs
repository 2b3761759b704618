//! Who is asking: the same questions for HTTP and for the control plane's handshake.
//!
//! # Layout
//!
//! - [`Porter`]: settings and counters of the door, one for the whole gateway
//! - [`Caller`]: where a request comes from, seen through the proxies that are trusted
//! - `host`, `origin`: pages are not to reach the gateway behind the back of who sits before them
//! - `tailnet`: whom the tailnet's proxy on this machine says it is
//! - `secret`, `limiter`: credentials compared, and how often an address may be wrong

mod caller;
mod forwarded;
mod host;
mod limiter;
mod origin;
mod porter;
mod secret;
mod settings;
mod tailnet;

#[cfg(test)]
mod tests;

pub use caller::{Caller, Errand, Misdirected};
pub use limiter::FailureLimiter;
pub use porter::Porter;
pub use secret::same;
pub use settings::{AccessSettings, Auth, Exposure};
pub use tailnet::{Tailnet, TailnetFault};
