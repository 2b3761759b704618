//! How much of a text that still grows can leave without breaking anything.

use super::ChunkMode;
use super::cut::find_cut;
use super::fence::{Fence, looks_like_fence};
use crate::message::{PieceCut, PieceRules};

/// Returns how many bytes at the beginning of a growing text are whole: up to the last blank line outside of code fences within
/// `chars_max` characters, or to the first one where none is. A paragraph without an end that is longer than `piece_max` characters
/// is whole up to the best place before it, and so on; one that may be cut before, up to the last such place. 0 for none.
pub(in crate::channel) fn whole_part(text: &str, rules: PieceRules) -> usize {
    let PieceRules { chars_max, piece_max, .. } = rules;
    let (mut end, chars) = paragraphs(text, chars_max);
    let mut left = chars_max.saturating_sub(chars);
    while let Some(step) = piece(text.get(end..).unwrap_or_default(), piece_max) {
        let piece = text.get(end..end + step).unwrap_or_default();
        let chars = piece.chars().count();
        if chars > left && end > 0 {
            break;
        }
        left = left.saturating_sub(chars);
        end += step;
    }
    match rules.cut {
        PieceCut::Nowhere => end,
        PieceCut::Line | PieceCut::Sentence => end.max(early_cut(text, rules)),
    }
}

/// Returns the last place outside of code fences where a text may be cut before its paragraph ends, with no fewer than `piece_min` and
/// no more than `chars_max` characters before it. What follows is known, so that no mark is taken for an end that goes on. 0 for
/// none.
fn early_cut(text: &str, rules: PieceRules) -> usize {
    let (mut at, mut chars, mut best) = (0, 0, 0);
    let mut fence: Option<Fence<'_>> = None;
    for line in text.split_inclusive('\n') {
        let was_open = fence.is_some();
        fence = match fence {
            Some(open) => (!open.is_closed_by(line)).then_some(open),
            None => Fence::opened_by(line),
        };
        if rules.cut == PieceCut::Sentence && !was_open && fence.is_none() {
            best = last_end(line, chars, rules).map_or(best, |end| at + end);
        }
        at += line.len();
        chars += line.chars().count();
        if chars > rules.chars_max {
            break;
        }
        let goes_on = text.get(at..).is_some_and(|rest| !rest.trim().is_empty());
        if fence.is_none() && line.ends_with('\n') && goes_on && chars >= rules.piece_min {
            best = at;
        }
    }
    best
}

/// Returns where the last sentence of a line ends that ends within the bounds, the white space behind it taken along; `before` characters
/// stand before the line. The number of a list ends nothing.
fn last_end(line: &str, before: usize, rules: PieceRules) -> Option<usize> {
    let ends = line.char_indices().zip(before..).take_while(|(_, chars)| *chars < rules.chars_max).filter_map(
        |((at, mark), chars)| {
            let end = at + mark.len_utf8();
            let rest = line.get(end..)?;
            let said = rest.trim_start_matches([' ', '\t']);
            let joint = rest.len() - said.len();
            let is_end = match mark {
                '.' => joint > 0 && !line.get(..at)?.trim_start().bytes().all(|digit| digit.is_ascii_digit()),
                '!' | '?' | '…' => joint > 0,
                '。' | '！' | '？' => true,
                _ => false,
            };
            let length = chars + 1 + joint;
            let fits = length >= rules.piece_min && length <= rules.chars_max;
            (is_end && fits && !said.trim().is_empty() && !looks_like_fence(said)).then_some(end + joint)
        },
    );
    ends.last()
}

/// Returns where the last paragraph ends, and how many characters there are until then.
fn paragraphs(text: &str, chars_max: usize) -> (usize, usize) {
    let (mut at, mut chars, mut end) = (0, 0, (0, 0));
    let mut fence: Option<Fence<'_>> = None;
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        at += line.len();
        chars += line.chars().count();
        if chars > chars_max && end.0 > 0 {
            break;
        }
        fence = match fence {
            Some(open) => (!open.is_closed_by(line)).then_some(open),
            None => Fence::opened_by(line),
        };
        let line_is_blank = line.trim().is_empty();
        if line_is_blank && line.ends_with('\n') && fence.is_none() && !blank {
            end = (at, chars);
        }
        blank &= line_is_blank;
    }
    end
}

/// Returns where a paragraph can be cut that is too long, the white space at the joint taken along.
fn piece(text: &str, piece_max: usize) -> Option<usize> {
    let cut = find_cut(text, (piece_max, piece_max), ChunkMode::Length, None);
    let rest = text.get(cut.at..).filter(|rest| !rest.is_empty())?;
    let joint = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    // What ends with the joint may go on with more of it.
    (cut.open.is_none() && cut.at > 0 && joint < rest.len()).then_some(cut.at + joint)
}
