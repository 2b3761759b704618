//! An archive that a test can look into.

use std::sync::Mutex;

use uuid::Uuid;

use crate::message::Entry;
use crate::ports::{Answer, Archive};

/// Keeps transcripts in memory, in the order they came.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Vec<(Uuid, Vec<Entry>)>>);

impl Shelf {
    /// Returns what it keeps of each transcript, kept once however often it came.
    pub(crate) fn kept(&self) -> Vec<Vec<Entry>> {
        let kept = self.0.lock().unwrap();
        let firsts = kept.iter().enumerate().filter(|(at, (id, _))| kept.iter().take(*at).all(|(other, _)| other != id));
        firsts.map(|(_, (_, lines))| lines.clone()).collect()
    }
}

impl Archive for Shelf {
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()> {
        self.0.lock().unwrap().push((transcript, lines));
        Box::pin(std::future::ready(Ok(())))
    }
}
