//! The one who stands at the door.

use std::net::IpAddr;
use std::sync::Arc;

use callboard_actors::core::{Clock, Live};

use super::caller::Caller;
use super::limiter::FailureLimiter;
use super::settings::AccessSettings;

/// How many refusals of the handshake are explained to one address a minute; further ones are cut without a word.
const TEXTS_PER_MINUTE: u32 = 100;

/// The settings and the counters of the door; one for HTTP and the control plane together, so that a guesser cannot change
/// from one to the other.
#[derive(Debug)]
pub struct Porter {
    settings: Live<AccessSettings>,
    failures: FailureLimiter,
    texts: FailureLimiter,
    clock: Clock,
}

impl Porter {
    /// Returns a porter who has seen nobody yet.
    #[must_use]
    pub fn new(settings: Live<AccessSettings>, clock: &Clock) -> Arc<Self> {
        let now = settings.get();
        Arc::new(Self {
            failures: FailureLimiter::new(now.failed_auth_burst, now.failed_auth_per_minute, clock.clone()),
            texts: FailureLimiter::new(TEXTS_PER_MINUTE, TEXTS_PER_MINUTE, clock.clone()),
            settings,
            clock: clock.clone(),
        })
    }

    /// Returns the settings of this moment.
    #[must_use]
    pub fn settings(&self) -> Arc<AccessSettings> {
        self.settings.get()
    }

    /// Returns the clock by which everything here is counted.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks whether a caller's credentials are looked at: always on this machine, elsewhere until it was wrong too often. A
    /// guesser that were heard all the same would learn which guess is right as fast as the line goes.
    ///
    /// # Errors
    /// It was wrong too often: how many seconds it should wait.
    pub fn listens(&self, caller: &Caller) -> Result<(), u64> {
        if caller.is_local() { Ok(()) } else { self.failures.look(caller.address()) }
    }

    /// Counts a missing or wrong credential.
    ///
    /// # Errors
    /// The address has been wrong too often: how many seconds it should wait.
    pub fn failed(&self, address: Option<IpAddr>) -> Result<(), u64> {
        self.failures.failed(address)
    }

    /// Counts a refused handshake and returns whether the address is still told why.
    pub(crate) fn explains(&self, address: Option<IpAddr>) -> bool {
        self.texts.failed(address).is_ok()
    }
}
