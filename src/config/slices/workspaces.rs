//! Which agent works in which folder.

use std::path::{Path, PathBuf};

use super::{FolderOf, agents};
use crate::config::model::Model;
use crate::config::paths::expand;
use crate::config::{KeyPath, Paths};
use crate::workspace::Workspaces;

pub(super) fn cut(model: &Model, paths: &Paths, folder: FolderOf<'_>) -> Workspaces {
    let at = KeyPath::default().key("agents");
    // A relative one stands beside the file that names it.
    let named = |text: &str, key: &KeyPath| folder(key).join(expand(text, paths.home.as_deref()));
    let defaults = model.agents.defaults.workspace.as_deref();
    let common = defaults.map_or_else(|| paths.workspace.clone(), |text| named(text, &at.key("defaults").key("workspace")));
    let first = agents::default_agent(model);
    let by_agent = model.agents.list.iter().enumerate().map(|(place, agent)| {
        let key = at.key("list").index(place).key("workspace");
        let own = match &agent.workspace {
            Some(text) => named(text, &key),
            None if agent.id == first => common.clone(),
            None => beside(&common, &agent.id),
        };
        (agent.id.clone(), own)
    });
    Workspaces { by_agent: by_agent.collect(), common: common.clone(), managed_skills: paths.state_dir.join("skills") }
}

/// Returns the folder beside another with an agent's id at its name's end.
fn beside(common: &Path, agent: &str) -> PathBuf {
    let name = common.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    common.with_file_name(format!("{name}-{agent}"))
}
