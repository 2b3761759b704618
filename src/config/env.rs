//! The environment as a value: the process's variables, filled up from `.env` files.
//!
//! Nothing is written back into the process: changing its environment is unsound beside other threads, and a value can be
//! handed to a test.

use std::collections::BTreeMap;
use std::path::Path;

use super::ConfigError;

/// How large a `.env` file may be.
const ENV_FILE_BYTES_MAX: u64 = 1 << 20;
/// Our prefix and those of the gateways whose users come to us, ours first.
const PREFIXES: [&str; 2] = ["CALLBOARD_", "CLAWDBOT_"];

/// Variables by name.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes the process's variables; those that are not Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(unicode).collect())
    }

    /// Takes the variables given.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Adds the variables of a `.env` file that are not set yet; a file that is not there adds none.
    ///
    /// # Errors
    /// Names the file, and the line where it is not `NAME=value`; never the line's text, which may hold a secret.
    pub fn fill_from(&mut self, file: &Path) -> Result<(), ConfigError> {
        let Ok(about) = file.metadata() else { return Ok(()) };
        if about.len() > ENV_FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge { file: file.to_owned(), bytes_max: ENV_FILE_BYTES_MAX });
        }
        let unreadable = |reason: String| ConfigError::File { what: "read", file: file.to_owned(), reason };
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        for pair in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = pair.map_err(|error| match error {
                dotenvy::Error::LineParse(line_text, _) => ConfigError::Syntax {
                    file: file.to_owned(),
                    line: line_of(&text, &line_text),
                    reason: "not a line of the form NAME=value; quote values with spaces".to_owned(),
                },
                _ => unreadable("it is not a list of NAME=value lines".to_owned()),
            })?;
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Returns the names of the variables that are set and not empty.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| !value.trim().is_empty()).map(|(name, _)| name.as_str())
    }

    /// Returns a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// Returns one of our own variables by the end of its name: `GATEWAY_PORT` is `CALLBOARD_GATEWAY_PORT`, else
    /// `CLAWDBOT_GATEWAY_PORT`.
    #[must_use]
    pub fn ours(&self, suffix: &str) -> Option<&str> {
        self.ours_named(suffix).map(|(_, value)| value)
    }

    /// Returns one of our own variables with its whole name.
    #[must_use]
    pub fn ours_named(&self, suffix: &str) -> Option<(String, &str)> {
        PREFIXES.iter().find_map(|prefix| {
            let name = format!("{prefix}{suffix}");
            let value = self.get(&name)?;
            Some((name, value))
        })
    }
}

/// Shows names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn line_of(text: &str, wanted: &str) -> u32 {
    let found = text.lines().position(|line| line.trim() == wanted.trim()).unwrap_or(0);
    u32::try_from(found + 1).unwrap_or(u32::MAX)
}
