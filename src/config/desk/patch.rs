//! A merge patch (RFC 7396) into the text of the file.

use std::path::Path;

use serde_json::{Map, Value};

use super::error::DeskError;
use super::restore::{Draft, restored};
use super::standing::Standing;
use super::view::Issue;
use crate::config::document::{self, Format};
use crate::config::edit::{Change, EditError, edit, put, take};
use crate::config::spans::spans;
use crate::config::{ConfigError, KeyPath};

/// How many keys one patch may change; each is written and proven by itself.
const CHANGES_MAX: usize = 500;

/// Makes a draft of the file with a patch in it. Comments stay; a YAML file is written anew, when it has none.
pub(super) fn patched(raw: &str, file: &Path, standing: &Standing) -> Result<Draft, DeskError> {
    let mut patch = read(raw)?;
    let old = match (&standing.tree, standing.exists) {
        (Some(tree), _) => tree.clone(),
        (None, false) => Value::Object(Map::new()),
        (None, true) => return Err(DeskError::Broken(standing.issues())),
    };
    let restored = restored(&patch, standing)?;
    for (path, value) in &restored.values {
        let _ = put(&mut patch, path, value);
    }
    for path in &restored.left_out {
        let _ = take(&mut patch, path);
    }
    let target = merged(old.clone(), patch);
    let mut changes = Vec::new();
    collect(&old, &target, &KeyPath::default(), &mut changes);
    if changes.len() > CHANGES_MAX {
        let text = format!("changes more than {CHANGES_MAX} keys at once: send it in parts, or the whole file with config.set");
        return Err(DeskError::Invalid(vec![Issue::new("", text)]));
    }
    let text = standing.text.clone().unwrap_or_default();
    let text = match standing.format {
        _ if changes.is_empty() => text,
        Format::Yaml => rewritten(&text, &target, file, standing, &changes)?,
        Format::Json5 => {
            let edited = changes.iter().try_fold(text, |text, (path, change)| edit(&text, file, path, change));
            edited.map_err(|error| veiled(error, file, standing, &changes))?
        }
    };
    Ok(Draft { text, left_out: restored.left_out })
}

fn read(raw: &str) -> Result<Value, DeskError> {
    // Patches are JSON5, whatever the file is.
    let name = Path::new("patch.json5");
    match document::parse_value(raw, name) {
        Ok(document) if document.tree.is_object() && !raw.trim().is_empty() => Ok(document.tree),
        Ok(_) => Err(DeskError::NotAnObject),
        Err(ConfigError::Invalid(problems)) => {
            Err(DeskError::Invalid(problems.iter().map(|problem| Issue::of(problem, name)).collect()))
        }
        Err(error) => Err(DeskError::of_text(&error, name)),
    }
}

/// Lays a patch over a value: `null` takes away, objects are laid over objects, everything else replaces.
fn merged(old: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut merged_in = if let Value::Object(map) = old { map } else { Map::new() };
    for (key, value) in patch {
        if value.is_null() {
            merged_in.shift_remove(&key);
        } else {
            let old = merged_in.get_mut(&key).map_or(Value::Null, Value::take);
            merged_in.insert(key, merged(old, value));
        }
    }
    Value::Object(merged_in)
}

/// Collects the fewest changes that make one tree of the other, in the order in which they can be made.
fn collect(old: &Value, new: &Value, path: &KeyPath, changes: &mut Vec<(KeyPath, Change)>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            changes.extend(gone.map(|key| (path.key(key), Change::Unset)));
            for (key, value) in new {
                match old.get(key) {
                    Some(old) => collect(old, value, &path.key(key), changes),
                    None => changes.push((path.key(key), Change::Set(value.clone()))),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            old.iter().zip(new).enumerate().for_each(|(place, (old, new))| collect(old, new, &path.index(place), changes));
            changes.extend((new.len()..old.len()).rev().map(|place| (path.index(place), Change::Unset)));
            let more = new.iter().enumerate().skip(old.len());
            changes.extend(more.map(|(place, value)| (path.index(place), Change::Set(value.clone()))));
        }
        (old, new) if old != new => changes.push((path.clone(), Change::Set(new.clone()))),
        _ => {}
    }
}

/// Writes a YAML file anew, when nothing is lost by it.
fn rewritten(
    text: &str,
    target: &Value,
    file: &Path,
    standing: &Standing,
    changes: &[(KeyPath, Change)],
) -> Result<String, DeskError> {
    let plain = spans(text, Format::Yaml).is_some_and(|spans| spans.comments.is_empty() && !spans.aliases);
    let written = serde_saphyr::to_string(target).ok().filter(|_| plain);
    let same = |text: &String| document::parse(text, file).is_ok_and(|document| document.tree == *target);
    written.filter(same).ok_or_else(|| by_hand(file, standing, changes))
}

/// Tells why an edit was not made. Its own lines to put in by hand would have restored secrets in them.
pub(super) fn veiled(error: EditError, file: &Path, standing: &Standing, changes: &[(KeyPath, Change)]) -> DeskError {
    match error {
        EditError::ByHand { .. } => by_hand(file, standing, changes),
        other => other.into(),
    }
}

/// Tells what to change by hand, without secrets.
fn by_hand(file: &Path, standing: &Standing, changes: &[(KeyPath, Change)]) -> DeskError {
    let line = |(path, change): &(KeyPath, Change)| match change {
        Change::Set(value) => format!("{path}: {}", standing.veil.value(value, path)),
        Change::Unset => format!("{path}: taken out"),
    };
    let lines = changes.iter().map(line).collect::<Vec<_>>().join("\n");
    DeskError::ByHand(format!(
        "{} cannot be patched without losing comments or layout; change it by hand, or send the whole text with config.set:\n{lines}",
        file.display()
    ))
}
