//! Who runs the gateway, as far as the desk has to know, and what a restart is asked and answered with.

use std::path::PathBuf;

use callboard_actors::message::Target;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::reload::Plan;

/// Runs the gateway and takes a new configuration over.
pub trait Keeper: Send + Sync {
    /// Returns the configuration that holds.
    fn running(&self) -> Config;

    /// Returns what a configuration would change, keys of earlier changes that still wait for a restart included.
    ///
    /// # Errors
    /// Why this gateway cannot run with it.
    fn judge(&self, next: &Config) -> Result<Plan, String>;

    /// Reads the file that was just written and has it hold. Answers with the restart that this brings, if one.
    fn take_over(&self, reason: &'static str, weight: Weight, wish: &RestartWish) -> Option<RestartTicket>;
}

/// How much a change asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// To be taken over as `gateway.reload.mode` says.
    Change,
    /// To be taken over whole, with a restart where one is needed, whatever the mode.
    Order,
    /// To be taken over without a restart, which would forget it.
    Passing,
}

/// How a restart is wished, if one comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartWish {
    /// How long to wait before, milliseconds; clamped to a minute. Without it 2000.
    pub delay_ms: Option<u64>,
    /// The session that is told once the gateway is back.
    pub session_key: Option<String>,
    /// What it is told.
    pub note: Option<String>,
    /// The chat that is told whether the gateway is back.
    pub chat: Option<Target>,
}

/// A restart that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartTicket {
    /// Always true.
    pub ok: bool,
    /// The process, which stays the same.
    pub pid: u32,
    /// The signal that would do the same.
    pub signal: &'static str,
    /// How long it waits before, milliseconds.
    pub delay_ms: u64,
    /// Why.
    pub reason: String,
    /// Always `emit`: the restart is within the process.
    pub mode: &'static str,
    /// What was written for the time after it.
    #[serde(skip)]
    pub sentinel: Option<Sentinel>,
}

/// The file that tells the gateway after a restart why it was restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentinel {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub payload: SentinelNote,
}

/// What is told after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SentinelNote {
    /// What brought the restart: `config-apply`, `restart`.
    pub kind: String,
    /// Always `ok`: it is written before, and what fails later is in the log.
    pub status: String,
    /// When it was written, milliseconds since 1970.
    pub ts: i64,
    /// The session that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_key: Option<String>,
    /// What it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The chat that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Target>,
    /// What helps when the gateway does not come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doctor_hint: Option<String>,
    /// Where it came from.
    pub stats: SentinelStats,
}

/// Where a restart came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentinelStats {
    /// The method, or the signal.
    pub mode: String,
    /// The state folder.
    pub root: PathBuf,
}
