//! Where things are: the state folder, the config file, the workspace.

use std::path::{Path, PathBuf};

use super::{ConfigError, Environment};

/// The port of an ordinary gateway.
pub const PORT: u16 = 18789;
/// The port of a `--dev` gateway.
pub const PORT_DEV: u16 = 19001;
/// The longest name of a profile.
const PROFILE_LEN_MAX: usize = 64;
/// The names a config file may have in the state folder, the first found wins; the first is the one that `setup` makes.
const FILE_NAMES: [&str; 4] = ["callboard.json", "callboard.json5", "callboard.yaml", "callboard.yml"];

/// Which of a user's gateways is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Instance {
    /// The ordinary one.
    #[default]
    Default,
    /// The one for trying things (`--dev`).
    Dev,
    /// A named one (`--profile NAME`).
    Profile(String),
}

impl Instance {
    /// Takes a profile's name.
    ///
    /// # Errors
    /// When the name could not be part of a folder's name.
    pub fn profile(name: &str) -> Result<Self, ConfigError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || name.len() > PROFILE_LEN_MAX || !name.chars().all(plain) {
            return Err(ConfigError::Profile { name: name.to_owned() });
        }
        Ok(if name == "default" { Self::Default } else { Self::Profile(name.to_owned()) })
    }

    /// Returns what is appended to folder names.
    fn suffix(&self) -> String {
        match self {
            Self::Default => String::new(),
            Self::Dev => "-dev".to_owned(),
            Self::Profile(name) => format!("-{name}"),
        }
    }
}

/// The places of one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Which gateway.
    pub instance: Instance,
    /// The state folder: store, logs, lock.
    pub state_dir: PathBuf,
    /// The config file, there or not.
    pub config_file: PathBuf,
    /// The folder in which agents work.
    pub workspace: PathBuf,
    /// The user's home, where other gateways' folders would be.
    pub home: Option<PathBuf>,
    /// The port when neither flag, variable nor file names one.
    pub port: u16,
}

impl Paths {
    /// Finds the places. `CALLBOARD_STATE_DIR` and `CALLBOARD_CONFIG_PATH` win over the folders of `--dev` and `--profile`.
    ///
    /// # Errors
    /// When there is neither a home folder nor `CALLBOARD_STATE_DIR`.
    pub fn resolve(instance: Instance, env: &Environment) -> Result<Self, ConfigError> {
        let home = env.get("HOME").map(PathBuf::from);
        let suffix = instance.suffix();
        let state_dir = match (env.ours("STATE_DIR"), &home) {
            (Some(dir), home) => expand(dir, home.as_deref()),
            (None, Some(home)) => home.join(format!(".callboard{suffix}")),
            (None, None) => return Err(ConfigError::NoHome),
        };
        let config_file = match env.ours("CONFIG_PATH") {
            Some(file) => expand(file, home.as_deref()),
            None => config_file_in(&state_dir),
        };
        let workspace = home.as_deref().unwrap_or(&state_dir).join(format!("callboard{suffix}"));
        let port = if instance == Instance::Dev { PORT_DEV } else { PORT };
        Ok(Self { instance, state_dir, config_file, workspace, home, port })
    }

    /// Returns the folder of the log files.
    #[must_use]
    pub fn logs_dir(&self) -> PathBuf {
        self.state_dir.join("logs")
    }

    /// Returns the file that keeps a second gateway off the state folder.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.state_dir.join("gateway.lock")
    }

    /// Returns the `.env` file of the state folder.
    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.state_dir.join(".env")
    }
}

fn config_file_in(state_dir: &Path) -> PathBuf {
    let first = FILE_NAMES.iter().map(|name| state_dir.join(name)).find(|file| file.exists());
    first.unwrap_or_else(|| state_dir.join("callboard.json"))
}

/// Resolves a leading `~/`.
pub(super) fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
