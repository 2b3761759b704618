//! Writes single keys back into the config file, with its comments and its layout kept.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstContainerNode, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::{Map, Value};

use super::document::{self, Format};
use super::{ConfigError, KeyPath, Segment};

/// Only the owner reads a file that may hold secrets.
const FILE_MODE: u32 = 0o600;

/// A change of one key.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// To this value, made where it was not there.
    Set(Value),
    /// Taken out.
    Unset,
}

/// Why a key was not changed; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The path leads through something that has no keys.
    #[error("`{path}` cannot be set: what stands above it is not an object or has no such element")]
    NoPlace {
        /// The path.
        path: KeyPath,
    },
    /// There is nothing at the path in this file.
    #[error("`{path}` is not set in {file}; a default, a variable or an included file may say it")]
    NotSet {
        /// The path.
        path: KeyPath,
        /// The file.
        file: String,
    },
    /// The file's format cannot be edited without loss.
    #[error("{file} cannot be changed without losing comments or layout; {lines}")]
    ByHand {
        /// The file.
        file: String,
        /// What to change by hand.
        lines: String,
    },
}

/// Returns the text with one key changed and everything else as it was.
///
/// # Errors
/// When the change has no place, or could not be made faithfully: then the error has the lines to change by hand.
pub fn edit(text: &str, file: &Path, path: &KeyPath, change: &Change) -> Result<String, EditError> {
    if Format::of(file) == Format::Yaml {
        return Err(by_hand(file, path, change));
    }
    let old = if text.trim().is_empty() { "{}\n" } else { text };
    let root = CstRootNode::parse(old, &ParseOptions::default()).map_err(|_| by_hand(file, path, change))?;
    let made = match change {
        Change::Set(value) => set(&root, path, value),
        Change::Unset => unset(&root, path),
    };
    if made.is_none() {
        return Err(match change {
            Change::Set(_) => EditError::NoPlace { path: path.clone() },
            Change::Unset => EditError::NotSet { path: path.clone(), file: file.display().to_string() },
        });
    }
    let new = root.to_string();
    if is_faithful(old, &new, path, change) { Ok(new) } else { Err(by_hand(file, path, change)) }
}

/// Replaces a file: written beside it, flushed to the disk, renamed over it, readable by its owner only. The old one stays as
/// `<name>.bak`.
///
/// # Errors
/// Names the file and what the system said; the old file is whole then.
pub fn write(file: &Path, text: &str) -> Result<(), ConfigError> {
    let trouble = |error: std::io::Error| ConfigError::File { what: "write", file: file.to_owned(), reason: error.to_string() };
    // Through a link to the file that is meant.
    let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = |end: &str| {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(end);
        folder.join(name)
    };
    if file.exists() {
        // Never a moment in which others could read it, also where they could read the one before.
        let copy = beside(&format!(".bak.{}.tmp", std::process::id()));
        let old = std::fs::read(file).map_err(trouble)?;
        write_new(&copy, &old).and_then(|()| std::fs::rename(&copy, beside(".bak"))).map_err(trouble)?;
    }
    let temporary = beside(&format!(".{}.tmp", std::process::id()));
    let written = write_new(&temporary, text.as_bytes()).and_then(|()| std::fs::rename(&temporary, file));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(trouble(error));
    }
    // The rename is on the disk when its folder is.
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(trouble)
}

fn write_new(file: &Path, content: &[u8]) -> std::io::Result<()> {
    // One that was left by a crash may have other rights.
    let _ = std::fs::remove_file(file);
    let mut opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(file)?;
    opened.write_all(content)?;
    opened.sync_all()
}

fn set(root: &CstRootNode, path: &KeyPath, value: &Value) -> Option<()> {
    let (last, above) = path.segments().split_last()?;
    let mut here: CstNode = root.object_value_or_create()?.into();
    for (place, segment) in above.iter().enumerate() {
        here = match (segment, above.get(place + 1).unwrap_or(last)) {
            (Segment::Key(key), Segment::Key(_)) => here.as_object()?.object_value_or_create(key)?.into(),
            (Segment::Key(key), Segment::Index(_)) => here.as_object()?.array_value_or_create(key)?.into(),
            (Segment::Index(index), _) => here.as_array()?.elements().into_iter().nth(*index)?,
        };
    }
    match last {
        Segment::Key(key) => set_key(&here.as_object()?, key, input(value)),
        Segment::Index(index) => {
            let array = here.as_array()?;
            match array.elements().into_iter().nth(*index) {
                Some(element) => drop(replace(element, input(value))?),
                // The next free place is an element more.
                None if *index == array.elements().len() => drop(array.append(input(value))),
                None => return None,
            }
        }
    }
    Some(())
}

fn set_key(object: &CstObject, key: &str, value: CstInputValue) {
    match object.get(key) {
        Some(property) => property.set_value(value),
        None => drop(object.append(key, value)),
    }
}

fn replace(node: CstNode, value: CstInputValue) -> Option<CstNode> {
    let array = node.parent()?.as_array()?;
    let place = node.element_index()?;
    let new = array.insert(place, value);
    node.remove();
    Some(new)
}

fn unset(root: &CstRootNode, path: &KeyPath) -> Option<()> {
    let (last, above) = path.segments().split_last()?;
    let mut here: CstNode = root.object_value()?.into();
    for segment in above {
        here = match segment {
            Segment::Key(key) => here.as_object()?.get(key)?.value()?,
            Segment::Index(index) => here.as_array()?.elements().into_iter().nth(*index)?,
        };
    }
    match (last, here) {
        (Segment::Key(key), CstNode::Container(CstContainerNode::Object(object))) => object.get(key)?.remove(),
        (Segment::Index(index), CstNode::Container(CstContainerNode::Array(array))) => {
            array.elements().into_iter().nth(*index)?.remove()
        }
        _ => return None,
    }
    Some(())
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(map.iter().map(|(key, item)| (key.clone(), input(item))).collect()),
    }
}

/// Returns whether the new text means the old one with the change and nothing else, and has all its comments.
fn is_faithful(old: &str, new: &str, path: &KeyPath, change: &Change) -> bool {
    let (Ok(mut wanted), Ok(found)) = (json5::from_str::<Value>(old), json5::from_str::<Value>(new)) else { return false };
    let changed = match change {
        Change::Set(value) => put(&mut wanted, path, value),
        Change::Unset => take(&mut wanted, path),
    };
    changed.is_some() && wanted == found
}

/// Puts a value into a tree, making what is above it; `None` when it has no place there.
pub(super) fn put(tree: &mut Value, path: &KeyPath, value: &Value) -> Option<()> {
    let mut here = tree;
    for segment in path.segments() {
        here = match segment {
            Segment::Key(key) => {
                if here.is_null() {
                    *here = Value::Object(Map::new());
                }
                here.as_object_mut()?.entry(key).or_insert(Value::Null)
            }
            Segment::Index(index) => {
                if here.is_null() {
                    *here = Value::Array(Vec::new());
                }
                let items = here.as_array_mut()?;
                if *index == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(*index)?
            }
        };
    }
    *here = value.clone();
    Some(())
}

/// Takes a value out of a tree; `None` when it is not there.
pub(super) fn take(tree: &mut Value, path: &KeyPath) -> Option<()> {
    let (last, above) = path.segments().split_last()?;
    let parent = above.iter().try_fold(tree, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    })?;
    match last {
        Segment::Key(key) => drop(parent.as_object_mut()?.shift_remove(key)?),
        Segment::Index(index) => drop(parent.as_array_mut().filter(|items| *index < items.len())?.remove(*index)),
    }
    Some(())
}

fn by_hand(file: &Path, path: &KeyPath, change: &Change) -> EditError {
    let lines = match change {
        Change::Unset => format!("take `{path}` out by hand"),
        Change::Set(value) => format!("put these lines into it by hand:\n{}", snippet(path, value, Format::of(file))),
    };
    EditError::ByHand { file: file.display().to_string(), lines }
}

/// Shows a value in its place.
fn snippet(path: &KeyPath, value: &Value, format: Format) -> String {
    let mut tree = Value::Null;
    if put(&mut tree, path, value).is_none() {
        return format!("{path}: {value}");
    }
    match format {
        Format::Yaml => serde_saphyr::to_string(&tree).unwrap_or_else(|_| tree.to_string()).trim_end().to_owned(),
        Format::Json5 => serde_json::to_string_pretty(&tree).unwrap_or_else(|_| tree.to_string()),
    }
}

/// Reads the file that is about to be edited; one that is not there is empty.
///
/// # Errors
/// When it is there and cannot be read.
pub fn current_text(file: &Path) -> Result<String, ConfigError> {
    match document::read_text(file) {
        Err(ConfigError::Missing { .. }) => Ok(String::new()),
        read => read,
    }
}
