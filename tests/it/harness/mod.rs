//! What the tests stand on: servers that play the other side.

pub mod backend;
pub mod control;
pub mod device;
pub mod gateway;
pub mod llm;
pub mod mochat;
pub mod mosquitto;
pub mod rig;
pub mod rocketchat;
pub mod soak;
pub mod socket_platform;
pub mod tls_front;
pub mod tls_page;

use std::time::Duration;

/// How long a test waits for something that has to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until the condition holds.
///
/// # Panics
/// Panics when it does not within [`PATIENCE`].
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until an answer that has to be asked for holds.
///
/// # Panics
/// Panics when it does not within [`PATIENCE`].
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(std::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
