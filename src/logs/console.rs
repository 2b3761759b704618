//! The console: standard error, so that standard output stays free for what a command prints.

use std::io::{self, Write as _};

use super::line::Form;
use super::queue::Sink;

/// Writes to standard error.
#[derive(Debug)]
pub(super) struct Console {
    form: Form,
    taken: String,
}

impl Console {
    pub(super) fn new(form: Form) -> Self {
        Self { form, taken: String::new() }
    }
}

impl Sink for Console {
    fn line(&mut self, _: i64, line: &str) {
        self.taken.push_str(line);
    }

    fn flush(&mut self) {
        // A console that is gone has nobody to tell.
        let _ = io::stderr().lock().write_all(self.taken.as_bytes());
        self.taken.clear();
    }

    fn dropped(&self, at_ms: i64, count: u64) -> String {
        match self.form {
            Form::Json => super::file::dropped_line(at_ms, count),
            Form::Human(..) => format!("… {count} lines were dropped: the console is too slow\n"),
        }
    }
}
