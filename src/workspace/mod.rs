//! The folders that agents work in, and what stands in them for every turn.
//!
//! # Layout
//!
//! - [`Workspaces`]: which agent has which folder
//! - [`Folder`]: one folder and nothing beside it: no path and no link leads out
//! - [`WorkspaceBriefing`]: what a turn's provider is told from the folder; `documents`, [`skills`]: the parts of it

mod briefing;
mod documents;
mod folder;
pub mod skills;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use briefing::WorkspaceBriefing;
pub use folder::{FILE_BYTES_MAX, Folder, FolderError, Item, ItemKind, Place, Text};

/// Which agent works in which folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspaces {
    /// By the agent's id.
    pub by_agent: BTreeMap<String, PathBuf>,
    /// The folder of whoever is not named.
    pub common: PathBuf,
    /// Where skills for all agents are.
    pub managed_skills: PathBuf,
}

impl Workspaces {
    /// Returns the folder of an agent.
    #[must_use]
    pub fn of(&self, agent: &str) -> &Path {
        self.by_agent.get(agent).unwrap_or(&self.common)
    }
}
