//! Finds the best place to end a piece.

use unicode_segmentation::UnicodeSegmentation as _;

use super::ChunkMode;
use super::fence::{Fence, LINE_BYTES_MAX, looks_like_fence};

/// Where a piece ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    /// The bytes that the piece takes.
    pub(super) at: usize,
    /// The fence that the cut is inside of.
    pub(super) open: Option<Fence<'a>>,
    /// What else the cut goes through.
    pub(super) inside: Inside,
}

/// What a cut goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// It is between lines.
    Nothing,
    /// It is inside a line.
    Line,
}

/// What lies at the end of the text that could go into the piece.
struct Scan<'a> {
    /// The text that fits, in bytes.
    window: usize,
    /// The last end of a blank line outside of fences.
    paragraph: usize,
    /// The last end of a line outside of fences.
    line: usize,
    /// The last end of a line inside the fence that is open at the end, if its closing line still fits behind it.
    fence_line: usize,
    /// The fence that is open at the end, and where its opening line starts and ends (both 0 for one opened in an earlier piece).
    fence: Option<(Fence<'a>, usize, usize)>,
}

/// Returns where to end a piece: `room` characters are left for text, a piece has `chars_max` in all, `open` is the fence
/// that the text starts in.
pub(super) fn find_cut<'a>(
    text: &'a str,
    (room, chars_max): (usize, usize),
    mode: ChunkMode,
    open: Option<Fence<'a>>,
) -> Cut<'a> {
    let Some(window) = byte_of_char(text, room) else {
        return Cut { at: text.len(), open: None, inside: Inside::Nothing };
    };
    let scan = scan(text, window, open);
    match scan.fence {
        None => cut_outside(text, &scan, mode),
        Some((fence, start, _)) if start > 0 && (start >= window / 2 || fits_whole(text, fence, start, chars_max)) => {
            Cut { at: start, open: None, inside: Inside::Nothing }
        }
        Some((fence, start, code)) => cut_inside(text, &scan, fence, (start, code)),
    }
}

/// Reads the lines that fit, keeping the last of each kind of boundary.
fn scan<'a>(text: &'a str, window: usize, open: Option<Fence<'a>>) -> Scan<'a> {
    let mut scan = Scan { window, paragraph: 0, line: 0, fence_line: 0, fence: open.map(|fence| (fence, 0, 0)) };
    let mut inside_max = open.map_or(0, |fence| inside_window(text, window, fence));
    let mut at = 0;
    for line in lines_to(text, window) {
        let end = at + line.len();
        // A newline falls to the joint, so it need not fit.
        let text_end = end - usize::from(line.ends_with('\n'));
        match scan.fence {
            Some((fence, ..)) if fence.is_closed_by(line) && text_end <= window => scan.fence = None,
            Some(_) if text_end <= inside_max => scan.fence_line = end,
            Some(_) => {}
            None => {
                if let Some(fence) = Fence::opened_by(line) {
                    scan.fence = Some((fence, at, end));
                    scan.fence_line = 0;
                    inside_max = inside_window(text, window, fence);
                }
            }
        }
        if text_end > window {
            break;
        }
        if scan.fence.is_none() {
            scan.line = end;
            if line.trim().is_empty() {
                scan.paragraph = end;
            }
        }
        at = end;
    }
    scan
}

/// Returns the lines up to the one that holds the byte `window`. A last line that is too long for a fence may be shortened, so
/// that a text without newlines is not read to its end for each piece.
fn lines_to(text: &str, window: usize) -> impl Iterator<Item = &str> {
    let seen = text.floor_char_boundary(window.saturating_add(LINE_BYTES_MAX + char::MAX.len_utf8()));
    text.get(..seen).unwrap_or(text).split_inclusive('\n')
}

/// Returns how many of the window's bytes are left for text when the fence has to be closed behind them. Counts back from the
/// window's end, since a window may hold many fences.
fn inside_window(text: &str, window: usize, fence: Fence<'_>) -> usize {
    let back = fence.closing_chars().saturating_sub(1);
    text.get(..window).and_then(|fits| fits.char_indices().rev().nth(back)).map_or(0, |(at, _)| at)
}

/// Returns whether a fence, from its opening line to its closing line, fits into a piece of its own.
fn fits_whole(text: &str, fence: Fence<'_>, start: usize, chars_max: usize) -> bool {
    let block = text.get(start..).unwrap_or_default();
    let fitting = byte_of_char(block, chars_max).unwrap_or(block.len());
    let mut at = 0;
    for (number, line) in lines_to(block, fitting).enumerate() {
        at += line.len();
        if number > 0 && fence.is_closed_by(line) {
            return at - usize::from(line.ends_with('\n')) <= fitting;
        }
    }
    at <= fitting
}

fn cut_outside<'a>(text: &'a str, scan: &Scan<'a>, mode: ChunkMode) -> Cut<'a> {
    if mode == ChunkMode::Newline && scan.paragraph > 0 {
        return Cut { at: scan.paragraph, open: None, inside: Inside::Nothing };
    }
    let half = scan.window / 2;
    let window = text.get(..scan.window).unwrap_or(text);
    // Words are only looked for behind the last whole line: before it there may be code.
    let open_line = scan.line;
    let sentence = last_sentence(text, window, open_line);
    let word = last_word(text, window, open_line);
    let kinds =
        [(scan.paragraph, Inside::Nothing), (scan.line, Inside::Nothing), (sentence, Inside::Line), (word, Inside::Line)];
    let best = kinds.iter().find(|(at, _)| *at > half).or_else(|| kinds.iter().find(|(at, _)| *at > 0));
    match best {
        Some(&(at, inside)) => Cut { at, open: None, inside },
        None => Cut { at: last_grapheme(text, scan.window), open: None, inside: Inside::Line },
    }
}

fn cut_inside<'a>(text: &'a str, scan: &Scan<'a>, fence: Fence<'a>, (start, code): (usize, usize)) -> Cut<'a> {
    if scan.fence_line > code {
        return Cut { at: scan.fence_line, open: Some(fence), inside: Inside::Nothing };
    }
    let window = inside_window(text, scan.window, fence);
    let at = last_grapheme(text, window);
    if at <= code && start > 0 {
        // Nothing but the opening line would fit.
        return Cut { at: start, open: None, inside: Inside::Nothing };
    }
    Cut { at, open: Some(fence), inside: Inside::Line }
}

/// Returns the end of the last sentence in the window, behind `from`; 0 for none.
fn last_sentence(text: &str, window: &str, from: usize) -> usize {
    let ends_here = |(at, mark): (usize, char)| {
        let end = at + mark.len_utf8();
        let next = text.get(end..).and_then(|rest| rest.chars().next());
        let ends = match mark {
            '.' | '!' | '?' | '…' => next.is_none_or(char::is_whitespace),
            '。' | '！' | '？' => true,
            _ => false,
        };
        (ends && may_start_piece(text, end)).then_some(end)
    };
    tail(window, from).rev().find_map(ends_here).unwrap_or(0)
}

/// Returns the end of the last word in the window that white space follows, behind `from`; 0 for none.
fn last_word(text: &str, window: &str, from: usize) -> usize {
    let ends_word = |at: usize| {
        let after_word = window.get(..at).is_some_and(|head| head.ends_with(|mark: char| !mark.is_whitespace()));
        at > from && after_word && may_start_piece(text, at)
    };
    if text.get(window.len()..).is_some_and(|rest| rest.starts_with(char::is_whitespace)) && ends_word(window.len()) {
        return window.len();
    }
    let spaces = tail(window, from).rev().filter(|(_, mark)| mark.is_whitespace());
    spaces.map(|(at, _)| at).find(|&at| ends_word(at)).unwrap_or(0)
}

/// Returns the characters of a window behind `from` with their places in the whole.
fn tail(window: &str, from: usize) -> impl DoubleEndedIterator<Item = (usize, char)> {
    window.get(from..).unwrap_or_default().char_indices().map(move |(at, mark)| (from + at, mark))
}

/// Returns whether the next piece can start at `at`: back-ticks in the middle of a line would open a fence at its start.
fn may_start_piece(text: &str, at: usize) -> bool {
    !text.get(at..).is_some_and(looks_like_fence)
}

/// Returns the last boundary between characters as people see them at or before `window`; `window` itself when there is none.
fn last_grapheme(text: &str, window: usize) -> usize {
    // One more character than fits tells whether the window's end is a boundary.
    let seen = text.get(window..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let slice = text.get(..window + seen).unwrap_or(text);
    let boundaries = slice.grapheme_indices(true).map(|(at, _)| at);
    boundaries.take_while(|&at| at <= window).last().filter(|&at| at > 0).unwrap_or(window)
}

/// Returns the byte at which the character number `count` starts; `None` when the text has no more than that many.
fn byte_of_char(text: &str, count: usize) -> Option<usize> {
    text.char_indices().nth(count).map(|(at, _)| at)
}
