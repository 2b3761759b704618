//! When a part of an answer leaves: a pure function of what there is.

use std::time::Duration;

use rand::RngExt as _;

use crate::message::{Paragraphs, PieceCut, PieceRules, Shaper, Speech, SpeechWay};

/// The settings of agents, for accounts that say nothing of their own (`agents.defaults.blockStreaming…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeechSettings {
    /// The way.
    pub way: SpeechWay,
    /// Where a part may end.
    pub at: PartBreak,
    /// How many characters a part has at the least that leaves before its round is over; no more than fit into a part.
    pub piece_min: usize,
    /// How long a paragraph may grow before a part of it counts as whole, characters.
    pub piece_max: usize,
    /// Where a paragraph may be cut before.
    pub cut: PieceCut,
    /// How long is waited between one part and the next.
    pub pause: Pause,
    /// How many characters are gathered before a part leaves.
    pub min_chars: usize,
    /// The most characters of a part that is gathered of several paragraphs.
    pub max_chars: usize,
    /// How long nothing may be added before what there is leaves.
    pub idle: Duration,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self {
            way: SpeechWay::Whole,
            at: PartBreak::Text,
            piece_min: 1,
            piece_max: 1200,
            cut: PieceCut::Nowhere,
            pause: Pause::NONE,
            min_chars: 800,
            max_chars: 4000,
            idle: Duration::from_secs(1),
        }
    }
}

/// A wait of a length that chance decides, as if somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The shortest.
    pub min: Duration,
    /// The longest; no shorter than the shortest.
    pub max: Duration,
}

impl Pause {
    /// None at all.
    pub const NONE: Self = Self { min: Duration::ZERO, max: Duration::ZERO };

    /// Returns how long to wait this time.
    pub(super) fn next(self) -> Duration {
        if self.min < self.max { rand::rng().random_range(self.min..=self.max) } else { self.min }
    }
}

/// Where a part of an answer may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartBreak {
    /// Behind every paragraph.
    Text,
    /// Where the provider ends a round: before it calls tools, and at the end.
    Round,
}

/// The rules of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartRules {
    at: PartBreak,
    pieces: PieceRules,
    min_chars: usize,
    max_chars: usize,
    paragraphs: Paragraphs,
    pub(super) pause: Pause,
    pub(super) idle: Duration,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing before there is more.
    Wait,
    /// So many bytes leave when nothing is added for a while.
    Idle(usize),
    /// So many bytes leave.
    Now(usize),
}

impl PartRules {
    pub(super) fn new(speech: &Speech, settings: &SpeechSettings) -> Self {
        let max_chars = speech.max_chars.unwrap_or(settings.max_chars);
        let piece_max = settings.piece_max.min(max_chars);
        let piece_min = settings.piece_min.min(piece_max);
        Self {
            at: settings.at,
            pieces: PieceRules { chars_max: max_chars, piece_min, piece_max, cut: settings.cut },
            pause: settings.pause,
            min_chars: speech.min_chars.unwrap_or(settings.min_chars).min(max_chars),
            max_chars,
            paragraphs: speech.paragraphs,
            idle: speech.idle.unwrap_or(settings.idle),
        }
    }

    /// Decides about what has not left yet, of which the first `ended` bytes are of rounds that are over.
    pub(super) fn next(&self, rest: &str, ended: usize, shaper: &dyn Shaper) -> Next {
        let over = rest.get(..ended).unwrap_or_default();
        let all = if over.trim().is_empty() { rest } else { over };
        let open = over.trim().is_empty();
        if open && self.at == PartBreak::Round {
            return Next::Wait;
        }
        let whole = shaper.whole_part(all, self.pieces);
        // What a round ended with is whole, with or without a blank line behind it.
        let fits = || all.chars().take(self.max_chars.saturating_add(1)).count() <= self.max_chars;
        let whole = if !open && (whole == 0 || fits()) { all.len() } else { whole };
        let part = all.get(..whole).unwrap_or_default();
        if part.trim().is_empty() {
            return Next::Wait;
        }
        let chars = part.chars().count();
        // More behind it than fits beside it: waiting would gather nothing.
        let is_full = whole < all.len() && all.chars().take(self.max_chars.saturating_add(1)).count() > self.max_chars;
        if open && chars < self.pieces.piece_min && !is_full {
            return Next::Wait;
        }
        if chars >= self.min_chars || self.paragraphs == Paragraphs::Single || is_full {
            Next::Now(whole)
        } else {
            Next::Idle(whole)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Outbound;

    /// Knows paragraphs, and nothing of their length.
    struct Paragraph;

    impl Shaper for Paragraph {
        fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
            vec![outbound]
        }

        fn whole_part(&self, text: &str, _: PieceRules) -> usize {
            text.rfind("\n\n").map_or(0, |at| at + 2)
        }
    }

    fn rules(min_chars: usize, max_chars: usize, at: PartBreak, paragraphs: Paragraphs) -> PartRules {
        let settings = SpeechSettings { min_chars, max_chars, at, ..SpeechSettings::default() };
        PartRules::new(&Speech { paragraphs, ..Speech::default() }, &settings)
    }

    #[test]
    fn a_part_leaves_when_it_is_whole_and_long_enough_or_nothing_is_added() {
        use Paragraphs::{Gathered, Single};
        use PartBreak::{Round, Text};
        // What there is, how much of it is of rounds that are over, the rules, what is done.
        let cases = [
            ("", 0, rules(5, 100, Text, Gathered), Next::Wait),
            ("One", 0, rules(1, 100, Text, Gathered), Next::Wait),
            ("\n\n", 0, rules(1, 100, Text, Gathered), Next::Wait),
            ("One\n\nTwo", 0, rules(50, 100, Text, Gathered), Next::Idle(5)),
            ("One\n\nTwo", 0, rules(5, 100, Text, Gathered), Next::Now(5)),
            ("One\n\nTwo", 0, rules(50, 100, Text, Single), Next::Now(5)),
            ("One\n\nTwo", 0, rules(6, 6, Text, Gathered), Next::Now(5)),
            ("One\n\nTwo", 0, rules(1, 100, Round, Gathered), Next::Wait),
            ("One\n\nTwo", 8, rules(50, 100, Text, Gathered), Next::Idle(8)),
            ("One\n\nTwo", 8, rules(1, 100, Round, Gathered), Next::Now(8)),
            ("OneTwo", 3, rules(50, 100, Text, Gathered), Next::Idle(3)),
            ("  Two\n\n", 2, rules(50, 100, Text, Gathered), Next::Idle(7)),
        ];
        for (rest, ended, rules, expected) in cases {
            assert_eq!(rules.next(rest, ended, &Paragraph), expected, "{rest:?} {ended} {rules:?}");
        }
    }

    #[test]
    fn a_part_that_is_too_short_waits_for_more_or_for_the_end_of_its_round() {
        let rules = |piece_min, max_chars| {
            let settings = SpeechSettings { piece_min, min_chars: 1, max_chars, ..SpeechSettings::default() };
            PartRules::new(&Speech { paragraphs: Paragraphs::Single, ..Speech::default() }, &settings)
        };
        let cases = [
            ("One\n\nTwo", 0, rules(6, 100), Next::Wait),
            ("One\n\nTwo", 0, rules(5, 100), Next::Now(5)),
            ("One\n\nTwo", 8, rules(9, 100), Next::Now(8)),
            ("One\n\nTwo", 0, rules(9, 6), Next::Now(5)),
        ];
        for (rest, ended, rules, expected) in cases {
            assert_eq!(rules.next(rest, ended, &Paragraph), expected, "{rest:?} {ended} {rules:?}");
        }
    }

    #[test]
    fn a_pause_is_between_its_bounds() {
        let ms = Duration::from_millis;
        assert_eq!(Pause::NONE.next(), Duration::ZERO);
        assert_eq!(Pause { min: ms(7), max: ms(7) }.next(), ms(7));
        let pause = Pause { min: ms(800), max: ms(2500) };
        let drawn: Vec<_> = (0..100).map(|_| pause.next()).collect();
        assert!(drawn.iter().all(|wait| (pause.min..=pause.max).contains(wait)));
        assert!(drawn.iter().any(|wait| *wait != drawn[0]), "chance decides");
    }

    #[test]
    fn the_account_has_the_word_before_the_settings() {
        let speech = Speech { min_chars: Some(7), max_chars: Some(5), idle: Some(Duration::from_secs(9)), ..Speech::default() };
        let rules = PartRules::new(&speech, &SpeechSettings::default());
        assert_eq!((rules.min_chars, rules.max_chars, rules.pieces.piece_max), (5, 5, 5), "no more is gathered than may leave");
        assert_eq!(rules.idle, Duration::from_secs(9));
    }
}
