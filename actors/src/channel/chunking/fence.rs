//! Code fences: the lines of back-ticks or tildes around a block of code.

/// Longer indentation or marks are taken as plain text, so that opening a fence again always leaves room for its code.
const INDENT_CHARS_MAX: usize = 8;
const MARKS_MIN: usize = 3;
const MARKS_MAX: usize = 8;
/// A fence's opening line is at most this long, in bytes; it is looked for in no more text than that.
pub(super) const LINE_BYTES_MAX: usize = 256;

/// An open fence, as its opening line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence<'a> {
    indent: &'a str,
    marks: &'a str,
    info: &'a str,
}

impl<'a> Fence<'a> {
    /// Returns the fence that a whole line opens.
    pub(super) fn opened_by(line: &'a str) -> Option<Self> {
        if line.len() > LINE_BYTES_MAX {
            return None;
        }
        let (indent, marks, info) = parts(line)?;
        // A back-tick in the info string makes it inline code.
        let fence = Self { indent, marks, info };
        (!(marks.starts_with('`') && info.contains('`'))).then_some(fence)
    }

    /// Returns whether a whole line closes this fence.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        line.len() <= LINE_BYTES_MAX
            && parts(line).is_some_and(|(_, marks, info)| info.is_empty() && marks.starts_with(self.marks))
    }

    /// Returns the line that opens the fence again; the info string is left out where it would fill more than a quarter of a piece.
    pub(super) fn opening(&self, piece_chars_max: usize) -> String {
        let info = if self.info.chars().count() <= piece_chars_max / 4 { self.info } else { "" };
        format!("{}{}{info}\n", self.indent, self.marks)
    }

    /// Returns the line that closes the fence, without a newline.
    pub(super) fn closing(&self) -> String {
        format!("{}{}", self.indent, self.marks)
    }

    /// Returns how many characters closing the fence adds to a piece, the newline before it included.
    pub(super) fn closing_chars(&self) -> usize {
        self.indent.len() + self.marks.len() + 1
    }
}

/// Returns whether text that begins here looks like a fence to a platform.
pub(super) fn looks_like_fence(text: &str) -> bool {
    let text = text.trim_start_matches(' ');
    text.starts_with("```") || text.starts_with("~~~")
}

/// Returns the indentation, the marks and the trimmed rest of a line that looks like a fence.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let (indent, body) = line.split_at_checked(line.len() - line.trim_start_matches([' ', '\t']).len())?;
    let mark = body.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let (marks, info) = body.split_at_checked(body.len() - body.trim_start_matches(mark).len())?;
    let fits = indent.len() <= INDENT_CHARS_MAX && (MARKS_MIN..=MARKS_MAX).contains(&marks.len());
    fits.then_some((indent, marks, info.trim()))
}
