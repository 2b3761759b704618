//! `logging.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Log files and the console.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Logging {
    /// The least level that is written to the log file.
    pub level: Level,
    /// The least level that is shown on the console.
    pub console_level: Level,
    /// How the console looks.
    pub console_style: ConsoleStyle,
    /// How often the mailboxes of busy actors are written to the log, in seconds; 0 is never.
    #[schemars(range(min = 0, max = 86_400))]
    pub mailbox_interval_sec: u64,
    /// How many of them are written, the busiest first.
    #[schemars(range(min = 1, max = 10_000))]
    pub mailbox_actors_max: usize,
    /// A mailbox this full is written at once, as a warning, in percent of its capacity.
    #[schemars(range(min = 1, max = 100))]
    pub mailbox_warn_depth_percent: u32,
    /// A mailbox whose messages wait this long is written at once, as a warning, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub mailbox_warn_age_ms: u64,
    /// How many days log files are kept, today's included.
    #[schemars(range(min = 1, max = 3650))]
    pub retention_days: u32,
    /// How large one log file may become, in bytes; the day goes on in another one.
    #[schemars(range(min = 65_536, max = 1_099_511_627_776_u64))]
    pub file_bytes_max: u64,
    /// How large all log files together may become, in bytes; beyond, the oldest go.
    #[schemars(range(min = 65_536, max = 1_099_511_627_776_u64))]
    pub total_bytes_max: u64,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: Level::default(),
            console_level: Level::default(),
            console_style: ConsoleStyle::default(),
            mailbox_interval_sec: 30,
            mailbox_actors_max: 50,
            mailbox_warn_depth_percent: 80,
            mailbox_warn_age_ms: 1000,
            retention_days: 14,
            file_bytes_max: 128 << 20,
            total_bytes_max: 1 << 30,
        }
    }
}

/// A level of importance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing at all.
    Silent,
    /// The same as `error`.
    Fatal,
    /// What failed.
    Error,
    /// What may fail soon.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How it happened, with message texts.
    Debug,
    /// Every step.
    Trace,
}

/// How the console looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleStyle {
    /// For people, with colours on a terminal.
    #[default]
    Pretty,
    /// For people, one short line each.
    Compact,
    /// JSON lines.
    Json,
}
