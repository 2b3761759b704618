//! One key at a time, as people order it in a chat: in the file, or laid over it in memory.

use std::path::Path;

use serde_json::{Map, Value};

use super::error::DeskError;
use super::keeper::{RestartWish, Weight};
use super::view::{Effect, Issue, Written};
use super::{ConfigDesk, Unconfigured, check_start, wrong_start};
use crate::config::overlay::{Overlay, take, tree_of};
use crate::config::reload::{Reload, class_of};
use crate::config::{Config, KeyPath, Overrides, document, include, load};

/// Where the gates of commands are: an overlay that opened them would let itself in.
const GATES: &str = "commands";

impl ConfigDesk {
    /// Sets one key of the file to a value, or takes it out (`null`). Objects are laid over objects, everything else is replaced.
    ///
    /// # Errors
    /// As [`DeskError`] says; nothing was written then.
    pub fn change(&self, path: &KeyPath, value: Value, wish: &RestartWish) -> Result<Written, DeskError> {
        let patch = tree_of(path, value).ok_or_else(|| through_a_list(path))?;
        // Whoever changes a single key goes by no state of the others.
        let hash = self.get().hash;
        self.patch(&patch.to_string(), hash.as_deref(), wish)
    }

    /// Sets several keys of the file, all or none. Objects are laid over objects, everything else is replaced.
    ///
    /// # Errors
    /// As [`DeskError`] says; nothing was written then.
    pub fn change_all(
        &self,
        changes: impl IntoIterator<Item = (KeyPath, Value)>,
        wish: &RestartWish,
    ) -> Result<Written, DeskError> {
        let mut patch = Value::Object(Map::new());
        for (path, value) in changes {
            include::merge(&mut patch, tree_of(&path, value).ok_or_else(|| through_a_list(&path))?);
        }
        // Whoever changes single keys goes by no state of the others.
        let hash = self.get().hash;
        self.patch(&patch.to_string(), hash.as_deref(), wish)
    }

    /// Returns the configuration that the file makes, for whoever has to use it.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn config(&self) -> Result<Config, DeskError> {
        let standing = self.standing();
        let issues = standing.issues();
        standing.config.map_err(|_| DeskError::Broken(issues))
    }

    /// Returns what is laid over the file, without secrets.
    #[must_use]
    pub fn overlay(&self) -> Value {
        let tree = Value::Object(self.overrides.overlay.tree());
        self.keeper.running().veil().value(&tree, &KeyPath::default())
    }

    /// Lays one value over the file for the life of the process, or takes it away again (`None`); answers what that does.
    ///
    /// # Errors
    /// The key is one that nothing may be laid over, or the whole could not be used so; nothing has changed then.
    pub fn lay_over(&self, path: &KeyPath, value: Option<Value>) -> Result<Effect, DeskError> {
        let refused = |text: String| Err(DeskError::Invalid(vec![Issue::at(path, text)]));
        let name = path.to_string();
        if path.segments().first() == KeyPath::default().key(GATES).segments().first() {
            return refused("is a gate of commands, which only the file opens: use /config set".to_owned());
        }
        if class_of(&name) == Reload::Gateway {
            return refused(
                "holds from the gateway's next start only, and this does not outlive it: use /config set".to_owned(),
            );
        }
        let _turn = self.in_turn();
        let mut tree = self.overrides.overlay.tree();
        match value {
            Some(value) => {
                let over = tree_of(path, value).ok_or_else(|| through_a_list(path))?;
                let mut whole = Value::Object(tree);
                include::merge(&mut whole, over);
                let Value::Object(merged) = whole else { return refused("is no key".to_owned()) };
                tree = merged;
            }
            None if take(&mut tree, path.segments()) => {}
            None => return refused("is not laid over: /debug show lists what is".to_owned()),
        }
        self.hold(tree)
    }

    /// Takes away everything that is laid over the file; answers what that does.
    ///
    /// # Errors
    /// The file alone cannot be used; nothing has changed then.
    pub fn clear_overlay(&self) -> Result<Effect, DeskError> {
        let _turn = self.in_turn();
        self.hold(Map::new())
    }

    fn hold(&self, tree: Map<String, Value>) -> Result<Effect, DeskError> {
        let overrides = Overrides { overlay: Overlay::of(tree.clone()), ..self.overrides.clone() };
        let next =
            load(&self.paths, &self.env, &overrides).map_err(|error| DeskError::of_text(&error, &self.paths.config_file))?;
        check_start(&next, &self.paths, Unconfigured::Allowed).map_err(|refusal| wrong_start(&refusal))?;
        let plan = self.judge(&next)?;
        self.overrides.overlay.replace(tree);
        let _ = self.keeper.take_over("debug", Weight::Passing, &RestartWish::default());
        Ok(Effect::from(&plan))
    }
}

/// Reads a value as people write it: JSON5, else a text.
#[must_use]
pub fn value_of(text: &str) -> Value {
    document::parse_value(text, Path::new("value.json5")).map_or_else(|_| Value::from(text), |document| document.tree)
}

fn through_a_list(path: &KeyPath) -> DeskError {
    let text = "leads into a list, or nowhere: a list is set whole, as JSON";
    DeskError::Invalid(vec![Issue::at(path, text)])
}
