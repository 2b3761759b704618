//! The config file while the gateway runs: everybody who reads or writes it does so here, one writer at a time.
//!
//! # Layout
//!
//! - `view`: what is answered; `error`: what is refused; `keeper`: who runs the gateway and takes a new configuration over
//! - `standing`: the file of this moment; `shown`: its text without secrets
//! - `single`: one key at a time, also laid over the file in memory; `patch`: a merge patch into the text; `restore`: placeholders of secrets back into secrets; `pairs`: which list entry is which
//! - `hints`: labels and help for forms
//!
//! Everything here reads and writes files: call it on a thread that may block.

mod error;
mod hints;
mod keeper;
mod pairs;
mod patch;
mod restore;
mod shown;
mod single;
mod standing;
mod view;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callboard_actors::core::Clock;

pub use error::DeskError;
pub use hints::Hint;
pub use keeper::{Keeper, RestartTicket, RestartWish, Sentinel, SentinelNote, SentinelStats, Weight};
pub use single::value_of;
pub use view::{ConfigView, Effect, Issue, SchemaView, Written};

use super::load::check_text;
use super::refuse::{Refusal, Unconfigured, check_start};
use super::reload::Plan;
use super::setup::make_folder;
use super::{Config, Environment, KeyPath, Overrides, Paths, edit, schema};
use restore::Draft;
use standing::Standing;

/// How long a text may be that is set, applied or patched in, bytes.
pub const RAW_BYTES_MAX: usize = 1 << 20;

/// The config file's desk.
pub struct ConfigDesk {
    paths: Paths,
    env: Environment,
    overrides: Overrides,
    keeper: Arc<dyn Keeper>,
    clock: Clock,
    turn: Mutex<()>,
}

/// How the file is changed, and how the restart that this may bring is wished.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// Replaced.
    Set,
    /// Laid over.
    Patch(&'a RestartWish),
    /// Replaced, and taken over whatever the mode.
    Apply(&'a RestartWish),
}

impl Way<'_> {
    const fn method(self) -> &'static str {
        match self {
            Self::Set => "config.set",
            Self::Patch(_) => "config.patch",
            Self::Apply(_) => "config.apply",
        }
    }
}

impl ConfigDesk {
    /// Opens a desk over the gateway's places, with the variables and flags that it was started with.
    #[must_use]
    pub fn new(paths: Paths, env: Environment, overrides: Overrides, keeper: Arc<dyn Keeper>, clock: Clock) -> Self {
        Self { paths, env, overrides, keeper, clock, turn: Mutex::new(()) }
    }

    /// Returns the config file as it is, without its secrets. A file that cannot be used is told with what is wrong; what holds
    /// then is shown as `config`.
    #[must_use]
    pub fn get(&self) -> ConfigView {
        let standing = self.standing();
        let mut issues = standing.issues();
        let parsed = standing.tree.as_ref().map(|tree| standing.veil.value(tree, &KeyPath::default()));
        let raw = standing.text.as_deref().zip(parsed.as_ref()).map(|(text, parsed)| {
            let shown = shown::text(text, parsed, &standing);
            if shown.is_none() {
                issues.push(Issue::new("", "the file's text is withheld: its secrets cannot be hidden in it; see `parsed`"));
            }
            shown
        });
        ConfigView {
            path: self.paths.config_file.clone(),
            exists: standing.exists,
            raw: raw.flatten(),
            parsed: parsed.unwrap_or_else(|| serde_json::json!({})),
            valid: standing.config.is_ok(),
            config: standing.shown.clone().unwrap_or_else(|| self.keeper.running().shown()),
            hash: standing.hash.clone(),
            issues,
            warnings: standing.config.as_ref().map_or_else(|_| Vec::new(), |config| issues_of(config, &self.paths.config_file)),
            legacy_issues: Vec::new(),
        }
    }

    /// Returns the schema of the file, with labels and help for forms.
    #[must_use]
    pub fn schema(&self) -> SchemaView {
        let generated_at = jiff::Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or_default();
        SchemaView {
            schema: schema::schema(),
            ui_hints: hints::hints(),
            version: env!("CARGO_PKG_VERSION"),
            generated_at: format!("{generated_at:.3}"),
        }
    }

    /// Replaces the file by a text. The gateway restarts for it only as `gateway.reload.mode` says.
    ///
    /// # Errors
    /// As [`DeskError`] says; nothing was written then.
    pub fn set(&self, raw: &str, base_hash: Option<&str>) -> Result<Written, DeskError> {
        self.write(Way::Set, raw, base_hash)
    }

    /// Lays a JSON5 object over the file (RFC 7396: `null` takes a key out), its comments kept. The gateway restarts if a
    /// changed key needs it.
    ///
    /// # Errors
    /// As [`DeskError`] says; nothing was written then.
    pub fn patch(&self, raw: &str, base_hash: Option<&str>, wish: &RestartWish) -> Result<Written, DeskError> {
        self.write(Way::Patch(wish), raw, base_hash)
    }

    /// Replaces the file by a text. The gateway restarts if a changed key needs it.
    ///
    /// # Errors
    /// As [`DeskError`] says; nothing was written then.
    pub fn apply(&self, raw: &str, base_hash: Option<&str>, wish: &RestartWish) -> Result<Written, DeskError> {
        self.write(Way::Apply(wish), raw, base_hash)
    }

    /// Has the file taken over as it is, in turn with those who write it. One that cannot be used changes nothing.
    pub fn reread(&self, reason: &'static str) {
        let _turn = self.in_turn();
        let wish = RestartWish { delay_ms: Some(0), ..RestartWish::default() };
        let _ = self.keeper.take_over(reason, Weight::Change, &wish);
    }

    fn write(&self, way: Way<'_>, raw: &str, base_hash: Option<&str>) -> Result<Written, DeskError> {
        if raw.len() > RAW_BYTES_MAX {
            return Err(DeskError::TooLarge { bytes_max: RAW_BYTES_MAX });
        }
        let _turn = self.in_turn();
        let file = &self.paths.config_file;
        let standing = self.standing();
        standing.check_hash(base_hash)?;
        let draft = match way {
            Way::Patch(_) => patch::patched(raw, file, &standing)?,
            Way::Set | Way::Apply(_) => restore::whole(raw, file, &standing)?,
        };
        let (next, plan) = self.check(&draft, &standing)?;
        let changed = standing.text.as_ref() != Some(&draft.text);
        let mut restart = None;
        if changed {
            file.parent().map_or(Ok(()), make_folder)?;
            edit::write(file, &draft.text)?;
            let method = way.method();
            tracing::info!(event = "config.written", method, keys = plan.hot.len() + plan.gateway.len());
            restart = match way {
                Way::Set => self.keeper.take_over(method, Weight::Change, &RestartWish::default()),
                Way::Patch(wish) | Way::Apply(wish) => self.keeper.take_over(method, Weight::Order, wish),
            };
        }
        Ok(Written {
            path: file.clone(),
            hash: standing::hash(draft.text.as_bytes()),
            changed,
            config: next.shown(),
            warnings: issues_of(&next, file),
            effect: Effect::from(&plan),
            restart,
        })
    }

    /// Checks a draft whole: as a configuration, as one that a gateway would start with, and as one that this gateway can take
    /// over.
    fn check(&self, draft: &Draft, standing: &Standing) -> Result<(Config, Plan), DeskError> {
        let read = |overrides: &Overrides| {
            let next = check_text(&draft.text, &self.paths, &self.env, overrides);
            next.map_err(|error| DeskError::of_text(&error, &self.paths.config_file))
        };
        let next = read(&self.overrides)?;
        if !self.overrides.overlay.is_empty() {
            // The file has to do without it at the next start.
            read(&self.overrides.lasting())?;
        }
        for path in &draft.left_out {
            let old = standing.config.as_ref().ok().and_then(|old| path.find(old.tree()));
            if path.find(next.tree()) != old {
                let text = "holds a placeholder for a secret that stands in another file, which this text no longer includes";
                return Err(DeskError::Invalid(vec![Issue::at(path, text)]));
            }
        }
        check_start(&next, &self.paths, Unconfigured::Allowed).map_err(|refusal| wrong_start(&refusal))?;
        let plan = self.judge(&next)?;
        Ok((next, plan))
    }

    /// Looks whether this gateway could take a configuration over, and what would change.
    fn judge(&self, next: &Config) -> Result<Plan, DeskError> {
        let wrong =
            |text: String| DeskError::Invalid(vec![Issue::new("models.providers", next.veil().known(&text).into_owned())]);
        self.keeper.judge(next).map_err(wrong)
    }

    /// Waits for whoever writes now.
    fn in_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> Standing {
        Standing::of(&self.paths, &self.env, &self.overrides)
    }
}

/// Shows where the file is.
impl std::fmt::Debug for ConfigDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigDesk").field("file", &self.paths.config_file).finish_non_exhaustive()
    }
}

fn wrong_start(refusal: &Refusal) -> DeskError {
    DeskError::Invalid(vec![Issue::new(refusal.key(), refusal.to_string())])
}

fn issues_of(config: &Config, file: &Path) -> Vec<Issue> {
    config.warnings.iter().map(|warning| Issue::of(warning, file)).collect()
}
