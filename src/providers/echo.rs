//! Answers with the text that it was given.

use callboard_actors::agent::{Ending, Piece, Prompt, Provider, ProviderError};
use callboard_actors::message::{Media, Usage};
use futures_util::stream::{self, BoxStream, StreamExt as _};

/// More pieces would show nothing more and cost an event each.
const PIECES_MAX: usize = 4;
/// Shorter pieces are not worth an event.
const PIECE_BYTES_MIN: usize = 16;

/// The provider that answers when none is configured: says what it was told, in a few pieces.
///
/// Each picture, film or file is named on a line of its own, `[media] <url>`. Tokens are not counted.
#[derive(Clone, Debug)]
pub struct Echo {
    id: String,
}

impl Echo {
    /// The name under which it answers when nothing is configured.
    pub const ID: &str = "echo";

    /// Returns the provider under its name in the configuration.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned() }
    }
}

impl Provider for Echo {
    fn name(&self) -> &str {
        &self.id
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        let end = Piece::End(Ending { finish_reason: "stop".into(), usage: Usage::default() });
        let pieces = pieces(&answer(prompt.text, &prompt.media));
        stream::iter(pieces.into_iter().map(Piece::Text).chain([end]).map(Ok)).boxed()
    }

    fn wants_history(&self) -> bool {
        false
    }

    fn wants_tools(&self) -> bool {
        false
    }
}

/// Returns what is said back to a text and what came with it.
pub(super) fn answer(text: String, media: &[Media]) -> String {
    media.iter().fold(text, |mut answer, media| {
        if !answer.is_empty() {
            answer.push('\n');
        }
        answer.push_str(&media.line());
        answer
    })
}

/// Returns a text in at most [`PIECES_MAX`] pieces that end behind a space where there is one.
fn pieces(text: &str) -> Vec<String> {
    let size = (text.len() / PIECES_MAX + 1).max(PIECE_BYTES_MIN);
    let mut pieces = Vec::with_capacity(PIECES_MAX);
    let mut rest = text;
    while !rest.is_empty() {
        let at = if pieces.len() + 1 == PIECES_MAX { rest.len() } else { piece_end(rest, size) };
        let (piece, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        pieces.push(piece.to_owned());
        rest = behind;
    }
    pieces
}

fn piece_end(text: &str, size: usize) -> usize {
    let from = text.ceil_char_boundary(size);
    let space = text.get(from..).and_then(|rest| rest.find(' '));
    // Text without spaces near the end of a piece is cut where it is.
    space.filter(|ahead| *ahead < size).map_or(from, |ahead| from + ahead + 1)
}

#[cfg(test)]
mod tests;
