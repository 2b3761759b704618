//! Marks that say that a message was taken in, beside everything else: each is tried once, and holds nothing up.

use std::collections::VecDeque;

use crate::channel::Marking;
use crate::message::Mark;

/// How many marks wait for the one that is being made; a further one is left out.
const HELD_MAX: usize = 64;

/// The marks of one connection, in their order: one is put before it is taken off.
#[derive(Debug, Default)]
pub(super) struct Marks {
    held: VecDeque<Marking>,
    state: State,
}

/// Whether one is being made.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Calling,
}

impl Marks {
    /// Takes one in, behind those before it. One that is to come off before it was put needs neither.
    ///
    /// # Errors
    /// Gives it back when too many wait.
    pub(super) fn hold(&mut self, marking: Marking) -> Result<(), Marking> {
        if let Mark::Take(emoji) = &marking.mark {
            let puts = |held: &Marking| held.message == marking.message && held.mark == Mark::Put(emoji.clone());
            if let Some(at) = self.held.iter().position(puts) {
                self.held.remove(at);
                return Ok(());
            }
        }
        if self.held.len() >= HELD_MAX {
            return Err(marking);
        }
        self.held.push_back(marking);
        Ok(())
    }

    /// Takes out the next one, if none is being made.
    pub(super) fn next(&mut self) -> Option<Marking> {
        if self.state == State::Calling {
            return None;
        }
        let next = self.held.pop_front()?;
        self.state = State::Calling;
        Some(next)
    }

    /// Says that the one that was being made is made, or is not.
    pub(super) fn over(&mut self) {
        self.state = State::Idle;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_made_one_by_one_and_only_so_many_wait() {
        let mut marks = Marks::default();
        let marking = |number: usize| Marking { message: number.to_string(), mark: Mark::Put("eyes".into()) };
        for number in 0..HELD_MAX {
            marks.hold(marking(number)).unwrap();
        }
        assert_eq!(marks.hold(marking(99)), Err(marking(99)));
        assert_eq!(marks.next(), Some(marking(0)));
        assert_eq!(marks.next(), None, "one is being made");
        marks.over();
        assert_eq!(marks.next(), Some(marking(1)));
        // The second is being made: it is taken off behind that. The third never was.
        marks.over();
        let off = |number: usize| Marking { message: number.to_string(), mark: Mark::Take("eyes".into()) };
        marks.hold(off(1)).unwrap();
        marks.hold(off(2)).unwrap();
        assert_eq!(marks.next(), Some(marking(3)));
        assert_eq!(marks.held.back(), Some(&off(1)));
    }
}
