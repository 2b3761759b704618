//! Where a turn stands.

/// Where a turn stands. What each step leaves behind is written down before the next one is taken: the calls of a round before the
/// first of them is made, each result when its call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnState {
    /// The provider is asked and has said nothing yet.
    Waiting,
    /// The provider speaks.
    Streaming,
    /// Tools that it called run.
    Tool,
    /// The answer is whole, or up to the asker's own tools.
    Done,
    /// There is no whole answer.
    Failed,
    /// It was ended before it was over.
    Aborted,
}

impl TurnState {
    /// Returns whether nothing follows.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Aborted)
    }

    /// Returns whether a turn may go on so.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Done | Self::Failed | Self::Aborted, _) => false,
            (_, Self::Failed | Self::Aborted) => true,
            // A turn that a crash cut short goes on with the tools that it had called.
            (Self::Waiting, Self::Streaming | Self::Tool) => true,
            // A request that failed is made again.
            (Self::Streaming, Self::Waiting | Self::Tool | Self::Done) => true,
            (Self::Tool, Self::Waiting | Self::Tool) => true,
            (Self::Waiting, Self::Waiting | Self::Done) | (Self::Streaming, Self::Streaming) | (Self::Tool, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TurnState::{self, *};

    #[test]
    fn a_turn_takes_no_step_but_these() {
        let steps: [(TurnState, &[TurnState]); 6] = [
            (Waiting, &[Streaming, Tool, Failed, Aborted]),
            (Streaming, &[Waiting, Tool, Done, Failed, Aborted]),
            (Tool, &[Waiting, Tool, Failed, Aborted]),
            (Done, &[]),
            (Failed, &[]),
            (Aborted, &[]),
        ];
        let all = [Waiting, Streaming, Tool, Done, Failed, Aborted];
        for (state, next) in steps {
            let found: Vec<_> = all.into_iter().filter(|next| state.may_become(*next)).collect();
            assert_eq!(found, next, "{state:?}");
            assert_eq!(state.is_over(), next.is_empty(), "{state:?}");
        }
    }
}
