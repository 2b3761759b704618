//! How often bad frames are told in the log: a peer that sends nothing else does not fill the disk.

use std::time::Duration;

/// How many are told one by one in a while; the others are counted, and told as a number with the next one.
const TOLD_MAX: u32 = 20;
/// The while.
const WHILE: Duration = Duration::from_secs(60);

/// What was told of late.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    since: Option<Duration>,
    told: u32,
    untold: u64,
}

impl Complaints {
    /// Returns how many were not told before one that is; `None` for one that is not.
    pub(super) fn tell(&mut self, now: Duration) -> Option<u64> {
        if self.since.is_none_or(|since| now.saturating_sub(since) >= WHILE) {
            (self.since, self.told) = (Some(now), 0);
        }
        if self.told >= TOLD_MAX {
            self.untold += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_in_part_and_counted() {
        let mut complaints = Complaints::default();
        for _ in 0..TOLD_MAX {
            assert_eq!(complaints.tell(Duration::from_secs(1)), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(complaints.tell(Duration::from_secs(60)), None);
        }
        assert_eq!(complaints.tell(Duration::from_secs(61)), Some(1000));
        assert_eq!(complaints.tell(Duration::from_secs(61)), Some(0));
    }
}
