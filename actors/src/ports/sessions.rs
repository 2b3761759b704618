//! What the store knows of a session.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Answer, Store, StoreError};
use crate::message::{Activation, Entry, SessionKey, Target, Usage};

/// How long one setting of a session may be, bytes.
pub const TRAIT_BYTES_MAX: usize = 512;

/// How many sessions with a word of their own on when they answer in a group are handed out.
pub const ACTIVATIONS_MAX: usize = 10_000;

/// How many of the lines that leave a transcript are answered: the newest. Older ones go without being read, so that no
/// transcript is too long to be forgotten.
pub const LINES_TAKEN_MAX: usize = 100_000;

/// How many bytes of a transcript are handed out at a time, about: its newest lines that have no more, and its newest in any case.
pub const HISTORY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How many lines are read at a time of a transcript that is read whole.
const PAGE_LINES: usize = 1_000;

/// Reads the whole of a transcript, oldest line first; of a longer one than [`LINES_TAKEN_MAX`] its newest lines.
///
/// # Errors
/// The store's.
pub async fn whole_transcript(store: &dyn Store, session: &SessionKey) -> Result<Vec<Entry>, StoreError> {
    let mut whole = WholeTranscript::default();
    while whole.take(whole.ask(store, session).await?).is_continue() {}
    Ok(whole.lines())
}

/// A transcript that is read whole, page by page, so that whoever reads bounds each.
#[derive(Debug, Default)]
pub struct WholeTranscript {
    behind: u64,
    lines: VecDeque<Entry>,
}

impl WholeTranscript {
    /// Asks for the next page.
    pub fn ask(&self, store: &dyn Store, session: &SessionKey) -> Answer<Vec<(u64, Entry)>> {
        store.transcript(session.clone(), self.behind, PAGE_LINES)
    }

    /// Takes a page; says whether there may be another.
    pub fn take(&mut self, page: Vec<(u64, Entry)>) -> ControlFlow<()> {
        let Some((last, _)) = page.last() else { return ControlFlow::Break(()) };
        self.behind = *last;
        self.lines.extend(page.into_iter().map(|(_, entry)| entry));
        self.lines.drain(..self.lines.len().saturating_sub(LINES_TAKEN_MAX));
        ControlFlow::Continue(())
    }

    /// Returns what was read, oldest line first, at most [`LINES_TAKEN_MAX`] lines.
    #[must_use]
    pub fn lines(self) -> Vec<Entry> {
        self.lines.into()
    }
}

/// A known session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Its key.
    pub key: SessionKey,
    /// Names its present transcript; a new one at each reset.
    pub id: Uuid,
    /// When it last had a turn or was changed by hand, milliseconds since 1970.
    pub updated_ms: i64,
    /// How many lines its transcript has.
    pub entries: u64,
    /// Tokens counted in its turns since the last reset; each count stops at `i64::MAX`.
    pub usage: Usage,
    /// How often its transcript was summed up since the last reset.
    pub compactions: u64,
    /// Where its answers went last.
    pub reply_to: Option<Target>,
    /// Its own settings.
    pub traits: SessionTraits,
}

/// What a session is called by beside its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionName {
    /// The id of its present transcript.
    Id(Uuid),
    /// Its name for people.
    Label(String),
}

/// A session's own settings, as `sessions.patch` sets them; what is not set follows the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionTraits {
    /// Its name for people; no two sessions have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How much the model thinks: `off`, `minimal`, `low`, `medium`, `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<String>,
    /// Whether tools are shown: `on`, `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbose_level: Option<String>,
    /// Whether reasoning is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_level: Option<String>,
    /// Whether answers end with what they cost: `off`, `tokens`, `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_usage: Option<String>,
    /// Whether tools may do more than usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elevated_level: Option<String>,
    /// Where commands run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_host: Option<String>,
    /// How commands are confined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_security: Option<String>,
    /// When commands are asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_ask: Option<String>,
    /// On which node commands run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_node: Option<String>,
    /// Which model answers, `provider/model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The session that made this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spawned_by: Option<String>,
    /// Whether answers may be sent: `allow`, `deny`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_policy: Option<String>,
    /// What becomes of messages that come while a turn runs, such as `collect debounce:2s cap:25 drop:summarize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// When it answers in a group: `mention`, `always`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_activation: Option<String>,
}

impl SessionTraits {
    /// Returns the settings after a merge patch (RFC 7396): `null` clears one, what is not named stays.
    ///
    /// # Errors
    /// `Invalid`, naming the field: one that is not known, one that is neither text nor `null`, or a text longer than
    /// [`TRAIT_BYTES_MAX`].
    pub fn patched(mut self, patch: &Map<String, Value>) -> Result<Self, StoreError> {
        for (field, value) in patch {
            let Some(setting) = self.field_mut(field) else {
                return Err(invalid(format!("`{}` is no setting of a session", cut(field))));
            };
            *setting = match value {
                Value::Null => None,
                Value::String(text) if text.len() <= TRAIT_BYTES_MAX => Some(text.clone()),
                Value::String(text) => {
                    return Err(invalid(format!("`{field}` has {} bytes, at most {TRAIT_BYTES_MAX} are kept", text.len())));
                }
                _ => return Err(invalid(format!("`{field}` must be a string, or null to clear it"))),
            };
        }
        Ok(self)
    }

    /// Returns when the session answers in a group, by its own word.
    #[must_use]
    pub fn activation(&self) -> Option<Activation> {
        Activation::parse(self.group_activation.as_deref()?)
    }

    fn field_mut(&mut self, field: &str) -> Option<&mut Option<String>> {
        Some(match field {
            "label" => &mut self.label,
            "thinkingLevel" => &mut self.thinking_level,
            "verboseLevel" => &mut self.verbose_level,
            "reasoningLevel" => &mut self.reasoning_level,
            "responseUsage" => &mut self.response_usage,
            "elevatedLevel" => &mut self.elevated_level,
            "execHost" => &mut self.exec_host,
            "execSecurity" => &mut self.exec_security,
            "execAsk" => &mut self.exec_ask,
            "execNode" => &mut self.exec_node,
            "model" => &mut self.model,
            "spawnedBy" => &mut self.spawned_by,
            "sendPolicy" => &mut self.send_policy,
            "queue" => &mut self.queue,
            "groupActivation" => &mut self.group_activation,
            _ => return None,
        })
    }
}

/// What of a transcript its later turns are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Names the transcript; `None` where there is none.
    pub id: Option<Uuid>,
    /// What the lines said that are not told any more.
    pub summary: Option<Entry>,
    /// The newest of the lines that are, oldest first, each with its number.
    pub lines: Vec<(u64, Entry)>,
}

impl Context {
    /// Returns the summary, where there is one, and the lines behind it.
    #[must_use]
    pub fn told(self) -> Vec<Entry> {
        self.summary.into_iter().chain(self.lines.into_iter().map(|(_, line)| line)).collect()
    }
}

/// What the older part of a transcript says, in few words.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The transcript that it is of.
    pub id: Uuid,
    /// The number of the first line that later turns are told beside it; it says what those before say.
    pub from: u64,
    /// Its own line.
    pub line: Entry,
}

/// What a compaction left.
#[derive(Clone, Debug, PartialEq)]
pub struct Compacted {
    /// The lines that are no longer part of the transcript, oldest first, at most [`LINES_TAKEN_MAX`].
    pub dropped: Vec<Entry>,
    /// How many are left.
    pub kept: u64,
}

/// Refuses what was asked, naming the field.
fn invalid(what: String) -> StoreError {
    StoreError::Invalid { what }
}

/// Returns as much of a stranger's word as an error repeats.
fn cut(word: &str) -> String {
    const CHARS_MAX: usize = 64;
    word.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
