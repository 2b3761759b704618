//! How often an address may be wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callboard_actors::core::Clock;

/// How many addresses are told apart; when more were wrong of late, all the others share one allowance.
const ADDRESSES_MAX: usize = 4096;

/// The address that stands for all the others.
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Counts failures by address, by the generic cell rate algorithm: each failure is remembered for a while, one after the other,
/// and an address may be remembered only so far ahead.
#[derive(Debug)]
pub struct FailureLimiter {
    clock: Clock,
    /// How long one failure is remembered.
    each: Duration,
    /// How far ahead an address may be remembered and still fail.
    ahead_max: Duration,
    /// Until when each address is remembered.
    until: Mutex<HashMap<IpAddr, Duration>>,
}

impl FailureLimiter {
    /// Allows `burst` failures at once and `per_minute` more each minute; 0 counts as 1.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32, clock: Clock) -> Self {
        let each = Duration::from_secs(60) / per_minute.max(1);
        Self { clock, each, ahead_max: each.saturating_mul(burst.max(1) - 1), until: Mutex::default() }
    }

    /// Looks whether an address may fail once more, and counts nothing.
    ///
    /// # Errors
    /// The address has been wrong too often: how many seconds it should wait.
    pub fn look(&self, peer: Option<IpAddr>) -> Result<(), u64> {
        let (table, now) = (self.lock(), self.clock.elapsed());
        self.wait(table.get(&key(&table, peer)).copied(), now)
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// The address has been wrong too often: how many seconds it should wait.
    pub fn failed(&self, peer: Option<IpAddr>) -> Result<(), u64> {
        let (mut table, now) = (self.lock(), self.clock.elapsed());
        if table.len() >= ADDRESSES_MAX {
            table.retain(|_, until| *until > now);
        }
        let key = key(&table, peer);
        let known = table.get(&key).copied();
        self.wait(known, now)?;
        table.insert(key, known.unwrap_or_default().max(now) + self.each);
        Ok(())
    }

    fn wait(&self, until: Option<Duration>, now: Duration) -> Result<(), u64> {
        let ahead = until.unwrap_or_default().saturating_sub(now);
        match ahead.saturating_sub(self.ahead_max) {
            Duration::ZERO => Ok(()),
            over => Err(u64::try_from(over.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)),
        }
    }

    #[cfg(test)]
    pub(crate) fn addresses(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Duration>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns under which address a peer is counted.
fn key(table: &HashMap<IpAddr, Duration>, peer: Option<IpAddr>) -> IpAddr {
    let own = peer.map(network).filter(|own| table.len() < ADDRESSES_MAX || table.contains_key(own));
    own.unwrap_or(OTHERS)
}

/// One owner commands a whole /64 of IPv6, so that is what is counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}
