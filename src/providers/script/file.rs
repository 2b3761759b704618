//! The script's file: its form and its bounds.

use callboard_actors::message::{Code, Usage};
use serde::Deserialize;
use serde_saphyr::Spanned;

const FILE_BYTES_MAX: usize = 1024 * 1024;
const STEPS_MAX: usize = 1_000;
const ACTIONS_MAX: usize = 1_000;
const WAIT_MS_MAX: u64 = 3_600_000;

/// Why a script cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script {path}, line {line}: {reason}")]
pub struct ScriptError {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there, with the mend.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    steps: Vec<Spanned<Step>>,
}

/// One step: when it is played and what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(default)]
    pub(super) when: When,
    #[serde(default = "always")]
    pub(super) times: u32,
    #[serde(rename = "do")]
    pub(super) actions: Vec<Action>,
}

/// What must hold for a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct When {
    turn: Option<usize>,
    contains: Option<String>,
    starts_with: Option<String>,
    equals: Option<String>,
}

/// One thing that a step does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action {
    Text(String),
    WaitMs(u64),
    Echo,
    Tool(Tool),
    Results,
    Usage(Usage),
    Finish(String),
    Error(Failure),
    Cut,
    Stall,
}

/// A tool that a step calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) name: String,
    #[serde(default)]
    pub(super) args: serde_json::Value,
}

/// An error that a step ends with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) message: Option<String>,
    pub(super) retry_after_ms: Option<u64>,
}

fn always() -> u32 {
    u32::MAX
}

impl When {
    /// Returns whether a step is for this turn, counted from 1, and this text.
    pub(super) fn holds(&self, turn: usize, text: &str) -> bool {
        let text = text.to_lowercase();
        let says = |wanted: &Option<String>, test: fn(&str, &str) -> bool| {
            wanted.as_ref().is_none_or(|wanted| test(text.trim(), wanted.to_lowercase().trim()))
        };
        self.turn.is_none_or(|wanted| wanted == turn)
            && says(&self.contains, |text, wanted| text.contains(wanted))
            && says(&self.starts_with, |text, wanted| text.starts_with(wanted))
            && says(&self.equals, |text, wanted| text == wanted)
    }
}

impl Action {
    /// Returns whether nothing can follow.
    fn is_last(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Cut | Self::Stall)
    }
}

/// Reads and checks a file.
pub(super) fn parse(path: &str, contents: &str) -> Result<Vec<Step>, ScriptError> {
    let fault = |line, reason: String| ScriptError { path: path.to_owned(), line, reason };
    if contents.len() > FILE_BYTES_MAX {
        return Err(fault(1, format!("the file is larger than {FILE_BYTES_MAX} bytes; make it shorter")));
    }
    let file: File = serde_saphyr::from_str(contents).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        fault(line, format!("{}; the form is `steps: [{{when: …, do: […]}}]`", error.without_snippet()))
    })?;
    if file.steps.is_empty() || file.steps.len() > STEPS_MAX {
        return Err(fault(1, format!("`steps` has {} entries; write 1 to {STEPS_MAX}", file.steps.len())));
    }
    let checked = file.steps.into_iter().map(|step| match check(&step.value) {
        Ok(()) => Ok(step.value),
        Err(reason) => Err(fault(step.referenced.line(), reason)),
    });
    checked.collect()
}

fn check(step: &Step) -> Result<(), String> {
    let count = step.actions.len();
    if count == 0 || count > ACTIONS_MAX {
        return Err(format!("`do` has {count} actions; write 1 to {ACTIONS_MAX}"));
    }
    if step.when.turn == Some(0) {
        return Err("`turn` is 0; the first turn is 1".into());
    }
    if step.actions.iter().rev().skip(1).any(Action::is_last) {
        return Err("`error`, `cut` or `stall` is followed by more actions; put it last".into());
    }
    step.actions.iter().try_for_each(|action| match action {
        Action::Text(text) if text.is_empty() => Err("`text` is empty; write some or leave it out".into()),
        Action::WaitMs(wait) if *wait > WAIT_MS_MAX => Err(format!("`waitMs` is {wait}; write at most {WAIT_MS_MAX}")),
        Action::Tool(tool) if tool.name.trim().is_empty() => Err("`tool.name` is empty; name the tool".into()),
        Action::Finish(reason) if reason.is_empty() => Err("`finish` is empty; write `stop` or `length`".into()),
        _ => Ok(()),
    })
}
