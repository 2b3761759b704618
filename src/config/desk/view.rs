//! What is answered, in the names of the control plane's protocol.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::hints::Hint;
use super::keeper::RestartTicket;
use crate::config::reload::Plan;
use crate::config::{ConfigError, KeyPath, Problem};

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The key; empty for the whole file.
    pub path: String,
    /// What is wrong and how to mend it; carries no secret.
    pub message: String,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The file, when it is an included one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

impl Issue {
    /// Makes an issue whose line is not known.
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), line: None, file: None }
    }

    /// Makes an issue of a key.
    pub(super) fn at(path: &KeyPath, message: impl Into<String>) -> Self {
        Self::new(path.to_string(), message)
    }

    /// Tells a problem; `main` is the file that needs no naming.
    pub(super) fn of(problem: &Problem, main: &Path) -> Self {
        let file = problem.file.clone().filter(|file| file != main);
        Self { line: problem.line, file, ..Self::at(&problem.path, problem.text.clone()) }
    }

    /// Tells everything that is wrong.
    pub(super) fn all(error: &ConfigError, main: &Path) -> Vec<Self> {
        match error {
            ConfigError::Invalid(problems) => problems.iter().map(|problem| Self::of(problem, main)).collect(),
            ConfigError::Syntax { file, line, reason } => {
                let kind = super::standing::kind(file);
                let issue = Self::new("", format!("{kind} parse failed: {reason} (line {line})"));
                vec![Self { line: Some(*line), file: Some(file.clone()).filter(|file| file != main), ..issue }]
            }
            other => vec![Self::new("", other.to_string())],
        }
    }
}

/// The config file without its secrets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigView {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Its text with the secrets replaced in it; `None` when there is none, or its secrets cannot be found in it.
    pub raw: Option<String>,
    /// Its tree: what stands in the file itself, variables by their names.
    pub parsed: Value,
    /// Whether it can be used.
    pub valid: bool,
    /// Everything that holds, defaults included; of a file that cannot be used, what held before.
    pub config: Value,
    /// The SHA-256 of the file, hexadecimal; what `baseHash` has to be. `None` without a file that can be read.
    pub hash: Option<String>,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// What is worth knowing.
    pub warnings: Vec<Issue>,
    /// Keys under names of the past; this gateway has none.
    pub legacy_issues: Vec<Issue>,
}

/// The schema with labels and help.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaView {
    /// JSON Schema, draft 07.
    pub schema: &'static Value,
    /// Labels and help by key path; `*` is any key, `[]` any element.
    pub ui_hints: BTreeMap<String, Hint>,
    /// The version that it belongs to.
    pub version: &'static str,
    /// When this was made, RFC 3339.
    pub generated_at: String,
}

/// What a change does to the running gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Keys that hold from the next message on.
    pub hot: Vec<String>,
    /// Accounts whose links are made, made anew or ended.
    pub accounts: Vec<String>,
    /// Keys that hold from the gateway's next start on, those of earlier changes included.
    pub restart: Vec<String>,
}

impl From<&Plan> for Effect {
    fn from(plan: &Plan) -> Self {
        let names = |paths: &[KeyPath]| paths.iter().map(ToString::to_string).collect();
        Self {
            hot: names(&plan.hot),
            accounts: plan.accounts.iter().map(ToString::to_string).collect(),
            restart: names(&plan.gateway),
        }
    }
}

/// A file that was written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// Its hash now.
    pub hash: String,
    /// Whether the text is another one than before; else nothing was written.
    pub changed: bool,
    /// Everything that it says, defaults included, without secrets.
    pub config: Value,
    /// What is worth knowing of it.
    pub warnings: Vec<Issue>,
    /// What the change does.
    pub effect: Effect,
    /// The restart that it brings, if one.
    pub restart: Option<RestartTicket>,
}
