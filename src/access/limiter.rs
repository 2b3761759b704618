//! How often an address may be wrong. Only failures are counted: a valid request never meets this.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use callboard_actors::core::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// How many addresses are told apart; when more were wrong of late, all of them share one allowance.
const ADDRESSES_MAX: usize = 4096;

type Keyed = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, Ticks, NoOpMiddleware<Duration>>;

/// The gateway's clock in the limiter's terms, so that tests can drive it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Counts wrong credentials by address.
#[derive(Debug)]
pub struct FailureLimiter {
    clock: Ticks,
    keyed: Keyed,
}

impl FailureLimiter {
    /// Allows `burst` failures at once and `per_minute` more each minute; 0 counts as 1.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32, clock: Clock) -> Self {
        let one = NonZeroU32::MIN;
        let quota =
            Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(one)).allow_burst(NonZeroU32::new(burst).unwrap_or(one));
        let clock = Ticks(clock);
        Self { keyed: RateLimiter::hashmap_with_clock(quota, clock.clone()), clock }
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// The address has been wrong too often: how many seconds it should wait.
    pub fn failed(&self, peer: Option<IpAddr>) -> Result<(), u64> {
        use governor::clock::Clock as _;
        if self.keyed.len() >= ADDRESSES_MAX {
            self.keyed.retain_recent();
        }
        let crowded = self.keyed.len() >= ADDRESSES_MAX;
        let key = peer.filter(|_| !crowded).map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network);
        self.keyed.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
        })
    }

    #[cfg(test)]
    pub(crate) fn addresses(&self) -> usize {
        self.keyed.len()
    }
}

/// One owner commands a whole /64 of IPv6, so that is what is counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}
