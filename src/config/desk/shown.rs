//! The file's text with its secrets replaced in it, comments and layout kept.

use serde_json::Value;

use super::standing::Standing;
use crate::config::KeyPath;
use crate::config::document;
use crate::config::spans::{spans, splice};

/// Returns the text with every value as `parsed`, its tree without secrets, has it. `None` when that cannot be done in place:
/// then nothing of the text may be shown.
pub(super) fn text(text: &str, parsed: &Value, standing: &Standing) -> Option<String> {
    let spans = spans(text, standing.format).filter(|spans| !spans.aliases)?;
    let tree = standing.tree.as_ref()?;
    let hidden = |path: &KeyPath| path.find(parsed).filter(|shown| path.find(tree) != Some(shown));
    let values = spans.literals.iter().filter_map(|(path, range)| Some((range.clone(), hidden(path)?.to_string())));
    let comments = spans.comments.iter().filter_map(|range| {
        let comment = text.get(range.clone())?;
        Some((range.clone(), standing.veil.text(comment))).filter(|(_, shown)| shown != comment)
    });
    let shown = splice(text, values.chain(comments).collect())?;
    // Read again, since nothing else proves that every secret was found.
    let read = document::parse(&shown, standing.file_name()).ok()?;
    (read.tree == *parsed).then_some(shown)
}
