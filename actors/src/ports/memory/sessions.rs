//! Sessions, their settings and transcripts.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::message::{Activation, Entry, Role, SessionKey, Target, Usage};
use crate::ports::{
    ACTIVATIONS_MAX, Compacted, Context, HISTORY_BYTES_MAX, LINES_TAKEN_MAX, SessionName, SessionRow, SessionTraits,
    StoreError, Summary, UsageDay, UsageQuery, UsageSums, UsedBy,
};

use super::state::State;

/// Counts end where a file's numbers do.
const COUNT_MAX: u64 = i64::MAX.unsigned_abs();

/// A session that had a message, a turn or a setting.
pub(super) struct Known {
    /// Its number in order of first mention.
    pub number: usize,
    pub id: Uuid,
    pub updated_ms: i64,
    pub entries: Vec<Entry>,
    /// How many lines have left the transcript.
    pub trimmed: u64,
    pub usage: Usage,
    /// The number of the line that says what was said before `told_from`.
    pub summary: Option<u64>,
    /// The number of the first line that later turns are told.
    pub told_from: u64,
    pub compactions: u64,
    pub reply_to: Option<Target>,
    pub traits: SessionTraits,
}

impl Known {
    fn new(number: usize, updated_ms: i64) -> Self {
        Self {
            number,
            id: Uuid::now_v7(),
            updated_ms,
            entries: Vec::new(),
            trimmed: 0,
            usage: Usage::default(),
            summary: None,
            told_from: 0,
            compactions: 0,
            reply_to: None,
            traits: SessionTraits::default(),
        }
    }

    fn row(&self, key: &SessionKey) -> SessionRow {
        SessionRow {
            key: key.clone(),
            id: self.id,
            updated_ms: self.updated_ms,
            entries: self.entries.len() as u64,
            usage: self.usage,
            compactions: self.compactions,
            reply_to: self.reply_to.clone(),
            traits: self.traits.clone(),
        }
    }

    /// Returns every line with its number.
    fn numbered(&self) -> impl Iterator<Item = (u64, &Entry)> {
        (self.trimmed + 1..).zip(&self.entries)
    }

    /// Takes all lines but the newest `keep`.
    fn take_lines(&mut self, keep: usize) -> Vec<Entry> {
        let mut taken = std::mem::take(&mut self.entries);
        self.entries = taken.split_off(taken.len().saturating_sub(keep));
        self.trimmed += taken.len() as u64;
        taken.split_off(taken.len().saturating_sub(LINES_TAKEN_MAX))
    }
}

/// Returns the newest of some lines that are within the bounds of one answer.
fn end_of(entries: &[Entry], limit: usize) -> Vec<Entry> {
    let mut bytes = 0;
    let fits = |(place, entry): &(usize, &Entry)| {
        bytes += entry.text.len();
        *place == 0 || bytes <= HISTORY_BYTES_MAX
    };
    let count = entries.iter().rev().take(limit).enumerate().take_while(fits).count();
    entries.iter().skip(entries.len().saturating_sub(count)).cloned().collect()
}

impl State {
    /// Returns the sessions with a word of their own on when they answer in a group.
    pub(super) fn activations(&self) -> Vec<(SessionKey, Activation)> {
        let mut known: Vec<_> = self.sessions.iter().collect();
        known.sort_by_key(|(_, known)| std::cmp::Reverse((known.updated_ms, known.number)));
        let own = known.into_iter().filter_map(|(key, known)| Some((key.clone(), known.traits.activation()?)));
        own.take(ACTIVATIONS_MAX).collect()
    }

    /// Returns a session, known from now on.
    pub(super) fn session(&mut self, key: &SessionKey) -> &mut Known {
        let now_ms = self.now_ms();
        let made = &mut self.sessions_made;
        self.sessions.entry(key.clone()).or_insert_with(|| {
            *made += 1;
            Known::new(*made, now_ms)
        })
    }

    /// Returns a session that is changed now.
    fn changed(&mut self, key: &SessionKey) -> &mut Known {
        let now_ms = self.now_ms();
        let session = self.session(key);
        session.updated_ms = now_ms;
        session
    }

    pub(super) fn append(&mut self, key: &SessionKey, entries: Vec<Entry>, usage: Usage) -> &mut Known {
        if let Some(turn) = UsageDay::of_lines(self.now_ms(), usage.within(COUNT_MAX), UsedBy::of(&entries)) {
            let day = self.usage_days.entry(turn.day).or_insert_with(|| UsageDay { day: turn.day, ..UsageDay::default() });
            *day = day.plus(turn);
        }
        let session = self.changed(key);
        session.entries.extend(entries);
        session.usage = session.usage.plus(usage).within(COUNT_MAX);
        session
    }

    pub(super) fn history(&self, key: &SessionKey, limit: usize) -> Vec<Entry> {
        let entries = self.sessions.get(key).map_or(&[][..], |session| &session.entries);
        end_of(entries, limit)
    }

    pub(super) fn transcript(&self, key: &SessionKey, behind: u64, limit: usize) -> Vec<(u64, Entry)> {
        let Some(session) = self.sessions.get(key) else { return Vec::new() };
        let behind = session.numbered().filter(|(line, _)| *line > behind);
        behind.take(limit).map(|(line, entry)| (line, entry.clone())).collect()
    }

    pub(super) fn context(&self, key: &SessionKey, limit: usize) -> Context {
        let Some(session) = self.sessions.get(key) else { return Context::default() };
        let summary = session.numbered().find(|(line, _)| Some(*line) == session.summary).map(|(_, entry)| entry.clone());
        let told = session.numbered().filter(|(line, _)| *line >= session.told_from && Some(*line) != session.summary);
        let (numbers, told): (Vec<u64>, Vec<Entry>) = told.map(|(line, entry)| (line, entry.clone())).unzip();
        let told = end_of(&told, limit);
        let mut lines: Vec<_> = numbers.into_iter().rev().zip(told.into_iter().rev()).collect();
        lines.reverse();
        // The newest summary says what older ones say.
        lines.retain(|(_, line)| line.role != Role::Summary);
        Context { id: Some(session.id), summary, lines }
    }

    pub(super) fn summarise(&mut self, key: &SessionKey, summary: Summary) -> Result<SessionRow, StoreError> {
        if self.sessions.get(key).is_none_or(|session| session.id != summary.id) {
            return Err(StoreError::Conflict { what: format!("session {key} has another transcript by now") });
        }
        let session = self.append(key, vec![summary.line], Usage::default());
        session.summary = Some(session.trimmed + session.entries.len() as u64);
        session.told_from = summary.from;
        session.compactions += 1;
        Ok(session.row(key))
    }

    pub(super) fn list_sessions(&self, limit: usize) -> Vec<SessionRow> {
        let mut known: Vec<_> = self.sessions.iter().collect();
        known.sort_by_key(|(_, session)| std::cmp::Reverse((session.updated_ms, session.number)));
        known.into_iter().take(limit).map(|(key, session)| session.row(key)).collect()
    }

    pub(super) fn usage_sums(&self, query: &UsageQuery) -> UsageSums {
        let mut sums = UsageSums::default();
        for row in self.list_sessions(usize::MAX).into_iter().filter(|row| query.has(&row.key, row.updated_ms)) {
            sums.add_row(row);
        }
        sums.rows.truncate(query.rows_max);
        sums
    }

    pub(super) fn known_session(&self, key: &SessionKey) -> Option<SessionRow> {
        self.sessions.get(key).map(|session| session.row(key))
    }

    pub(super) fn find_session(&self, name: &SessionName) -> Option<SessionRow> {
        let called = |session: &Known| match name {
            SessionName::Id(id) => session.id == *id,
            SessionName::Label(label) => session.traits.label.as_ref() == Some(label),
        };
        self.sessions.iter().find(|(_, session)| called(session)).map(|(key, session)| session.row(key))
    }

    pub(super) fn patch_session(&mut self, key: &SessionKey, patch: &Map<String, Value>) -> Result<SessionRow, StoreError> {
        let before = self.sessions.get(key).map(|session| session.traits.clone()).unwrap_or_default();
        let traits = before.patched(patch)?;
        if let Some(label) = &traits.label {
            let labelled =
                |(other, session): &(&SessionKey, &Known)| *other != key && session.traits.label.as_ref() == Some(label);
            if let Some((other, _)) = self.sessions.iter().find(labelled) {
                return Err(StoreError::Conflict { what: format!("the label `{label}` is that of session {other}") });
            }
        }
        let session = self.changed(key);
        session.traits = traits;
        Ok(session.row(key))
    }

    pub(super) fn reset_session(&mut self, key: &SessionKey) -> (SessionRow, Vec<Entry>) {
        let session = self.changed(key);
        (session.id, session.usage) = (Uuid::now_v7(), Usage::default());
        (session.summary, session.told_from, session.compactions) = (None, 0, 0);
        let lines = session.take_lines(0);
        (session.row(key), lines)
    }

    pub(super) fn delete_session(&mut self, key: &SessionKey) -> Option<Vec<Entry>> {
        let mut session = self.sessions.remove(key)?;
        if self.inbox.values().any(|row| row.session == *key && row.stand.is_open()) {
            self.sessions.insert(key.clone(), Known::new(session.number, self.now_ms()));
        }
        Some(session.take_lines(0))
    }

    pub(super) fn compact_session(&mut self, key: &SessionKey, keep: usize) -> Compacted {
        if !self.sessions.contains_key(key) {
            return Compacted { dropped: Vec::new(), kept: 0 };
        }
        let session = self.changed(key);
        let dropped = session.take_lines(keep);
        Compacted { dropped, kept: session.entries.len() as u64 }
    }
}
