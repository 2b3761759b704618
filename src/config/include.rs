//! `$include`: other files' trees in the place of an object.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{ConfigError, KeyPath, Problem, Stamp, document};

/// How deep files may include files.
const DEPTH_MAX: usize = 10;
/// How many files one configuration may be made of.
const FILES_MAX: usize = 256;
/// The key that includes.
const KEY: &str = "$include";

/// Where a key was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, from 1.
    pub(super) line: u32,
}

/// A whole tree with the origin of its keys.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The tree, without `$include` keys.
    pub(super) tree: Value,
    /// Origins by path.
    pub(super) origins: BTreeMap<KeyPath, Origin>,
    /// Every file it was made of, the first one first.
    pub(super) files: Vec<PathBuf>,
}

impl Whole {
    /// Gives a problem its file and line: of the key itself, or the nearest one above.
    pub(super) fn locate(&self, mut problem: Problem) -> Problem {
        if problem.file.is_some() {
            return problem;
        }
        let mut path = Some(problem.path.clone());
        while let Some(here) = path {
            if let Some(origin) = self.origins.get(&here) {
                problem.file = Some(origin.file.clone());
                problem.line = Some(origin.line);
                return problem;
            }
            path = here.parent();
        }
        problem.file = self.files.first().cloned();
        problem
    }
}

/// Reads a file and everything that it includes; `text` is the first file's content, where that is known already. Notes what
/// each file looked like before it was read.
pub(super) fn read(file: &Path, text: Option<&str>, seen: &mut Vec<Stamp>) -> Result<Whole, ConfigError> {
    let mut reader = Reader { whole: Whole::default(), open: Vec::new(), seen };
    let tree = reader.file(file, text, &KeyPath::default())?;
    Ok(Whole { tree, ..reader.whole })
}

/// Merges `over` into `under`: objects key by key, everything else replaced.
pub(super) fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                match under.get_mut(&key) {
                    Some(below) => merge(below, value),
                    None => drop(under.insert(key, value)),
                }
            }
        }
        (under, over) => *under = over,
    }
}

/// Adds what only the other tree has.
pub(super) fn complete(tree: &mut Value, other: &Value) {
    match (tree, other) {
        (Value::Object(tree), Value::Object(other)) => {
            for (key, value) in other {
                match tree.get_mut(key) {
                    Some(below) => complete(below, value),
                    None => drop(tree.insert(key.clone(), value.clone())),
                }
            }
        }
        (Value::Array(tree), Value::Array(other)) => {
            tree.iter_mut().zip(other).for_each(|(item, other)| complete(item, other));
        }
        _ => {}
    }
}

struct Reader<'a> {
    whole: Whole,
    /// The files being read, outermost first.
    open: Vec<PathBuf>,
    /// What the files looked like before they were read.
    seen: &'a mut Vec<Stamp>,
}

impl Reader<'_> {
    fn file(&mut self, file: &Path, text: Option<&str>, at: &KeyPath) -> Result<Value, ConfigError> {
        self.seen.push(Stamp::of(file.to_owned()));
        let owned;
        let text = match text {
            Some(text) => text,
            None => {
                owned = document::read_text(file)?;
                &owned
            }
        };
        let document = document::parse(text, file)?;
        self.whole.files.push(file.to_owned());
        self.open.push(file.canonicalize().unwrap_or_else(|_| file.to_owned()));
        let tree = self.resolve(document.tree, file, &KeyPath::default(), at)?;
        self.open.pop();
        // After the files that it includes: its own keys win, and so do their lines.
        for (path, line) in document.lines {
            self.whole.origins.insert(at.join(&path), Origin { file: file.to_owned(), line });
        }
        Ok(tree)
    }

    /// Resolves the includes of a value; `inside` is its path in its own file, `at` where that file's root stands.
    fn resolve(&mut self, value: Value, file: &Path, inside: &KeyPath, at: &KeyPath) -> Result<Value, ConfigError> {
        match value {
            Value::Object(map) => self.object(map, file, inside, at),
            Value::Array(items) => {
                let resolved = items.into_iter().enumerate();
                resolved.map(|(place, item)| self.resolve(item, file, &inside.index(place), at)).collect()
            }
            plain => Ok(plain),
        }
    }

    fn object(
        &mut self,
        mut map: Map<String, Value>,
        file: &Path,
        inside: &KeyPath,
        at: &KeyPath,
    ) -> Result<Value, ConfigError> {
        let included = match map.shift_remove(KEY) {
            Some(names) => Some(self.included(names, file, inside, at)?),
            None => None,
        };
        let mut own = Map::new();
        for (key, value) in map {
            let value = self.resolve(value, file, &inside.key(&key), at)?;
            own.insert(key, value);
        }
        let Some(mut tree) = included else { return Ok(Value::Object(own)) };
        merge(&mut tree, Value::Object(own));
        Ok(tree)
    }

    fn included(&mut self, names: Value, file: &Path, inside: &KeyPath, at: &KeyPath) -> Result<Value, ConfigError> {
        let here = at.join(inside);
        let refuse = |text: String| {
            ConfigError::Invalid(vec![Problem { path: here.key(KEY), text, file: Some(file.to_owned()), line: None }])
        };
        let names = match names {
            Value::String(name) => vec![name],
            Value::Array(items) => items
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| refuse("each entry has to be a file's name".to_owned()))?,
            _ => return Err(refuse("has to be a file's name or a list of them".to_owned())),
        };
        let mut tree = Value::Object(Map::new());
        for name in names {
            let next = file.parent().unwrap_or(Path::new(".")).join(&name);
            self.admit(&next).map_err(refuse)?;
            let part = self.file(&next, None, &here).map_err(|error| match error {
                ConfigError::Missing { file } => {
                    refuse(format!("{} does not exist: mend the name or make the file", file.display()))
                }
                other => other,
            })?;
            merge(&mut tree, part);
        }
        Ok(tree)
    }

    /// Refuses a file that would go round in a circle, too deep, or on without end.
    fn admit(&self, next: &Path) -> Result<(), String> {
        let real = next.canonicalize().unwrap_or_else(|_| next.to_owned());
        if let Some(first) = self.open.iter().position(|open| *open == real) {
            let circle = self.open.iter().skip(first).chain([&real]).map(|file| file.display().to_string()).collect::<Vec<_>>();
            return Err(format!("files include each other in a circle: {}", circle.join(" → ")));
        }
        if self.open.len() > DEPTH_MAX {
            return Err(format!("files are included more than {DEPTH_MAX} deep: include from fewer levels"));
        }
        if self.whole.files.len() >= FILES_MAX {
            return Err(format!("more than {FILES_MAX} files are included: join some of them"));
        }
        Ok(())
    }
}
