//! What was said and what was answered, as the platform sees it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long nothing may happen while something has to.
pub(super) const STILLNESS: Duration = Duration::from_secs(25);

/// Who delivered an answer once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// The gateway sent it (or the broker gives it the first time).
    Sent,
    /// The broker marks it as its own repeat.
    Redelivered,
}

struct Answer {
    chat: String,
    text: String,
    copy: Copy,
}

#[derive(Default)]
struct Book {
    /// The texts of each chat in the order in which they were sent.
    said: BTreeMap<String, Vec<String>>,
    said_at: HashMap<String, Instant>,
    /// Everything that came back, in order.
    answers: Vec<Answer>,
    answered: HashSet<String>,
    /// When each first answer came, and how long after the message.
    waits: Vec<(Instant, Duration)>,
}

/// The record of one account.
pub(super) struct Ledger {
    book: Mutex<Book>,
    answered: watch::Sender<usize>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { book: Mutex::default(), answered: watch::Sender::new(0) }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("the ledger")
    }

    /// Makes the next text of a chat; no other is like it.
    pub(super) fn say(&self, chat: &str) -> String {
        let mut book = self.book();
        let said = book.said.entry(chat.to_owned()).or_default();
        let text = format!("{chat} says {}", said.len() + 1);
        said.push(text.clone());
        book.said_at.insert(text.clone(), Instant::now());
        text
    }

    /// Records an answer.
    pub(super) fn hear(&self, chat: &str, text: &str, copy: Copy) {
        let now = Instant::now();
        let mut book = self.book();
        book.answers.push(Answer { chat: chat.to_owned(), text: text.to_owned(), copy });
        if book.answered.insert(text.to_owned()) {
            if let Some(at) = book.said_at.get(text).copied() {
                book.waits.push((now, now - at));
            }
            let count = book.answered.len();
            drop(book);
            self.answered.send_replace(count);
        }
    }

    /// Returns how many messages were said.
    pub(super) fn said(&self) -> usize {
        self.book().said_at.len()
    }

    /// Returns how many different messages are answered.
    pub(super) fn answered(&self) -> usize {
        *self.answered.borrow()
    }

    /// Waits until so many different messages are answered.
    ///
    /// # Panics
    /// Panics when no further one is answered for [`STILLNESS`]; names some that wait.
    pub(super) async fn until_answered(&self, count: usize) {
        let mut answered = self.answered.subscribe();
        while *answered.borrow_and_update() < count {
            let moved = tokio::time::timeout(STILLNESS, answered.changed()).await;
            assert!(moved.is_ok(), "{} of {count} answered and then nothing: {:?} wait", self.answered(), self.waiting());
        }
    }

    /// Waits until everything said is answered.
    pub(super) async fn until_all_answered(&self) {
        self.until_answered(self.said()).await;
    }

    /// Returns some of the messages without an answer.
    fn waiting(&self) -> Vec<String> {
        let book = self.book();
        book.said.values().flatten().filter(|text| !book.answered.contains(*text)).take(10).cloned().collect()
    }

    /// Returns how long the answers took that came between two moments, sorted.
    pub(super) fn waits(&self, from: Instant, to: Instant) -> Vec<Duration> {
        let book = self.book();
        let mut waits: Vec<_> = book.waits.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, wait)| *wait).collect();
        waits.sort_unstable();
        waits
    }

    /// Checks that everything said was answered, in each chat in the order in which it was said, and nothing else came.
    pub(super) fn check(&self) {
        let book = self.book();
        let mut firsts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for answer in &book.answers {
            if seen.insert(&answer.text) {
                firsts.entry(&answer.chat).or_default().push(&answer.text);
            }
        }
        for (chat, said) in &book.said {
            let answered = firsts.remove(chat.as_str()).unwrap_or_default();
            let wrong = said.iter().zip(&answered).find(|(said, answered)| said != *answered);
            assert!(wrong.is_none(), "{chat}: answers out of order at {wrong:?}");
            assert_eq!(said.len(), answered.len(), "{chat}: so many said and answered");
        }
        assert!(firsts.is_empty(), "answers that nobody asked for: {firsts:?}");
    }

    /// Returns how many copies of each text came beyond the first, leaving out those that the broker marks as its own.
    pub(super) fn repeats(&self) -> HashMap<String, usize> {
        let book = self.book();
        let mut copies: HashMap<String, usize> = HashMap::new();
        for answer in book.answers.iter().filter(|answer| answer.copy == Copy::Sent) {
            *copies.entry(answer.text.clone()).or_default() += 1;
        }
        copies.into_iter().filter(|(_, copies)| *copies > 1).map(|(text, copies)| (text, copies - 1)).collect()
    }
}
