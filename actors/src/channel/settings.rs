//! What every channel reads from the configuration, whatever its platform.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ack::AckReaction;
use crate::message::Inbound;

/// The settings that all channels share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// How often a payload is tried before it becomes a dead letter (`deadletters.attemptsMax`).
    pub attempts_max: u32,
    /// How many crashes a payload survives (`deadletters.crashesMax`).
    pub crashes_max: u32,
    /// How long a payload may wait before it becomes a dead letter (`deadletters.outboundAgeMaxHours`).
    pub outbound_age_max: Duration,
    /// Which messages are commands (`commands`).
    pub orders: Orders,
    /// How many messages of a group the agent is told that were not for it, where an account says nothing of its own
    /// (`messages.groupChat.historyLimit`).
    pub context_max: usize,
    /// With what messages are marked that were taken in, on platforms that can (`messages.ackReaction`).
    pub ack: Option<AckReaction>,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        let outbound_age_max = Duration::from_secs(24 * 3600);
        Self { attempts_max: 8, crashes_max: 3, outbound_age_max, orders: Orders::default(), context_max: 50, ack: None }
    }
}

/// What a message is to those who read commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something to answer, whatever it looks like.
    Message,
    /// A command, which answers nothing that was said; it may be a word that is meant as what it says, or of somebody whose word does
    /// not count.
    Command,
    /// A command that can be nothing else, of somebody who may order: in a group it is for the agent, though it does not address it.
    Order,
}

/// Reads messages for commands. A pure function, which the room of sessions has and this one does not know. By default everything is
/// a message.
#[derive(Clone)]
pub struct Orders(Arc<dyn Fn(&Inbound) -> Meaning + Send + Sync>);

impl Orders {
    /// Takes the rules.
    #[must_use]
    pub fn new(rules: impl Fn(&Inbound) -> Meaning + Send + Sync + 'static) -> Self {
        Self(Arc::new(rules))
    }

    /// Returns what a message is.
    pub(super) fn meaning(&self, message: &Inbound) -> Meaning {
        (self.0)(message)
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self::new(|_| Meaning::Message)
    }
}

/// The same are the same rules, not such that say the same.
impl PartialEq for Orders {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Orders {}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Orders")
    }
}
