//! Where a value stands in the tree, as people write it: `agents.list[0].id`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// How deep a path may go; the tree itself is bounded by the parser.
const SEGMENTS_MAX: usize = 64;

/// One step into the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Into an object, by key.
    Key(String),
    /// Into an array, from 0.
    Index(usize),
}

/// A place in the tree; the empty path is the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<Segment>);

/// A path that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key path: write it like `gateway.port` or `agents.list[0].id`, keys with dots as [\"a.b\"]")]
pub struct KeyPathError {
    text: String,
}

impl KeyPath {
    /// Returns the path one key further.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// Returns the path one array element further.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// Returns this path followed by another.
    #[must_use]
    pub fn join(&self, tail: &Self) -> Self {
        Self(self.0.iter().chain(&tail.0).cloned().collect())
    }

    /// Returns the path one step shorter; `None` for the whole tree.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// Returns the steps.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the last key, passing over indices: what a value is called.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
    }

    /// Returns whether this path is `other` or stands above it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Returns the value at this path.
    #[must_use]
    pub fn find<'a>(&self, tree: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(tree, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if !is_plain(key) => write!(f, "[{}]", Value::from(key.as_str()))?,
                Segment::Key(key) if place == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<Self, KeyPathError> {
        let wrong = || KeyPathError { text: text.to_owned() };
        let mut segments = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if segments.len() >= SEGMENTS_MAX {
                return Err(wrong());
            }
            let (segment, tail) =
                if rest.starts_with('[') { bracket(rest) } else { plain(rest, segments.is_empty()) }.ok_or_else(wrong)?;
            segments.push(segment);
            rest = tail;
        }
        Ok(Self(segments))
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '@' | '/' | '$' | ':' | '*'))
}

fn plain(text: &str, first: bool) -> Option<(Segment, &str)> {
    let text = if first { text } else { text.strip_prefix('.')? };
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, tail) = text.split_at_checked(end)?;
    (!key.is_empty()).then(|| (Segment::Key(key.to_owned()), tail))
}

fn bracket(text: &str) -> Option<(Segment, &str)> {
    let inside = text.strip_prefix('[')?;
    let mut quoted = serde_json::Deserializer::from_str(inside).into_iter::<Value>();
    if inside.starts_with('"') {
        let key = quoted.next()?.ok()?.as_str()?.to_owned();
        let tail = inside.get(quoted.byte_offset()..)?.strip_prefix(']')?;
        return Some((Segment::Key(key), tail));
    }
    let (index, tail) = inside.split_once(']')?;
    Some((Segment::Index(index.trim().parse().ok()?), tail))
}
