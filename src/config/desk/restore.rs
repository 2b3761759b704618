//! Placeholders of secrets back into the secrets: whoever shows the file and sends it back has destroyed none of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use super::error::DeskError;
use super::pairs::pairs;
use super::standing::Standing;
use super::view::Issue;
use crate::config::edit::{Change, edit};
use crate::config::secret::{REDACTED, is_secret_path};
use crate::config::spans::{spans, splice};
use crate::config::{KeyPath, Segment, document, hidden_url};

/// What stands in a secret's place, whoever hid it.
const MARKS: [&str; 2] = [REDACTED, "[hidden]"];

/// A text that is about to become the file.
pub(super) struct Draft {
    /// The text, secrets included.
    pub(super) text: String,
    /// Keys that were left out because their values come from another file or the environment, and have to go on doing so.
    pub(super) left_out: Vec<KeyPath>,
}

/// What has to happen to a tree for its secrets to be there again.
#[derive(Default)]
pub(super) struct Restored {
    /// Values to be put in.
    pub(super) values: Vec<(KeyPath, Value)>,
    /// Keys to be left out.
    pub(super) left_out: Vec<KeyPath>,
    issues: Vec<Issue>,
}

/// Makes a draft of a whole text.
pub(super) fn whole(raw: &str, file: &Path, standing: &Standing) -> Result<Draft, DeskError> {
    let raw = raw.strip_prefix('\u{feff}').unwrap_or(raw);
    let parsed = document::parse(raw, file).map_err(|error| DeskError::of_text(&error, file))?;
    let restored = restored(&parsed.tree, standing)?;
    let mut text = put_back(raw, file, &restored, standing).map_err(DeskError::Invalid)?;
    for path in &restored.left_out {
        text = edit(&text, file, path, &Change::Unset)?;
    }
    Ok(Draft { text, left_out: restored.left_out })
}

/// Finds what the placeholders in a tree stand for.
///
/// # Errors
/// Each one of which that cannot be told.
pub(super) fn restored(new: &Value, standing: &Standing) -> Result<Restored, DeskError> {
    let mut found = Restored::default();
    let before = standing.tree.as_ref().map_or(Before::Absent, Before::Here);
    found.walk(new, before, &KeyPath::default(), standing);
    if found.issues.is_empty() { Ok(found) } else { Err(DeskError::Invalid(found.issues)) }
}

/// What stood at a path before.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// This.
    Here(&'a Value),
    /// Nothing in this file.
    Absent,
    /// It cannot be told: the path leads into an entry of a list that is none of those before.
    Unknown,
}

impl<'a> Before<'a> {
    fn below(self, key: &str, path: &KeyPath) -> Self {
        let in_list = path.segments().iter().any(|segment| matches!(segment, Segment::Index(_)));
        match self {
            Self::Here(value) => match value.get(key) {
                Some(value) => Self::Here(value),
                // Paths through lists say nothing about other files.
                None if in_list => Self::Unknown,
                None => Self::Absent,
            },
            other => other,
        }
    }
}

impl Restored {
    fn walk(&mut self, new: &Value, before: Before<'_>, path: &KeyPath, standing: &Standing) {
        match new {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = path.key(key);
                    self.walk(value, before.below(key, &path), &path, standing);
                }
            }
            Value::Array(items) if has_mark(new) || has_name(new) => match before {
                Before::Absent if has_mark(new) && is_from_elsewhere(new, path, standing) => self.left_out.push(path.clone()),
                Before::Here(Value::Array(old)) => {
                    let pairs = pairs(items, old, path, &standing.veil);
                    for ((place, item), old) in items.iter().enumerate().zip(pairs) {
                        self.walk(item, old.map_or(Before::Unknown, Before::Here), &path.index(place), standing);
                    }
                }
                _ => {
                    let each = items.iter().enumerate();
                    each.for_each(|(place, item)| self.walk(item, Before::Unknown, &path.index(place), standing));
                }
            },
            Value::String(text) if has_mark(new) => self.text(text, new, before, path, standing),
            Value::String(_) if has_name(new) => self.named(new, before, path, standing),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, new: &Value, before: Before<'_>, path: &KeyPath, standing: &Standing) {
        let secret = is_secret_path(path);
        match before {
            Before::Here(old) => {
                let shown = standing.veil.value(old, path);
                let plain = matches!(old, Value::String(_) | Value::Number(_));
                if shown == *new || (secret && text == REDACTED && plain) {
                    self.values.push((path.clone(), old.clone()));
                } else if let Some(restored) = old.as_str().and_then(|old| hidden_url::restore(text, old)) {
                    self.values.push((path.clone(), restored.into()));
                } else if secret || (has_mark(&shown) && shown != *old) || hidden_url::secrets(text).any(is_mark) {
                    self.wrong(
                        path,
                        "holds a placeholder for a secret, and what is around it has changed: write the secret itself",
                    );
                }
            }
            Before::Absent if is_from_elsewhere(new, path, standing) => self.left_out.push(path.clone()),
            Before::Absent if secret || hidden_url::secrets(text).any(is_mark) => {
                self.wrong(
                    path,
                    "holds a placeholder, and no secret stands there: write the secret itself, or leave the key out",
                );
            }
            // A text like any other.
            Before::Absent => {}
            Before::Unknown => {
                let text = "holds a placeholder for a secret in a list entry that cannot be told to be one of those before \
                            (same id or name, or nothing else changed): write the secret itself";
                self.wrong(path, text);
            }
        }
    }

    /// Restores a text in which a variable's value was hidden behind its name. Everywhere else the name is meant as written.
    fn named(&mut self, new: &Value, before: Before<'_>, path: &KeyPath, standing: &Standing) {
        if let Before::Here(old) = before
            && old != new
            && standing.veil.value(old, path) == *new
        {
            self.values.push((path.clone(), old.clone()));
        }
    }

    fn wrong(&mut self, path: &KeyPath, text: &str) {
        self.issues.push(Issue::at(path, text));
    }
}

/// Returns whether this is what is shown at a path of what another file or the environment says.
fn is_from_elsewhere(new: &Value, path: &KeyPath, standing: &Standing) -> bool {
    standing.shown.as_ref().is_some_and(|shown| path.find(shown).is_some_and(|shown| shown == new))
}

/// Puts the secrets into the text, and comments that were shown without theirs back to what they were.
fn put_back(raw: &str, file: &Path, restored: &Restored, standing: &Standing) -> Result<String, Vec<Issue>> {
    let spans = spans(raw, standing.format).unwrap_or_default();
    let places: BTreeMap<_, _> = spans.literals.into_iter().collect();
    let repeated = restored.values.iter().filter(|(path, _)| !places.contains_key(path));
    let issues: Vec<_> =
        repeated.map(|(path, _)| Issue::at(path, "repeats a placeholder by name: write the secret itself")).collect();
    if !issues.is_empty() {
        return Err(issues);
    }
    let comments = comments_back(raw, spans.comments, standing);
    let written = written(standing);
    let with = |as_written: bool| {
        let values = restored.values.iter().filter_map(|(path, value)| {
            let same = written.get(path).filter(|(old, _)| as_written && *old == value);
            Some((places.get(path)?.clone(), same.map_or_else(|| value.to_string(), |(_, text)| (*text).to_owned())))
        });
        splice(raw, values.chain(comments.iter().cloned()).collect())
    };
    // As they were written, where that says the same in this text, or else in JSON, which both formats read anywhere.
    let text = with(true).filter(|text| says(text, file, restored)).or_else(|| with(false));
    text.ok_or_else(|| vec![Issue::new("", "the text cannot be read")])
}

/// Returns whether the text has the values at their places: what YAML takes without quotes on a line of its own, it may not within braces.
fn says(text: &str, file: &Path, restored: &Restored) -> bool {
    let tree = document::parse(text, file).map(|parsed| parsed.tree);
    tree.is_ok_and(|tree| restored.values.iter().all(|(path, value)| path.find(&tree) == Some(value)))
}

/// Returns the comments that were shown without their secrets, each with what it was.
fn comments_back(raw: &str, ranges: Vec<Range<usize>>, standing: &Standing) -> Vec<(Range<usize>, String)> {
    let old = standing.text.as_deref().unwrap_or_default();
    let mut hidden: Vec<_> = comments(old, standing)
        .filter_map(|comment| {
            let shown = standing.veil.text(comment);
            (shown != comment).then_some((shown, comment))
        })
        .collect();
    let back = ranges.into_iter().filter_map(|range| {
        let comment = raw.get(range.clone())?;
        let place = hidden.iter().position(|(shown, _)| shown == comment)?;
        Some((range, hidden.remove(place).1.to_owned()))
    });
    back.collect()
}

/// Returns the values of the file with the way in which each is written, those on one line.
fn written(standing: &Standing) -> BTreeMap<KeyPath, (&Value, &str)> {
    let (Some(text), Some(tree)) = (&standing.text, &standing.tree) else { return BTreeMap::new() };
    let literals = spans(text, standing.format).unwrap_or_default().literals.into_iter();
    let found = literals.filter_map(|(path, range)| {
        let value = path.find(tree)?;
        let text = text.get(range).filter(|text| !text.contains('\n'))?;
        Some((path, (value, text)))
    });
    found.collect()
}

fn comments<'a>(text: &'a str, standing: &Standing) -> impl Iterator<Item = &'a str> {
    let found = spans(text, standing.format).unwrap_or_default().comments;
    found.into_iter().filter_map(|range| text.get(range))
}

fn is_mark(text: &str) -> bool {
    MARKS.contains(&text)
}

fn has_mark(value: &Value) -> bool {
    has(value, |text| MARKS.iter().any(|mark| text.contains(mark)))
}

/// Returns whether a variable's name stands in it: written there, or shown in the place of its value.
fn has_name(value: &Value) -> bool {
    has(value, |text| text.contains("${"))
}

fn has(value: &Value, meant: fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => meant(text),
        Value::Array(items) => items.iter().any(|item| has(item, meant)),
        Value::Object(map) => map.values().any(|below| has(below, meant)),
        _ => false,
    }
}
