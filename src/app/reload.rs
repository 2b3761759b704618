//! The next configuration, while the gateway runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callboard_actors::core::Clock;
use callboard_actors::registry::Board;

use super::live::LiveConfig;
use super::restart::RestartHandle;
use super::{Options, Verbosity, logging};
use crate::config::desk::{Keeper, RestartTicket, RestartWish, Weight};
use crate::config::load::load_noting;
use crate::config::model::ReloadMode;
use crate::config::reload::{Plan, plan};
use crate::config::{Config, Environment, KeyPath, Overrides, Paths, Stamp};
use crate::logs::Logs;

/// Notices when the config files change, and takes over what can be.
pub(super) struct Reloader {
    live: LiveConfig,
    logs: Arc<Logs>,
    verbosity: Verbosity,
    board: Arc<Board>,
    restart: RestartHandle,
    clock: Clock,
    paths: Paths,
    env: Environment,
    overrides: Overrides,
    /// What this life began with: what its port, store and supervision are of.
    born: Config,
    files: Mutex<Files>,
}

struct Files {
    /// As they were before they were read: what is written meanwhile is a change that the next look finds.
    seen: Vec<Stamp>,
    /// As they were found since, and when that was first.
    found: Option<(Vec<Stamp>, Duration)>,
}

/// What a look at the files says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is new.
    Still,
    /// Something is, and may not be whole yet: look again after so long.
    Unsettled(Duration),
    /// Something is, and has been left alone for long enough.
    Changed,
}

impl Reloader {
    pub(super) fn new(live: LiveConfig, logs: Arc<Logs>, board: Arc<Board>, restart: RestartHandle, options: &Options) -> Self {
        let Options { config, paths, env, overrides, verbosity } = options;
        let files = Mutex::new(Files { seen: config.seen.clone(), found: None });
        let (paths, env, overrides) = (paths.clone(), env.clone(), overrides.clone());
        let clock = live.clock().clone();
        Self { live, logs, verbosity: *verbosity, board, restart, clock, paths, env, overrides, born: config.clone(), files }
    }

    /// Looks whether a file of the configuration has changed since it was read, as `gateway.reload` says.
    pub(super) fn look(&self) -> Look {
        let settings = self.live.with(|config| config.slices.gateway.reload);
        let mut files = self.files();
        let now: Vec<_> = files.seen.iter().map(Stamp::again).collect();
        if settings.mode == ReloadMode::Off || now == files.seen {
            files.found = None;
            return Look::Still;
        }
        let since = match &files.found {
            Some((found, since)) if *found == now => *since,
            _ => self.clock.elapsed(),
        };
        files.found = Some((now, since));
        match settings.debounce.saturating_sub(self.clock.elapsed().saturating_sub(since)) {
            Duration::ZERO => Look::Changed,
            left => Look::Unsettled(left),
        }
    }

    /// Reads the configuration again and has it hold. One that cannot be used changes nothing: the last good one goes on.
    fn reload(&self) -> Option<Plan> {
        let old = self.live.config();
        // Also what a configuration that cannot be used was read from: the mend may be made in any of its files.
        let mut seen = Vec::new();
        let loaded = load_noting(&self.paths, &self.env, &self.overrides, &mut seen);
        *self.files() = Files { seen, found: None };
        let new = loaded
            .map_err(|error| tracing::error!(event = "config.refused", "the changed configuration is not used: {error}"))
            .ok()?;
        let plan = self.plan(&old, &new);
        let settings = logging::settings(&new.slices.logging, &self.paths, self.verbosity);
        // Before anybody works with the new ones, and the old ones too: who holds one may still write of it.
        self.logs.hide(old.secrets().into_iter().chain(new.secrets()).collect());
        // Also with no key changed: a file that one of them names may have.
        if let Err(error) = self.live.replace(self.as_bound(new)) {
            tracing::error!(event = "config.refused", "the changed configuration is not used: {error}");
            return None;
        }
        self.logs.reload(&settings);
        if !plan.accounts.is_empty()
            && let Err(error) = self.board.reconcile()
        {
            tracing::error!(event = "config.accounts_not_told", "{error}");
        }
        tracing::info!(event = "config.reloaded", hot = plan.hot.len(), accounts = plan.accounts.len());
        Some(plan)
    }

    /// Compares with what holds, and for what needs a restart with what this life began with: the wait for it may be long.
    fn plan(&self, old: &Config, new: &Config) -> Plan {
        Plan { gateway: plan(&self.born, new).gateway, ..plan(old, new) }
    }

    /// Returns a configuration with the addresses that are listened on: what looks at them means those, not the next ones.
    fn as_bound(&self, mut config: Config) -> Config {
        config.slices.gateway.keep_address(&self.born.slices.gateway);
        config
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Reloader {
    fn running(&self) -> Config {
        self.live.config()
    }

    fn judge(&self, next: &Config) -> Result<Plan, String> {
        self.live.probe(next).map_err(|error| error.to_string())?;
        Ok(self.live.with(|config| self.plan(config, next)))
    }

    fn take_over(&self, reason: &'static str, weight: Weight, wish: &RestartWish) -> Option<RestartTicket> {
        let plan = self.reload()?;
        let waits = !plan.gateway.is_empty();
        let restarts = match (self.live.with(|config| config.slices.gateway.reload.mode), weight) {
            (_, Weight::Passing) => false,
            (ReloadMode::Restart, _) => !plan.is_empty(),
            (_, Weight::Order) | (ReloadMode::Hybrid, Weight::Change) => waits,
            (ReloadMode::Hot | ReloadMode::Off, Weight::Change) => false,
        };
        if restarts {
            return Some(self.restart.restart(reason, wish));
        }
        if waits {
            let keys = plan.gateway.iter().map(KeyPath::to_string).collect::<Vec<_>>().join(", ");
            tracing::warn!(event = "config.restart_needed", %keys, "these hold from the gateway's next start");
        }
        None
    }
}

#[cfg(test)]
mod tests;
