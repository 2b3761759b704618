//! Tools: what a provider may call, what it called, and what came of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{InboxId, Steered};

/// A tool as a provider is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its arguments, an object; none for a tool that takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ToolSchema>,
    /// Whether the provider has to keep to the schema exactly, where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// The JSON Schema of a tool's arguments. It is written as text once: every request has it, and none changes it.
#[derive(Clone, Debug)]
pub struct ToolSchema(Arc<RawValue>);

impl ToolSchema {
    /// Writes a schema down.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn new(schema: &Value) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(schema).map(|text| Self(text.into()))
    }

    /// Returns its text, JSON without space around it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for ToolSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for ToolSchema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ToolSchema {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// Which tool a provider is to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// Whichever it finds useful, or none.
    Auto,
    /// None.
    Never,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The tools that whoever asks a turn has itself: a call of one ends the turn, and the asker comes back with its result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUse {
    /// The tools; empty for an asker that has none. They are shared: a turn of a few words may tell of dozens.
    pub specs: Vec<Arc<ToolSpec>>,
    /// Which is to be called; `None` leaves it to the provider.
    pub choice: Option<ToolChoice>,
    /// Whether several may be called at once; `None` leaves it to the provider.
    pub parallel: Option<bool>,
}

impl ToolUse {
    /// Returns whether a tool is one of these.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.specs.iter().any(|spec| spec.name == name)
    }
}

/// A tool that the provider wants called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, as the provider sent them; a string when they were not JSON.
    pub args: Value,
}

impl ToolCall {
    /// Reads arguments from their text; a text that is not JSON is kept as it is, an empty one is an empty object.
    #[must_use]
    pub fn read_args(text: &str) -> Value {
        match text.trim() {
            "" => Value::Object(serde_json::Map::new()),
            json => serde_json::from_str(json).unwrap_or_else(|_| Value::String(text.to_owned())),
        }
    }

    /// Returns the arguments' text; those that were not JSON go back as they came.
    #[must_use]
    pub fn args_text(&self) -> String {
        match &self.args {
            Value::String(raw) => raw.clone(),
            args => args.to_string(),
        }
    }
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "text", rename_all = "camelCase")]
pub enum ToolResult {
    /// The tool's output.
    Done(String),
    /// Why there is none, for the provider to read.
    Failed(String),
}

impl ToolResult {
    /// Returns what a model reads.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Done(text) | Self::Failed(text)) = self;
        text
    }

    /// Returns the same kind of result with another text.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        match self {
            Self::Done(_) => Self::Done(text),
            Self::Failed(_) => Self::Failed(text),
        }
    }
}

/// One round of tool calls within a turn: what the provider said and wanted, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolRound {
    /// The text that the provider wrote before the calls.
    pub text: String,
    /// The calls with their results, in the provider's order.
    pub calls: Vec<(ToolCall, ToolResult)>,
}

/// A round of tool calls that is under way, or was when its turn was cut short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BegunRound {
    /// The rows that the turn answers besides the one whose round it is; the first round of a turn names them.
    pub with: Vec<InboxId>,
    /// What came while the turn ran and was shown behind the round before.
    pub said: Vec<Steered>,
    /// The text that the provider wrote before the calls.
    pub text: String,
    /// The calls in the provider's order; `None` for one that has not finished, as far as is known.
    pub calls: Vec<(ToolCall, Option<ToolResult>)>,
    /// Whether it is known to be written down.
    pub written: RoundWritten,
}

/// Whether a round of tools is known to be written down. No call of it is made before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoundWritten {
    /// It is.
    #[default]
    Surely,
    /// It was to be, and whoever waited for it stopped waiting.
    Perhaps,
}

impl BegunRound {
    /// Returns a round of which no call has begun.
    #[must_use]
    pub fn new(text: String, calls: Vec<ToolCall>) -> Self {
        let calls = calls.into_iter().map(|call| (call, None)).collect();
        Self { text, calls, ..Self::default() }
    }

    /// Notes how a call came out; the first word on it counts.
    pub fn finish(&mut self, call: usize, result: ToolResult) {
        if let Some((_, known)) = self.calls.get_mut(call) {
            known.get_or_insert(result);
        }
    }

    /// Returns the round as it stands, with a word for what has no result.
    #[must_use]
    pub fn closed(self) -> ToolRound {
        let cut_short = || ToolResult::Failed("the call was cut short: it is not known whether it was done".into());
        let calls = self.calls.into_iter().map(|(call, result)| (call, result.unwrap_or_else(cut_short))).collect();
        ToolRound { text: self.text, calls }
    }
}
