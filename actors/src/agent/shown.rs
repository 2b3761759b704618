//! Pictures that tools gave back, as the model of the turn is shown them.

use std::collections::BTreeMap;

use crate::message::{BegunRound, Media};

/// How many bytes of them a turn shows at a time; the oldest are shown no more, and their results still tell of them.
const SHOWN_BYTES_MAX: usize = 16 << 20;
/// How many of them.
const SHOWN_MAX: usize = 20;

/// Pictures by the place of their round, and in it of their call.
pub type Shown = BTreeMap<usize, BTreeMap<usize, Vec<Media>>>;

/// Lets go of what is too much, the oldest first, and returns the rest by its place among all rounds, of which the turn's own are the last.
pub(super) fn of(own: &mut [BegunRound], all: usize) -> Shown {
    let (mut bytes_left, mut left) = (SHOWN_BYTES_MAX, SHOWN_MAX);
    let first = all.saturating_sub(own.len());
    let mut shown = Shown::new();
    for (place, round) in own.iter_mut().enumerate().rev() {
        for pictures in round.shown.values_mut().rev() {
            pictures.retain(|picture| {
                let bytes = picture.data.as_ref().map_or(0, |data| data.len());
                let fits = left > 0 && bytes > 0 && bytes <= bytes_left;
                if fits {
                    (bytes_left, left) = (bytes_left - bytes, left - 1);
                } else {
                    // What is older has no place either.
                    left = 0;
                }
                fits
            });
        }
        round.shown.retain(|_, pictures| !pictures.is_empty());
        if !round.shown.is_empty() {
            shown.insert(first + place, round.shown.clone());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn round(sizes: &[usize]) -> BegunRound {
        let picture = |size: &usize| Media::in_hand(Bytes::from(vec![0; *size]), None, Some("image/png".into()));
        let shown = sizes.iter().enumerate().map(|(place, size)| (place, vec![picture(size)])).collect();
        BegunRound { shown, ..BegunRound::default() }
    }

    #[test]
    fn the_newest_are_shown_and_the_rest_let_go() {
        let half = SHOWN_BYTES_MAX / 2;
        let mut rounds = [round(&[half]), round(&[]), round(&[half + 1, half]), round(&[1])];
        let shown = of(&mut rounds, 6);
        assert_eq!(shown.keys().copied().collect::<Vec<_>>(), [4, 5], "two rounds are the asker's own");
        assert_eq!(shown[&4].keys().copied().collect::<Vec<_>>(), [1]);
        assert!(rounds[0].shown.is_empty() && rounds[2].shown.len() == 1, "their bytes are nobody's any more");
        let mut many = [round(&[1; SHOWN_MAX]), round(&[1])];
        assert_eq!(of(&mut many, 2)[&0].len(), SHOWN_MAX - 1);
    }
}
