//! The file of this moment.

use std::path::Path;

use callboard_actors::core::hex;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::error::DeskError;
use super::view::Issue;
use crate::config::document::{self, Format};
use crate::config::veil::Veil;
use crate::config::{Config, ConfigError, Environment, Overrides, Paths, load, substitute};

/// The file as it stands.
pub(super) struct Standing {
    /// Whether there is one.
    pub(super) exists: bool,
    /// How it is written.
    pub(super) format: Format,
    /// Its hash, where it can be read.
    pub(super) hash: Option<String>,
    /// Its text, where it is one.
    pub(super) text: Option<String>,
    /// Its tree, where it can be parsed: what stands in this file, nothing included or replaced.
    pub(super) tree: Option<Value>,
    /// The configuration that it makes, or what is wrong with it; of no file the defaults.
    pub(super) config: Result<Config, ConfigError>,
    /// Everything that it makes, as it is shown; `None` when it cannot be used.
    pub(super) shown: Option<Value>,
    /// Hides its secrets.
    pub(super) veil: Veil,
    issues: Vec<Issue>,
}

impl Standing {
    /// Reads the file, and what it makes.
    pub(super) fn of(paths: &Paths, env: &Environment, overrides: &Overrides) -> Self {
        let file = &paths.config_file;
        let bytes = document::read_bytes(file);
        let exists = !matches!(bytes, Err(ConfigError::Missing { .. }));
        let hash = bytes.as_ref().ok().map(|bytes| hash(bytes));
        let text = bytes.and_then(|bytes| document::text_of(bytes, file));
        let document = text.as_ref().ok().map(|text| document::parse(text, file));
        let tree = document.and_then(Result::ok).map(|document| document.tree);
        // One reading for everything that is said of the file.
        let config = match &text {
            Ok(text) => load::check_text(text, paths, env, overrides),
            Err(_) => load::load(paths, env, overrides),
        };
        let veil = match (&config, &tree) {
            (Ok(config), _) => config.veil().clone(),
            (Err(_), Some(tree)) => Veil::of(&[tree], &substitute::variables(tree, env)),
            (Err(_), None) => Veil::default(),
        };
        let issues = config.as_ref().err().map_or_else(Vec::new, |error| Issue::all(error, file));
        let shown = config.as_ref().ok().map(Config::shown);
        Self { exists, format: Format::of(file), hash, text: text.ok(), tree, config, shown, veil, issues }
    }

    /// Returns what is wrong with it.
    pub(super) fn issues(&self) -> Vec<Issue> {
        self.issues.clone()
    }

    /// Returns a name whose ending says how the file is written.
    pub(super) fn file_name(&self) -> &'static Path {
        Path::new(match self.format {
            Format::Json5 => "config.json5",
            Format::Yaml => "config.yaml",
        })
    }

    /// Looks whether whoever writes knows this file.
    pub(super) fn check_hash(&self, base_hash: Option<&str>) -> Result<(), DeskError> {
        let given = base_hash.map(str::trim).filter(|given| !given.is_empty());
        match (self.exists, &self.hash, given) {
            (false, ..) => Ok(()),
            (true, _, None) => Err(DeskError::HashRequired),
            (true, Some(hash), Some(given)) if hash.eq_ignore_ascii_case(given) => Ok(()),
            (true, ..) => Err(DeskError::Stale),
        }
    }
}

/// Returns the SHA-256 of a file's content, hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Returns what a file's format is called.
pub(super) fn kind(file: &Path) -> &'static str {
    match Format::of(file) {
        Format::Json5 => "JSON5",
        Format::Yaml => "YAML",
    }
}
