//! Whoever logs never waits.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::logs::queue::{Queue, Sink};

const PATIENCE: Duration = Duration::from_secs(10);

/// A sink that takes its first line and then waits to be let go.
struct Slow {
    taken: Arc<Mutex<Vec<String>>>,
    began: Sender<()>,
    go: Receiver<()>,
}

impl Sink for Slow {
    fn line(&mut self, _: i64, line: &str) {
        let mut taken = self.taken.lock().unwrap();
        taken.push(line.to_owned());
        if taken.len() == 1 {
            drop(taken);
            self.began.send(()).unwrap();
            self.go.recv_timeout(PATIENCE).unwrap();
        }
    }

    fn flush(&mut self) {}

    fn dropped(&self, _: i64, count: u64) -> String {
        format!("{count} dropped\n")
    }
}

#[test]
fn lines_beyond_the_bound_are_dropped_and_counted() {
    let (began, begun) = channel();
    let (let_go, go) = channel();
    let taken = Arc::<Mutex<Vec<String>>>::default();
    let queue = Queue::start("test", 4, Slow { taken: taken.clone(), began, go }).unwrap();
    queue.put(0, "first\n".into());
    begun.recv_timeout(PATIENCE).unwrap();
    for n in 0..10 {
        queue.put(0, format!("{n}\n"));
    }
    let_go.send(()).unwrap();
    queue.flush(PATIENCE);
    assert_eq!(*taken.lock().unwrap(), ["first\n", "6 dropped\n", "0\n", "1\n", "2\n", "3\n"]);
}

#[test]
fn a_flush_does_not_wait_for_ever() {
    let (began, begun) = channel();
    let (let_go, go) = channel::<()>();
    let queue = Queue::start("test", 1, Slow { taken: Arc::default(), began, go }).unwrap();
    queue.put(0, "first\n".into());
    begun.recv_timeout(PATIENCE).unwrap();
    queue.flush(Duration::from_millis(5));
    queue.put(0, "second\n".into());
    queue.flush(Duration::from_millis(5));
    let_go.send(()).unwrap();
}
