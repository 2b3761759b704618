//! Signs of life of a connection: whole frames, and the bytes of one that is on its way.
//!
//! A client that sends a large frame over a slow line can answer no ping before it is through. So what comes of it counts too, as long as
//! it comes fast enough and the frame is not on its way for too long: it holds places of large messages that others wait for.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// How often a connection is looked at; one from which nothing came since is asked for a sign of life.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long a connection may be silent, pongs included, before it is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// The least of a frame that has to come to be a sign of life, bytes a second from one look to the next.
const BYTES_PER_SEC_MIN: u64 = 4_096;

/// How long a message may be on its way, in one frame or in fragments, however fast it comes: at least 64 KiB a second for one of the largest.
pub(super) const MESSAGE_TIME_MAX: Duration = Duration::from_secs(400);

/// How many bytes have come in all, for both who count.
pub(super) type Came = Rc<Cell<u64>>;

/// When a connection was last heard.
#[derive(Debug)]
pub(super) struct Signs {
    /// When a whole frame last came.
    frame_at: Duration,
    /// When a part of one was last a sign of life.
    part_at: Duration,
    /// How many bytes had come at the last look.
    counted: u64,
    came: Came,
}

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Heard,
    /// It is to be asked for a sign of life.
    Quiet,
    /// It is dead.
    Silent,
    /// A frame has been on its way for too long.
    Slow,
}

impl Signs {
    /// Returns those of a connection that begins at a moment.
    pub(super) const fn new(now: Duration, came: Came) -> Self {
        Self { frame_at: now, part_at: now, counted: 0, came }
    }

    /// Notes a whole frame, or one of its fragments.
    pub(super) const fn heard(&mut self, now: Duration) {
        self.frame_at = now;
    }

    /// Looks at the connection; what came since the last look is counted once.
    pub(super) fn look(&mut self, now: Duration) -> Sign {
        let came = self.came.get();
        let part = came.saturating_sub(self.counted);
        self.counted = came;
        if part >= BYTES_PER_SEC_MIN.saturating_mul(LOOK_EVERY.as_secs()) {
            self.part_at = now;
        }
        let silent = now.saturating_sub(self.frame_at);
        let still = silent.min(now.saturating_sub(self.part_at));
        if still >= SILENCE_MAX {
            Sign::Silent
        } else if silent >= MESSAGE_TIME_MAX {
            Sign::Slow
        } else if still >= LOOK_EVERY {
            Sign::Quiet
        } else {
            Sign::Heard
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes between looks, bytes, and how many looks it takes until the connection is ended, and why.
    #[test]
    fn a_frame_may_be_slow_and_not_endless() {
        let least = BYTES_PER_SEC_MIN * LOOK_EVERY.as_secs();
        for (what, parts, ends) in [
            ("nothing", [0, 0].as_slice(), (3, Sign::Silent)),
            ("a byte now and then", &[1, 1], (3, Sign::Silent)),
            ("too little", &[least - 1, least - 1], (3, Sign::Silent)),
            ("enough", &[least, least], (14, Sign::Slow)),
            ("enough, and every third time only", &[0, 0, least], (14, Sign::Slow)),
            ("a lot at first", &[least * 100, 0, 0, 0], (4, Sign::Silent)),
        ] {
            let came = Came::default();
            let mut signs = Signs::new(Duration::ZERO, Rc::clone(&came));
            let mut parts = parts.iter().cycle();
            let mut look = |place: u32| {
                came.set(came.get() + parts.next().unwrap());
                signs.look(LOOK_EVERY * place)
            };
            let end = (1..100).map(|place| (place, look(place))).find(|(_, sign)| matches!(sign, Sign::Silent | Sign::Slow));
            assert_eq!(end, Some(ends), "{what}");
        }
    }

    #[test]
    fn whole_frames_are_signs_of_life_however_small() {
        let mut signs = Signs::new(Duration::ZERO, Came::default());
        for place in 1..100 {
            signs.heard(LOOK_EVERY * place);
            assert_eq!(signs.look(LOOK_EVERY * place), Sign::Heard);
        }
        assert_eq!(signs.look(LOOK_EVERY * 100), Sign::Quiet);
    }
}
