//! How much of a text that still grows can leave without breaking anything.

use super::ChunkMode;
use super::cut::find_cut;
use super::fence::Fence;

/// Returns how many bytes at the beginning of a growing text are whole: up to the last blank line outside of code fences within
/// `chars_max` characters, or to the first one where none is. A paragraph without an end that is longer than `piece_max` characters
/// is whole up to the best place before it, and so on. 0 for none.
pub(in crate::channel) fn whole_part(text: &str, chars_max: usize, piece_max: usize) -> usize {
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
    end
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
