//! What the log reads from the configuration.

use std::path::PathBuf;

use tracing::level_filters::LevelFilter;

/// How the console shows a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleStyle {
    /// For people; with colours when it is a terminal that wants some (`logging.consoleStyle` `pretty`).
    Pretty,
    /// As in the file (`logging.consoleStyle` `json`).
    Json,
}

/// Whether the console shows what the file gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// Every event of the file (`--verbose`).
    All,
    /// What its own level lets through.
    ByLevel,
}

/// The settings of the log.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The folder of the files, made when it is not there: `<state>/logs`. `None` writes no file.
    pub dir: Option<PathBuf>,
    /// What the file gets (`logging.level`).
    pub level: LevelFilter,
    /// What the console gets (`logging.consoleLevel`).
    pub console_level: LevelFilter,
    /// How the console shows it.
    pub console_style: ConsoleStyle,
    /// Whether the console shows what the file gets.
    pub mirror: Mirror,
    /// How many days files are kept, today's included (`logging.retentionDays`).
    pub retention_days: u32,
    /// The most bytes of one file; the day goes on in another one (`logging.fileBytesMax`).
    pub file_bytes_max: u64,
    /// The most bytes of all files; beyond, the oldest go (`logging.totalBytesMax`).
    pub total_bytes_max: u64,
}

impl Default for LogSettings {
    /// No file; info; pretty; 14 days, 128 MiB a file, 1 GiB in all.
    fn default() -> Self {
        Self {
            dir: None,
            level: LevelFilter::INFO,
            console_level: LevelFilter::INFO,
            console_style: ConsoleStyle::Pretty,
            mirror: Mirror::ByLevel,
            retention_days: 14,
            file_bytes_max: 128 * 1024 * 1024,
            total_bytes_max: 1024 * 1024 * 1024,
        }
    }
}
