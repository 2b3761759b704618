//! What long runs under faults have in common: which answers belong to which questions, and what is wrong with them.
//!
//! A question says `ask-PLACE-NUMBER`, both of them numbers; whatever answers it has these words in it.

use std::collections::{BTreeMap, BTreeSet};

/// A message of the one that is asked.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id on the platform.
    pub id: String,
    /// Where it stands.
    pub place: String,
    /// What it says.
    pub text: String,
}

/// Whether answers go on coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// They do.
    Kept,
    /// None has come for too long.
    Lost,
}

/// What came of a run. Everything in the lists is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many questions were asked.
    pub asked: usize,
    /// Questions without an answer.
    pub missing: Vec<String>,
    /// Questions with more than one.
    pub doubled: Vec<String>,
    /// Answers that came before that of an earlier question in their room.
    pub late: Vec<String>,
    /// Answers in another room than that of their question.
    pub astray: Vec<String>,
    /// Answers to what asked for none.
    pub unasked: Vec<String>,
    /// Places where the parts of answers are not what they should be, or not in order.
    pub broken: Vec<String>,
}

impl Report {
    /// # Panics
    /// Panics when anything was lost, doubled, out of order or answered without being asked.
    pub fn assert_clean(&self) {
        assert_eq!(*self, Self { asked: self.asked, ..Self::default() });
    }
}

/// Compares questions, each with the number of its place, with what was said, in the order of the platform.
pub fn judge(places: &[&str], asked: &[(usize, String)], said: Vec<Answer>) -> Report {
    let mut report = Report { asked: asked.len(), ..Report::default() };
    let mut answers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for Answer { id, place, text } in said {
        let questions = questions_of(&text);
        if questions.is_empty() {
            report.unasked.push(format!("{place}: {text}"));
        }
        for question in questions {
            let first = !answers.contains_key(&question);
            answers.entry(question.clone()).or_default().insert(id.clone());
            let Some((at, number)) = place_of(&question).filter(|(at, _)| *at < places.len()) else { continue };
            if places[at] != place {
                report.astray.push(question.clone());
            }
            let newest = last.entry(at).or_default();
            if first && number < *newest {
                report.late.push(question);
            }
            *newest = number.max(*newest);
        }
    }
    for (_, question) in asked {
        match answers.get(question).map_or(0, BTreeSet::len) {
            0 => report.missing.push(question.clone()),
            1 => {}
            _ => report.doubled.push(question.clone()),
        }
    }
    report
}

/// Compares questions with answers that come in parts or grow: each is `well`, the question's words, `over`, and in each place they have
/// to stand one behind the other, in order, whole, each once.
pub fn judge_grown(places: &[&str], asked: &[(usize, String)], said: &[Answer], each_alone: bool) -> Report {
    let mut report = Report { asked: asked.len(), ..Report::default() };
    for (at, place) in places.iter().enumerate() {
        let here: Vec<_> = said.iter().filter(|answer| answer.place == *place).collect();
        let words: Vec<String> = here.iter().flat_map(|answer| marks_of(&answer.text)).collect();
        let questions: Vec<_> = asked.iter().filter(|(room, _)| *room == at).map(|(_, question)| question).collect();
        for question in &questions {
            match words.iter().filter(|word| word == question).count() {
                0 => report.missing.push((*question).clone()),
                1 => {}
                _ => report.doubled.push((*question).clone()),
            }
        }
        let expected: Vec<String> =
            questions.iter().flat_map(|question| ["well".to_owned(), (*question).clone(), "over".to_owned()]).collect();
        if let Some(number) = (0..words.len().max(expected.len())).find(|number| words.get(*number) != expected.get(*number)) {
            let from = number.saturating_sub(3);
            let part = |list: &[String]| list.iter().skip(from).take(8).cloned().collect::<Vec<_>>().join(" ");
            report.broken.push(format!("{place}: at {number}: {} instead of {}", part(&words), part(&expected)));
        }
        let in_pieces = |answer: &&&Answer| each_alone && marks_of(&answer.text).len() != 3;
        report
            .broken
            .extend(here.iter().filter(in_pieces).map(|answer| format!("{place}: not one whole answer: {}", answer.text)));
    }
    report
}

/// Returns the questions whose answers, in parts or grown, are whole.
pub fn grown(said: &[Answer]) -> BTreeSet<String> {
    let mut last: BTreeMap<&str, String> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for answer in said {
        for mark in marks_of(&answer.text) {
            let before = last.insert(&answer.place, mark.clone());
            if mark == "over" {
                whole.extend(before.filter(|before| before.starts_with("ask-")));
            }
        }
    }
    whole
}

fn marks_of(text: &str) -> Vec<String> {
    let words = text.split(|mark: char| !mark.is_ascii_alphanumeric() && mark != '-');
    let is_mark = |word: &&str| matches!(*word, "well" | "over") || word.starts_with("ask-") && place_of(word).is_some();
    words.filter(is_mark).map(str::to_owned).collect()
}

/// Returns whether one of so many troubles, spread evenly, is due after this message.
pub fn due(troubles: usize, number: usize, messages: usize) -> bool {
    let step = messages / (troubles + 1);
    troubles > 0 && step > 0 && (number + 1).is_multiple_of(step) && (number + 1) / step <= troubles
}

/// Returns the questions that a text names.
pub fn questions_of(text: &str) -> Vec<String> {
    let words = text.split(|mark: char| !mark.is_ascii_alphanumeric() && mark != '-');
    words.filter(|word| word.starts_with("ask-") && place_of(word).is_some()).map(str::to_owned).collect()
}

fn place_of(question: &str) -> Option<(usize, usize)> {
    let (at, number) = question.strip_prefix("ask-")?.split_once('-')?;
    Some((at.parse().ok()?, number.parse().ok()?))
}

/// Returns the size of a long run: the small one, or the whole where `CALLBOARD_TEST_FULL` is 1.
pub fn size<T>(small: T, full: T) -> T {
    if std::env::var_os("CALLBOARD_TEST_FULL").is_some_and(|value| value == "1") { full } else { small }
}
