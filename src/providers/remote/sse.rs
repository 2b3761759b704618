//! Reads server-sent events (HTML standard §9.2) from bytes as they arrive, within bounds.
//!
//! Only the data of events is kept: where an event has a name, its data repeats it.

use std::collections::VecDeque;

/// The longest event; a backend sends a few hundred bytes, or a whole answer at the most.
pub(super) const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// An event or a line is longer than [`EVENT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What has arrived of the event that is not complete.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    /// The last line ended with a carriage return: a newline right behind it belongs to it.
    after_return: bool,
}

impl Decoder {
    /// Takes bytes and adds the events that they complete.
    pub(super) fn push(&mut self, mut bytes: &[u8], events: &mut VecDeque<String>) -> Result<(), TooLong> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.keep(bytes);
            };
            let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            self.keep(line)?;
            self.after_return = rest.first() == Some(&b'\r');
            bytes = rest.get(1..).unwrap_or_default();
            self.end_line(events);
        }
        Ok(())
    }

    /// Returns the event that the body's end completes: some backends leave out the last blank line.
    pub(super) fn finish(&mut self) -> Option<String> {
        if self.line == b"data: [DONE]" {
            return Some("[DONE]".to_owned());
        }
        self.data.take()
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
        if held + bytes.len() > EVENT_BYTES_MAX {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, events: &mut VecDeque<String>) {
        if self.line.is_empty() {
            events.extend(self.data.take());
            return;
        }
        let line = String::from_utf8_lossy(&self.line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests;
