//! Settings laid over the file for the life of the process, in memory only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::{KeyPath, Segment};

/// Settings laid over the file: they count before it, and are checked with it. Clones share them.
#[derive(Clone, Default)]
pub struct Overlay(Arc<Mutex<Map<String, Value>>>);

impl Overlay {
    /// Makes one of its own of a tree.
    pub(super) fn of(tree: Map<String, Value>) -> Self {
        Self(Arc::new(Mutex::new(tree)))
    }

    /// Returns what is laid over the file. It may hold secrets.
    pub(super) fn tree(&self) -> Map<String, Value> {
        self.lock().clone()
    }

    /// Replaces what is laid over the file.
    pub(super) fn replace(&self, tree: Map<String, Value>) {
        *self.lock() = tree;
    }

    /// Returns whether nothing is laid over the file.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Takes everything away.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Map<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many keys there are only: they may be secrets.
impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Overlay({})", self.lock().len())
    }
}

/// Returns the tree that has one value at a path; `None` for a path through a list, and for the empty one.
pub(super) fn tree_of(path: &KeyPath, value: Value) -> Option<Value> {
    let (first, rest) = path.segments().split_first()?;
    let nested = rest.iter().rev().try_fold(value, |value, segment| key_of(segment).map(|key| one(key, value)))?;
    key_of(first).map(|key| one(key, nested))
}

/// Takes the value at a path out of a tree, with the objects above it that are empty then; answers whether there was one.
pub(super) fn take(tree: &mut Map<String, Value>, path: &[Segment]) -> bool {
    let Some((Segment::Key(key), rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        return tree.shift_remove(key).is_some();
    }
    let Some(Value::Object(below)) = tree.get_mut(key) else { return false };
    let taken = take(below, rest);
    if below.is_empty() {
        tree.shift_remove(key);
    }
    taken
}

fn key_of(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    }
}

fn one(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}
