//! What somebody writes.

use std::io::{BufRead, Read as _};

use tokio::sync::mpsc;

/// How many lines are read ahead; then the writer waits.
const AHEAD: usize = 16;
/// How long a line may be: what a gateway takes in a frame, and some room.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// What is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Text(String),
    /// It cannot be read: why.
    Broken(String),
    /// There is no more.
    End,
}

/// Lines as they come.
#[derive(Debug)]
pub(super) struct Lines(mpsc::Receiver<Line>);

impl Lines {
    /// Reads standard input, on a thread of its own that ends with the process: a read of a terminal cannot be given up.
    pub(super) fn of_stdin() -> Self {
        Self::of(|| std::io::stdin().lock())
    }

    pub(super) fn of<R: BufRead>(open: impl FnOnce() -> R + Send + 'static) -> Self {
        let (send, receive) = mpsc::channel(AHEAD);
        std::thread::spawn(move || {
            let mut input = open();
            loop {
                let line = read(&mut input);
                let is_last = !matches!(line, Line::Text(_));
                if send.blocking_send(line).is_err() || is_last {
                    return;
                }
            }
        });
        Self(receive)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Line {
        self.0.recv().await.unwrap_or(Line::End)
    }
}

fn read(input: &mut impl BufRead) -> Line {
    let mut line = Vec::new();
    match input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
        Ok(0) => Line::End,
        Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 >= LINE_BYTES_MAX => {
            Line::Broken(format!("a line is longer than {LINE_BYTES_MAX} bytes"))
        }
        Ok(_) => match String::from_utf8(line) {
            Ok(text) => Line::Text(text.trim_end_matches(['\n', '\r']).to_owned()),
            Err(_) => Line::Broken("a line is no UTF-8".to_owned()),
        },
        Err(error) => Line::Broken(error.to_string()),
    }
}
