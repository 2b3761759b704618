//! One file, read: its tree and the line of every key in it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::{ConfigError, KeyPath, Problem};

/// How large one file may be.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// Lines by path, from 1.
pub(super) type Lines = BTreeMap<KeyPath, u32>;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON5, of which JSON and JSON with comments are parts.
    Json5,
    /// YAML.
    Yaml,
}

impl Format {
    /// Tells the format from the file's name; what is not YAML is JSON5.
    pub(super) fn of(file: &Path) -> Self {
        let yaml = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"));
        if yaml { Self::Yaml } else { Self::Json5 }
    }
}

/// A file's content.
#[derive(Debug)]
pub(super) struct Document {
    /// The tree; an empty file is an empty object.
    pub(super) tree: Value,
    /// The lines of its keys.
    pub(super) lines: Lines,
}

/// Reads a file's text, at most [`FILE_BYTES_MAX`].
pub(super) fn read_text(file: &Path) -> Result<String, ConfigError> {
    text_of(read_bytes(file)?, file)
}

/// Reads a file, at most [`FILE_BYTES_MAX`].
pub(super) fn read_bytes(file: &Path) -> Result<Vec<u8>, ConfigError> {
    let trouble = |reason: String| ConfigError::File { what: "read", file: file.to_owned(), reason };
    let opened = std::fs::File::open(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigError::Missing { file: file.to_owned() },
        _ => trouble(error.to_string()),
    })?;
    let mut bytes = Vec::new();
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| trouble(error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { file: file.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    Ok(bytes)
}

/// Reads a file's content as the text that it has to be.
pub(super) fn text_of(bytes: Vec<u8>, file: &Path) -> Result<String, ConfigError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        ConfigError::Syntax { file: file.to_owned(), line: clip(line), reason: "not UTF-8: save the file as UTF-8".to_owned() }
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Parses a text that may hold any value.
pub(super) fn parse_value(text: &str, file: &Path) -> Result<Document, ConfigError> {
    match Format::of(file) {
        Format::Json5 => parse_json5(text, file),
        Format::Yaml => parse_yaml(text, file),
    }
}

/// Parses a file's text.
pub(super) fn parse(text: &str, file: &Path) -> Result<Document, ConfigError> {
    let document = parse_value(text, file)?;
    if document.tree.is_object() {
        return Ok(document);
    }
    Err(ConfigError::Syntax { file: file.to_owned(), line: 1, reason: "the file has to hold an object: `{ … }`".to_owned() })
}

fn parse_json5(text: &str, file: &Path) -> Result<Document, ConfigError> {
    let syntax = |line: usize, reason: String| ConfigError::Syntax { file: file.to_owned(), line: clip(line), reason };
    // This parser first: it bounds the nesting, and knows where each key stands.
    let parsed =
        jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &jsonc_parser::ParseOptions::default())
            .map_err(|error| syntax(error.line_display(), error.kind().to_string()))?;
    let Some(root) = parsed.value else {
        return Ok(Document { tree: Value::Object(serde_json::Map::new()), lines: Lines::new() });
    };
    let tree = json5::from_str(text).map_err(|error| {
        let line = error.position().map_or(1, |position| position.line + 1);
        syntax(line, error.code().map_or_else(|| "cannot be read".to_owned(), |code| code.to_string()))
    })?;
    let mut index = Index { text, starts: line_starts(text), file, lines: Lines::new(), problems: Vec::new() };
    index.value(&root, &KeyPath::default());
    if index.problems.is_empty() {
        Ok(Document { tree, lines: index.lines })
    } else {
        Err(ConfigError::Invalid(index.problems))
    }
}

/// Collects the line of every key of a JSON5 file, and what the parser of the tree would pass over.
struct Index<'a> {
    text: &'a str,
    starts: Vec<usize>,
    file: &'a Path,
    lines: Lines,
    problems: Vec<Problem>,
}

impl Index<'_> {
    fn value(&mut self, value: &ast::Value<'_>, path: &KeyPath) {
        match value {
            ast::Value::Object(object) => self.object(object, path),
            ast::Value::Array(array) => {
                for (place, element) in array.elements.iter().enumerate() {
                    let path = path.index(place);
                    self.lines.insert(path.clone(), self.line(element.start()));
                    self.value(element, &path);
                }
            }
            // The tree would silently hold nothing in its place.
            ast::Value::NumberLit(number) if !is_finite(number.value) => {
                let line = self.line(number.start());
                self.wrong(path, "is not a number that can be used: write a finite one".to_owned(), line);
            }
            _ => {}
        }
    }

    fn wrong(&mut self, path: &KeyPath, text: String, line: u32) {
        self.problems.push(Problem { path: path.clone(), text, file: Some(self.file.to_owned()), line: Some(line) });
    }

    fn object(&mut self, object: &ast::Object<'_>, path: &KeyPath) {
        for property in &object.properties {
            let path = path.key(property.name.as_str());
            let line = self.line(property.start());
            if let Some(first) = self.lines.insert(path.clone(), line) {
                let text = format!("stands here and on line {first}: keep one of the two");
                self.wrong(&path, text, line);
            }
            self.value(&property.value, &path);
        }
    }

    fn line(&self, offset: usize) -> u32 {
        debug_assert!(offset <= self.text.len());
        clip(self.starts.partition_point(|&start| start <= offset))
    }
}

fn is_finite(number: &str) -> bool {
    let digits = number.trim_start_matches(['+', '-']);
    let hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
    hexadecimal || digits.parse::<f64>().is_ok_and(f64::is_finite)
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn parse_yaml(text: &str, file: &Path) -> Result<Document, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Document { tree: Value::Object(serde_json::Map::new()), lines: Lines::new() });
    }
    let tree = serde_saphyr::from_str::<Value>(text).map_err(|error| {
        let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
        // Its own rendering prints the lines around, which may hold secrets; the first line is the sentence.
        let reason = error.without_snippet().to_string().lines().next().unwrap_or("cannot be read").to_owned();
        ConfigError::Syntax { file: file.to_owned(), line: clip(line), reason }
    })?;
    Ok(Document { tree, lines: yaml_lines(text) })
}

/// Finds the lines of block mappings' keys by their indentation. Keys of flow mappings and sequences are not found; their
/// problems are reported at the line of the key above.
fn yaml_lines(text: &str) -> Lines {
    let mut lines = Lines::new();
    let mut above: Vec<(usize, KeyPath)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let Some((key, _)) = body.split_once(':') else { continue };
        if body.starts_with(['#', '-', '{', '[']) || key.contains(char::is_whitespace) {
            continue;
        }
        above.retain(|(depth, _)| *depth < indent);
        let path = above.last().map_or_else(KeyPath::default, |(_, path)| path.clone()).key(key.trim_matches(['"', '\'']));
        lines.entry(path.clone()).or_insert_with(|| clip(number + 1));
        above.push((indent, path));
    }
    lines
}

fn clip(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
