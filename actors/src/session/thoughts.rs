//! What a model thinks aloud in a turn, for those who ask to see it.

use crate::agent::TurnState;

/// How much of it is kept, bytes; of more the beginning is.
pub(super) const THOUGHTS_BYTES_MAX: usize = 64 * 1024;

/// What a model thought so far.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    text: String,
    /// How much of it belongs to requests that were answered: a request that failed is made again, and thought again.
    answered: usize,
    cut: bool,
}

impl Thoughts {
    /// Adds a piece, as far as there is room.
    pub(super) fn add(&mut self, piece: &str) {
        if self.answered > 0 && self.text.len() == self.answered {
            self.push("\n\n");
        }
        self.push(piece);
    }

    fn push(&mut self, piece: &str) {
        let room = THOUGHTS_BYTES_MAX.saturating_sub(self.text.len());
        let fitting = piece.get(..piece.floor_char_boundary(room)).unwrap_or_default();
        self.text.push_str(fitting);
        self.cut |= fitting.len() < piece.len();
    }

    /// Follows the turn's steps.
    pub(super) fn stand(&mut self, state: TurnState) {
        match state {
            // The request before is made again.
            TurnState::Waiting => self.text.truncate(self.answered),
            TurnState::Tool | TurnState::Done => self.answered = self.text.len(),
            TurnState::Streaming | TurnState::Failed | TurnState::Aborted => {}
        }
    }

    /// Returns what was thought up to now.
    pub(super) fn so_far(&self) -> &str {
        &self.text
    }

    /// Returns all of it; `…` stands for what had no room.
    pub(super) fn whole(mut self) -> String {
        if self.cut {
            self.text.push('…');
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_request_thought_is_thought_again() {
        let mut thoughts = Thoughts::default();
        thoughts.stand(TurnState::Streaming);
        thoughts.add("once");
        thoughts.stand(TurnState::Waiting);
        assert_eq!(thoughts.so_far(), "");
        for piece in ["first", "."] {
            thoughts.add(piece);
        }
        for state in [TurnState::Tool, TurnState::Waiting, TurnState::Streaming] {
            thoughts.stand(state);
        }
        thoughts.add("then");
        thoughts.stand(TurnState::Done);
        assert_eq!(thoughts.whole(), "first.\n\nthen");
    }

    #[test]
    fn thoughts_are_bounded() {
        let mut thoughts = Thoughts::default();
        for _ in 0..3 {
            thoughts.add(&"é".repeat(THOUGHTS_BYTES_MAX / 4));
        }
        thoughts.add("more");
        let whole = thoughts.whole();
        assert!(whole.ends_with("é…") && whole.len() <= THOUGHTS_BYTES_MAX + '…'.len_utf8(), "{}", whole.len());
    }
}
