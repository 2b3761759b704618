//! Where the plain values and the comments of a config file's text stand, in bytes.

use std::collections::BTreeSet;
use std::ops::Range;

use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, ast};
use serde_saphyr::granit_parser::{Event, Parser};

use super::KeyPath;
use super::document::Format;

/// Where things stand in a text.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Every text, number, switch and `null`, in the order of the text.
    pub(super) literals: Vec<(KeyPath, Range<usize>)>,
    /// Every comment, its marks included.
    pub(super) comments: Vec<Range<usize>>,
    /// Whether the text repeats parts of itself by name (YAML), so that a value may stand elsewhere than its key.
    pub(super) aliases: bool,
}

/// Finds them; `None` for a text that cannot be read.
pub(super) fn spans(text: &str, format: Format) -> Option<Spans> {
    match format {
        Format::Json5 => json5(text),
        Format::Yaml => yaml(text),
    }
}

/// Returns the text with the ranges replaced. They must not overlap, and be inside the text.
pub(super) fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Option<String> {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(text.get(at..range.start)?);
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn json5(text: &str) -> Option<Spans> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
    let parsed = jsonc_parser::parse_to_ast(text, &collect, &ParseOptions::default()).ok()?;
    let mut spans = Spans::default();
    if let Some(root) = &parsed.value {
        json5_value(root, &KeyPath::default(), &mut spans.literals);
    }
    // The parser lists a comment at the token before it and at the one behind it.
    let comments = parsed.comments.into_iter().flat_map(|comments| comments.values().cloned().collect::<Vec<_>>());
    let places: BTreeSet<_> =
        comments.flat_map(|list| list.iter().map(|one| (one.start(), one.end())).collect::<Vec<_>>()).collect();
    spans.comments = places.into_iter().map(|(start, end)| start..end).collect();
    Some(spans)
}

fn json5_value(value: &ast::Value<'_>, path: &KeyPath, literals: &mut Vec<(KeyPath, Range<usize>)>) {
    match value {
        ast::Value::Object(object) => {
            object
                .properties
                .iter()
                .for_each(|property| json5_value(&property.value, &path.key(property.name.as_str()), literals));
        }
        ast::Value::Array(array) => {
            array.elements.iter().enumerate().for_each(|(place, item)| json5_value(item, &path.index(place), literals));
        }
        plain => literals.push((path.clone(), plain.start()..plain.end())),
    }
}

/// A collection that is being read.
enum Open {
    Mapping { at: KeyPath, key: Option<String> },
    Sequence { at: KeyPath, next: usize },
}

fn yaml(text: &str) -> Option<Spans> {
    let mut spans = Spans::default();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::Comment(..) => spans.comments.push(span.byte_range()?),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                spans.aliases = true;
                let _ = place(&mut open, None);
            }
            Event::Scalar(value, ..) => {
                if let Some(path) = place(&mut open, Some(&value)) {
                    spans.literals.push((path, span.byte_range()?));
                }
            }
            Event::MappingStart(..) => {
                let at = place(&mut open, None)?;
                open.push(Open::Mapping { at, key: None });
            }
            Event::SequenceStart(..) => {
                let at = place(&mut open, None)?;
                open.push(Open::Sequence { at, next: 0 });
            }
            Event::MappingEnd | Event::SequenceEnd => drop(open.pop()),
            _ => {}
        }
    }
    Some(spans)
}

/// Returns the path of the next value; `None` when it is a key.
fn place(open: &mut [Open], scalar: Option<&str>) -> Option<KeyPath> {
    match open.last_mut() {
        None => Some(KeyPath::default()),
        Some(Open::Sequence { at, next }) => {
            let path = at.index(*next);
            *next += 1;
            Some(path)
        }
        Some(Open::Mapping { at, key }) => match key.take() {
            Some(key) => Some(at.key(&key)),
            None => {
                *key = Some(scalar.unwrap_or_default().to_owned());
                None
            }
        },
    }
}
