//! The body of an HTTP request or answer: several frames, bytes among them as base64.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::frame::{Frame, Message};

/// What stands between two frames.
const BETWEEN: char = '\u{1e}';

/// How many frames one body may have.
const FRAMES_MAX: usize = 16_384;

/// Reads the frames of a body.
///
/// # Errors
/// Says what is wrong with the first one that cannot be read.
pub(super) fn read(body: &str) -> Result<VecDeque<Frame>, String> {
    if body.matches(BETWEEN).count() >= FRAMES_MAX {
        return Err(format!("an answer of more than {FRAMES_MAX} frames"));
    }
    body.split(BETWEEN).map(read_one).collect()
}

fn read_one(text: &str) -> Result<Frame, String> {
    match text.strip_prefix('b') {
        None => Frame::read(text),
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|error| format!("bytes that are no base64: {error}"))?;
            Ok(Frame::Message(Message::Binary(Bytes::from(bytes))))
        }
    }
}

/// Writes as many frames as go into one body, at least one, and takes them out of the queue.
pub(super) fn write(frames: &mut VecDeque<Frame>, bytes_max: usize) -> String {
    let mut body = String::new();
    while let Some(frame) = frames.pop_front() {
        let text = match frame.clone().write() {
            Message::Text(text) => text,
            Message::Binary(bytes) => format!("b{}", STANDARD.encode(&bytes)),
        };
        if !body.is_empty() && body.len() + BETWEEN.len_utf8() + text.len() > bytes_max {
            frames.push_front(frame);
            break;
        }
        if !body.is_empty() {
            body.push(BETWEEN);
        }
        body.push_str(&text);
    }
    body
}

/// Returns how many bytes a message has in a body.
pub(super) fn size_of(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len() + 1,
        Message::Binary(bytes) => bytes.len().div_ceil(3) * 4 + 1,
    }
}
