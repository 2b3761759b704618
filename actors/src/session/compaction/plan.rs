//! Which part of a conversation is summed up: a pure function of its lines.

use super::estimate::of_line;
use super::rules::Budget;
use crate::message::Entry;

/// Why a conversation is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Why {
    /// It is nearly as long as the model reads.
    Full,
    /// It was longer than the model reads.
    Overflow,
    /// Somebody asked for it.
    Asked,
}

/// Returns how many of the oldest lines are summed up; the others stay as they are, at most `lines_max`: a turn is not told of more.
/// `None` where that is not worth a request.
///
/// A turn stays whole: its question, the calls of its tools with their results, its answer.
pub(super) fn older(lines: &[(u64, Entry)], budget: &Budget, lines_max: usize, why: Why) -> Option<usize> {
    let kept = newest(lines, budget.keep, lines_max);
    let count = match why {
        Why::Full => lines.len() - kept,
        // What has room here has none there, or is to be summed up all the same: the last turn stays.
        Why::Overflow | Why::Asked if kept == lines.len() => lines.len() - last_turn(lines),
        Why::Overflow | Why::Asked => lines.len() - kept,
    };
    let (older, _) = lines.split_at_checked(count)?;
    let tokens: u64 = older.iter().map(|(_, line)| of_line(line)).sum();
    let worth = if why == Why::Full { budget.worth } else { 1 };
    (tokens >= worth.max(1)).then_some(count)
}

/// Returns how many lines the newest turns have that have room together.
fn newest(lines: &[(u64, Entry)], tokens_max: u64, lines_max: usize) -> usize {
    let (mut tokens, mut kept) = (0_u64, 0);
    for (count, at) in (1..=lines.len()).zip((0..lines.len()).rev()) {
        tokens = tokens.saturating_add(lines.get(at).map_or(0, |(_, line)| of_line(line)));
        if tokens > tokens_max || count > lines_max {
            break;
        }
        if begins_turn(lines, at) {
            kept = count;
        }
    }
    kept
}

fn last_turn(lines: &[(u64, Entry)]) -> usize {
    let begin = (0..lines.len()).rev().find(|at| begins_turn(lines, *at));
    begin.map_or(0, |at| lines.len() - at)
}

/// Says whether a line is the first of its turn: what one turn wrote stands together.
fn begins_turn(lines: &[(u64, Entry)], at: usize) -> bool {
    let run = |at: usize| lines.get(at).map(|(_, line)| &line.run);
    at.checked_sub(1).is_none_or(|before| run(before) != run(at))
}
