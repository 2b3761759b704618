//! What can be wrong with a configuration, each with its place and its mend.

use std::fmt;
use std::path::PathBuf;

use super::KeyPath;

/// One thing wrong (or worth a warning) at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub path: KeyPath,
    /// What is wrong and how to mend it; carries no secret.
    pub text: String,
    /// The file in which the key stands, where that is known.
    pub file: Option<PathBuf>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
}

impl Problem {
    /// Makes a problem whose place in a file is not known yet.
    #[must_use]
    pub fn new(path: KeyPath, text: impl Into<String>) -> Self {
        Self { path, text: text.into(), file: None, line: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        let path = self.path.to_string();
        if path.is_empty() { f.write_str(&self.text) } else { write!(f, "{path}: {}", self.text) }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No home folder, so no place for the state.
    #[error("cannot tell where the state belongs: set HOME or CALLBOARD_STATE_DIR")]
    NoHome,
    /// A profile's name that would leave its folder.
    #[error("`{name}` cannot name a profile: use letters, digits, `-` and `_`, at most 64 of them")]
    Profile {
        /// The name given.
        name: String,
    },
    /// The file named does not exist.
    #[error("there is no config file at {}: run `callboard setup` to make one", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {}: {reason}", file.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file is larger than its bound.
    #[error("{} is larger than {bytes_max} bytes: move parts of it to other files with `$include`", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The bound.
        bytes_max: u64,
    },
    /// A file is not the JSON5, YAML or `.env` that its name says.
    #[error("{}:{line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u32,
        /// What was found there.
        reason: String,
    },
    /// Keys or values that cannot be used, all of them at once.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// Returns each thing that is wrong, one sentence each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        match self {
            Self::Invalid(problems) => problems.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
