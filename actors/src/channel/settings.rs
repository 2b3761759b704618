//! What every channel reads from the configuration, whatever its platform.

use std::time::Duration;

/// The settings that all channels share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// How often a payload is tried before it becomes a dead letter (`deadletters.attemptsMax`).
    pub attempts_max: u32,
    /// How many crashes a payload survives (`deadletters.crashesMax`).
    pub crashes_max: u32,
    /// How long a payload may wait before it becomes a dead letter (`deadletters.outboundAgeMaxHours`).
    pub outbound_age_max: Duration,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self { attempts_max: 8, crashes_max: 3, outbound_age_max: Duration::from_secs(24 * 3600) }
    }
}
