//! What is worth a line, changeable while the process runs.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tracing::Metadata;
use tracing::level_filters::LevelFilter;

use super::settings::{LogSettings, Mirror};

/// The order of the levels, from nothing to everything.
const ORDER: [LevelFilter; 6] =
    [LevelFilter::OFF, LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE];

/// The two thresholds.
#[derive(Debug)]
pub(super) struct Levels {
    file: AtomicUsize,
    console: AtomicUsize,
}

impl Levels {
    pub(super) fn new(settings: &LogSettings) -> Self {
        let levels = Self { file: AtomicUsize::new(0), console: AtomicUsize::new(0) };
        levels.set(settings);
        levels
    }

    pub(super) fn set(&self, settings: &LogSettings) {
        let console = match settings.mirror {
            Mirror::All => settings.level.max(settings.console_level),
            Mirror::ByLevel => settings.console_level,
        };
        self.file.store(place(settings.level), Relaxed);
        self.console.store(place(console), Relaxed);
    }

    pub(super) fn file(&self) -> LevelFilter {
        at(self.file.load(Relaxed))
    }

    pub(super) fn console(&self) -> LevelFilter {
        at(self.console.load(Relaxed))
    }

    /// Returns the more talkative of the two.
    pub(super) fn most(&self) -> LevelFilter {
        self.file().max(self.console())
    }

    /// Returns whether anybody wants this. What libraries say counts from `warn` on, unless everything is wanted.
    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let most = self.most();
        let ours = metadata.target().starts_with("callboard");
        let most = if ours || most == LevelFilter::TRACE { most } else { most.min(LevelFilter::WARN) };
        *metadata.level() <= most
    }
}

fn place(level: LevelFilter) -> usize {
    ORDER.iter().position(|known| *known == level).unwrap_or(0)
}

fn at(place: usize) -> LevelFilter {
    ORDER.get(place).copied().unwrap_or(LevelFilter::OFF)
}
