//! The next configuration, while the gateway runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use callboard_actors::registry::Board;

use super::live::LiveConfig;
use super::{Options, Verbosity, logging};
use crate::config::reload::plan;
use crate::config::{Environment, Overrides, Paths, load};
use crate::logs::Logs;

/// Notices when the config files change, and takes over what can be.
pub(super) struct Reloader {
    live: LiveConfig,
    logs: Arc<Logs>,
    verbosity: Verbosity,
    board: Arc<Board>,
    paths: Paths,
    env: Environment,
    overrides: Overrides,
    seen: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Reloader {
    pub(super) fn new(live: LiveConfig, logs: Arc<Logs>, board: Arc<Board>, options: Options) -> Self {
        let Options { config, paths, env, overrides, verbosity } = options;
        let seen = stamps(config.watched_files(), &paths);
        Self { live, logs, verbosity, board, paths, env, overrides, seen }
    }

    /// Reads the configuration again if a file of it has changed since the last look.
    pub(super) fn look(&mut self) {
        let files: Vec<PathBuf> = self.seen.iter().map(|(file, _)| file.clone()).collect();
        if stamps(files.iter(), &self.paths) != self.seen {
            self.reload();
        }
    }

    /// Reads the configuration again. One that cannot be used changes nothing: the last good one goes on.
    pub(super) fn reload(&mut self) {
        let old = self.live.config();
        let new = match load(&self.paths, &self.env, &self.overrides) {
            Ok(new) => new,
            Err(error) => {
                self.seen = stamps(old.watched_files(), &self.paths);
                tracing::error!(event = "config.refused", "the changed configuration is not used: {error}");
                return;
            }
        };
        self.seen = stamps(new.watched_files(), &self.paths);
        let plan = plan(&old, &new);
        let slices = new.slices.clone();
        // Also with no key changed: a file that one of them names may have.
        if let Err(error) = self.live.replace(new) {
            tracing::error!(event = "config.refused", "the changed configuration is not used: {error}");
            return;
        }
        self.logs.hide(logging::secrets(&slices));
        self.logs.reload(&logging::settings(&slices.logging, &self.paths, self.verbosity));
        if !plan.gateway.is_empty() {
            let keys: Vec<String> = plan.gateway.iter().map(ToString::to_string).collect();
            tracing::warn!(event = "config.restart_needed", keys = %keys.join(", "), "these hold from the gateway's next start");
        }
        if !plan.accounts.is_empty()
            && let Err(error) = self.board.reconcile()
        {
            tracing::error!(event = "config.accounts_not_told", "{error}");
        }
        tracing::info!(event = "config.reloaded", hot = plan.hot.len(), accounts = plan.accounts.len());
    }
}

/// Returns when each file was last written, `None` for one that is not there. The config file itself is always among them.
fn stamps<'a>(files: impl Iterator<Item = &'a PathBuf>, paths: &Paths) -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut files: Vec<PathBuf> = files.cloned().collect();
    if !files.contains(&paths.config_file) {
        files.push(paths.config_file.clone());
    }
    files
        .into_iter()
        .map(|file| (std::fs::metadata(&file).and_then(|about| about.modified()).ok(), file))
        .map(|(at, file)| (file, at))
        .collect()
}
