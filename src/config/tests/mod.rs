//! Tests of the whole way from files and variables to settings.

mod edits;
mod errors;
mod loading;
mod pages;
mod plans;
mod properties;
mod providers;
mod starts;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Config, ConfigError, Environment, Instance, Overrides, Paths, load};

/// A home folder of its own.
pub(super) struct Home {
    folder: TempDir,
    vars: Vec<(String, String)>,
}

impl Home {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), vars: Vec::new() }
    }

    pub(super) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file below the state folder.
    pub(super) fn file(self, name: &str, text: &str) -> Self {
        let file = self.path(&format!(".callboard/{name}"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    pub(super) fn config(self, text: &str) -> Self {
        self.file("callboard.json", text)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn env(&self) -> Environment {
        let home = self.folder.path().to_str().unwrap();
        let vars = self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Environment::from_pairs(vars.chain([("HOME", home)]))
    }

    pub(super) fn paths(&self) -> Paths {
        Paths::resolve(Instance::Default, &self.env()).unwrap()
    }

    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        load(&self.paths(), &self.env(), &Overrides::default())
    }

    /// The error's text with the home folder's name taken out.
    pub(super) fn error(&self) -> String {
        self.plain(&self.load().unwrap_err().to_string())
    }

    pub(super) fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/.callboard/", self.folder.path().display()), "")
    }
}

pub(super) fn config(text: &str) -> Config {
    Home::new().config(text).load().unwrap()
}

pub(super) fn mode_of(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}
