//! A form with one file, read out of the media room while it is sent.

use bytes::Bytes;
use futures_util::stream::{StreamExt as _, once};
use reqwest::Body;
use uuid::Uuid;

use crate::ports::{MediaStream, OpenMedia};

/// A form.
pub(in crate::channel::rocketchat) struct Form {
    /// What its content type is.
    pub(in crate::channel::rocketchat) content_type: String,
    /// How many bytes it has.
    pub(in crate::channel::rocketchat) size: u64,
    pub(super) bytes: MediaStream,
}

impl Form {
    /// Returns the form of a file with fields before it. Names and types come from the media room, where they are safe already; what
    /// could end a header is left out all the same.
    pub(in crate::channel::rocketchat) fn new(fields: &[(&str, &str)], name: &str, mime: &str, file: OpenMedia) -> Self {
        let boundary = Uuid::new_v4().simple().to_string();
        let safe = |text: &str| text.replace(['"', '\r', '\n', '\\'], "_");
        let mut head = String::new();
        for (field, text) in fields {
            let field = safe(field);
            head.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n"));
        }
        head.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            safe(name),
            safe(mime)
        ));
        let tail = format!("\r\n--{boundary}--\r\n");
        let around = u64::try_from(head.len() + tail.len()).unwrap_or(u64::MAX);
        let piece = |text: String| once(std::future::ready(Ok(Bytes::from(text))));
        Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            size: around.saturating_add(file.size),
            bytes: piece(head).chain(file.bytes).chain(piece(tail)).boxed(),
        }
    }

    /// Returns what is sent.
    pub(in crate::channel::rocketchat) fn into_body(self) -> Body {
        Body::wrap_stream(self.bytes)
    }
}
