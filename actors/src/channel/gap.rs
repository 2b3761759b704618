//! Something of a place that was not read, while what came after it goes on.

use super::connector::AckToken;

/// Whether something lies between what was read of a place and what came live. While it does, the durable mark stays before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gap {
    /// No.
    #[default]
    None,
    /// It could not be read: the place goes on without it, and it is read later.
    Open,
    /// It was read, and is done with when everything up to this frame is.
    Closing(AckToken),
}

impl Gap {
    /// Records that the gap was read, of which the last frame so far is this one.
    pub(super) fn read(&mut self, last: AckToken) {
        if *self == Self::Open {
            *self = Self::Closing(last);
        }
    }

    /// Takes over that a frame and all before it are done with; returns whether the mark may move to it.
    pub(super) fn passes(&mut self, done: AckToken) -> bool {
        match *self {
            Self::Closing(last) if done >= last => *self = Self::None,
            Self::None => {}
            Self::Open | Self::Closing(_) => return false,
        }
        true
    }
}
