//! Cuts text into pieces that a platform takes, without breaking its markdown.
//!
//! A cut is made, in this order of preference, between paragraphs, lines, sentences or words, and in the last resort between
//! characters as people see them. A cut that would leave a piece less than half full gives way to the next kind. A code
//! fence that fits into one piece is never cut; a longer one is closed at the end of a piece and opened again, with its
//! info string, in the next.
//!
//! Each step looks at no more text than a piece can hold, so the work grows with the text and not with its square.

mod cut;
mod fence;
mod whole;

#[cfg(test)]
mod tests;

use cut::{Cut, Inside, find_cut};
use fence::Fence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub(super) use whole::whole_part;

/// The least limit that leaves room for a fence's opening and closing lines; a smaller one counts as this.
const CHARS_MIN: usize = 64;

/// How long a piece may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimit {
    /// The most characters (Unicode scalar values) of one piece; at least 64.
    pub chars_max: usize,
}

/// Where a text that is too long is cut first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChunkMode {
    /// Where a piece is well filled.
    #[default]
    Length,
    /// Between paragraphs, however little of a piece they fill.
    Newline,
}

/// Returns the pieces in order, as [`split_by`] does by length.
#[must_use]
pub fn split(text: &str, limit: TextLimit) -> Vec<String> {
    split_by(text, limit, ChunkMode::Length)
}

/// Returns the pieces in order; none for blank text.
///
/// White space at the joints is dropped, and so are blank lines at the start and white space at the end; all other text is
/// kept. No piece is longer than the limit, the fences that are closed and opened again included.
#[must_use]
pub fn split_by(text: &str, limit: TextLimit, mode: ChunkMode) -> Vec<String> {
    // Without white space at its end, a rest that is not empty has something to say.
    let text = without_blank_lines(text.trim_end());
    let mut splitter = Splitter { rest: text, chars_max: limit.chars_max.max(CHARS_MIN), mode, open: None };
    let mut pieces = Vec::new();
    while !splitter.rest.is_empty() {
        let piece = splitter.next_piece();
        // A line's indentation alone may be longer than a piece.
        if !piece.is_empty() {
            pieces.push(piece);
        }
    }
    pieces
}

struct Splitter<'a> {
    /// What is not in a piece yet; starts with a line, or with the rest of one that had to be cut.
    rest: &'a str,
    chars_max: usize,
    mode: ChunkMode,
    /// The fence that `rest` stands in: its piece must open it again.
    open: Option<Fence<'a>>,
}

impl<'a> Splitter<'a> {
    fn next_piece(&mut self) -> String {
        let opening = self.open.map(|fence| fence.opening(self.chars_max)).unwrap_or_default();
        let room = self.chars_max.saturating_sub(opening.chars().count());
        let cut = find_cut(self.rest, (room, self.chars_max), self.mode, self.open);
        let (body, rest) = self.rest.split_at_checked(cut.at).unwrap_or((self.rest, ""));
        let piece = finish_piece(opening, body, &cut);
        self.go_on(rest, &cut);
        piece
    }

    /// Takes what follows a cut: without the white space of the joint and without a closing line that the piece already has.
    fn go_on(&mut self, rest: &'a str, cut: &Cut<'a>) {
        self.open = cut.open;
        self.rest = match (cut.open, cut.inside) {
            (None, Inside::Line) => without_blank_lines(rest.trim_start_matches([' ', '\t'])),
            (None, Inside::Nothing) => without_blank_lines(rest),
            (Some(_), Inside::Line) => rest,
            (Some(fence), Inside::Nothing) => {
                let line = rest.split_inclusive('\n').next().unwrap_or_default();
                if fence.is_closed_by(line) {
                    self.open = None;
                    without_blank_lines(rest.get(line.len()..).unwrap_or_default())
                } else {
                    rest
                }
            }
        };
    }
}

/// Returns the text of a piece: its fence opened again before it and closed behind it where the cut is inside one.
fn finish_piece(opening: String, body: &str, cut: &Cut<'_>) -> String {
    let mut piece = opening;
    match cut.open {
        Some(fence) => {
            piece.push_str(body.strip_suffix('\n').unwrap_or(body));
            piece.push('\n');
            piece.push_str(&fence.closing());
        }
        None => piece.push_str(body.trim_end()),
    }
    piece
}

/// Returns the text from its first line that is not blank; that line keeps its indentation.
fn without_blank_lines(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let line_start = text.get(..blank).and_then(|blank| blank.rfind('\n')).map_or(0, |newline| newline + 1);
    text.get(line_start..).unwrap_or_default()
}
