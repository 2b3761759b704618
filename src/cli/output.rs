//! How things are printed: for people, or the call's body unchanged.

use std::io::Write as _;
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::client::Body;
use super::error::CliError;
use super::wire::Outcome;

/// How often a spinner turns.
const SPINNER_TICK: Duration = Duration::from_millis(100);

/// The way to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Human,
    /// JSON.
    Json,
}

impl Output {
    /// Chooses by the flag.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Human }
    }

    /// Prints an answer: unchanged, or as people read it. A failed call is printed unchanged too.
    ///
    /// # Errors
    /// The gateway's own, where the call failed.
    pub fn answer(self, body: Body, human: impl FnOnce(&Value) -> String) -> Result<(), CliError> {
        if self == Self::Json {
            anstream::println!("{}", body.text.trim_end());
            return body.checked().map(|_| ());
        }
        let body = body.checked()?;
        self.text(&human(&body.json));
        Ok(())
    }

    /// Prints what a request was answered with: its payload unchanged, or as people read it. A refusal is printed unchanged too.
    ///
    /// # Errors
    /// The gateway's own, where it refused; when standard output cannot be written.
    pub(super) fn payload(self, outcome: Outcome, human: impl FnOnce(&Value) -> String) -> Result<(), CliError> {
        match (self, outcome) {
            (Self::Json, Ok(payload)) => write_line(payload.text()),
            (Self::Human, Ok(payload)) => write_line(human(&payload.json()).trim_end()),
            (Self::Json, Err(refused)) => {
                write_line(&format!("{{\"ok\":false,\"error\":{}}}", refused.raw.text()))?;
                Err(refused.into())
            }
            (Self::Human, Err(refused)) => Err(refused.into()),
        }
    }

    /// Prints something that no call answered.
    pub fn local(self, json: &Value, human: impl FnOnce() -> String) {
        match self {
            Self::Json => anstream::println!("{}", serde_json::to_string_pretty(json).unwrap_or_default()),
            Self::Human => self.text(&human()),
        }
    }

    /// Prints a text on its own line; nothing for none.
    pub fn text(self, text: &str) {
        if !text.is_empty() {
            anstream::println!("{}", text.trim_end());
        }
    }

    /// Tells people something beside the result.
    pub fn note(self, text: &str) {
        anstream::eprintln!("{text}");
    }

    /// Shows that something is waited for, on a terminal only, until it is dropped.
    #[must_use]
    pub fn spinner(self, text: &'static str) -> Spinner {
        // indicatif draws on standard error, and only when that is a terminal.
        let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner()).with_message(text);
        if self == Self::Human {
            bar.enable_steady_tick(SPINNER_TICK);
        } else {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Spinner(bar)
    }
}

/// Writes a text and shows it at once.
///
/// # Errors
/// When standard output cannot be written; a reader that has seen enough is told as any other.
pub(super) fn write(text: &str) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| CliError::Failed(error.into()))
}

/// Writes a text on its own line; nothing for none.
pub(super) fn write_line(text: &str) -> Result<(), CliError> {
    if text.is_empty() { Ok(()) } else { write(&format!("{text}\n")) }
}

/// A spinner that goes away when dropped.
#[derive(Debug)]
pub struct Spinner(ProgressBar);

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Lays out rows below a header; `none` stands for no rows.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>], none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec()).add_rows(rows.iter().cloned());
    // Left-flush, so that lines can be cut and searched.
    table
        .lines()
        .map(|line| line.trim_end().strip_prefix(' ').map(str::to_owned).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns a field of an answer as people read it: texts bare, nothing as `-`.
#[must_use]
pub fn field(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Returns the items of a list in an answer.
pub fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Makes a table's rows of a list in an answer, a column for each pointer.
#[must_use]
pub fn rows(value: &Value, key: &str, pointers: &[&str]) -> Vec<Vec<String>> {
    items(value, key).iter().map(|item| pointers.iter().map(|pointer| field(item, pointer)).collect()).collect()
}
