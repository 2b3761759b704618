//! From the configuration's terms for logs to those of the log.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::Verbosity;
use crate::config::Paths;
use crate::config::model::{self, Level};
use crate::config::slices::LoggingSettings;
use crate::logs::mailbox::MailboxSettings;
use crate::logs::{ConsoleStyle, LogSettings, Mirror};

/// Returns the settings of the log.
pub(super) fn settings(logging: &LoggingSettings, paths: &Paths, verbosity: Verbosity) -> LogSettings {
    LogSettings {
        dir: Some(paths.logs_dir()),
        level: filter(logging.level),
        console_level: filter(logging.console_level),
        console_style: match logging.console_style {
            model::ConsoleStyle::Json => ConsoleStyle::Json,
            model::ConsoleStyle::Pretty | model::ConsoleStyle::Compact => ConsoleStyle::Pretty,
        },
        mirror: match verbosity {
            Verbosity::Everything => Mirror::All,
            Verbosity::Usual => Mirror::ByLevel,
        },
        retention_days: logging.retention_days,
        file_bytes_max: logging.file_bytes_max,
        total_bytes_max: logging.total_bytes_max,
    }
}

/// Returns the settings of the mailbox events.
pub(super) fn mailbox(logging: &LoggingSettings) -> MailboxSettings {
    MailboxSettings {
        interval: logging.mailbox_interval.unwrap_or(Duration::ZERO),
        actors_max: logging.mailbox_actors_max,
        depth_warn_percent: logging.mailbox_warn_depth_percent,
        age_warn_ms: logging.mailbox_warn_age.as_secs_f64() * 1000.0,
    }
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Silent => LevelFilter::OFF,
        Level::Fatal | Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
