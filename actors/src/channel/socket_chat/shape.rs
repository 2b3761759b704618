//! Cuts an answer into payloads that the platform takes in one piece each.

use url::Url;

use crate::channel::{ChunkMode, TextLimit, split_by};
use crate::message::{Outbound, Shaper, Speech};

/// The longest text of one payload, characters.
pub(super) const TEXT_CHARS_MAX: usize = 4096;
/// Endings of addresses that the platform shows as a picture.
const IMAGE_ENDINGS: &[&str] = &["jpg", "jpeg", "png", "gif", "webp", "bmp", "avif", "heic"];

/// How an attachment travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    /// As a picture by its public address.
    Picture,
    /// As a line of text with its address.
    Link,
    /// Not at all: nobody else can open it.
    Unreachable,
}

/// Returns how an attachment travels. An address without a file's ending is taken for a picture, since the platform takes
/// nothing else by address and pictures are what agents send.
pub(super) fn attachment(address: &str) -> Attachment {
    let Ok(url) = Url::parse(address.trim()) else { return Attachment::Unreachable };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Attachment::Unreachable;
    }
    let file = url.path().rsplit('/').next().unwrap_or_default();
    match file.rsplit_once('.') {
        None => Attachment::Picture,
        Some((_, ending)) if IMAGE_ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) => Attachment::Picture,
        Some(_) => Attachment::Link,
    }
}

/// Returns the text with its attachment as a line below it, where it cannot travel as a picture.
pub(super) fn with_attachment_line(text: &str, address: &str, attachment: Attachment) -> String {
    let line = match attachment {
        Attachment::Picture => return text.to_owned(),
        Attachment::Link => format!("Attachment: {}", address.trim()),
        Attachment::Unreachable => "(An attachment was left out: it has no public address.)".to_owned(),
    };
    if text.trim().is_empty() { line } else { format!("{text}\n\n{line}") }
}

/// The rules of this platform: text in pieces, a picture with the last of them, people addressed in the first.
#[derive(Clone, Debug, Default)]
pub(super) struct TextShaper {
    /// Where a text is cut first.
    pub(super) mode: ChunkMode,
    /// How answers leave while their turns run.
    pub(super) speech: Speech,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media_url, mentions } = outbound;
        let address = media_url.filter(|address| !address.trim().is_empty());
        let (text, mut picture) = match address {
            None => (text, None),
            Some(address) => match attachment(&address) {
                Attachment::Picture => (text, Some(address)),
                other => (with_attachment_line(&text, &address, other), None),
            },
        };
        let mut pieces = split_by(&text, TextLimit { chars_max: TEXT_CHARS_MAX }, self.mode);
        pieces.retain(|piece| !piece.trim().is_empty());
        if pieces.is_empty() && picture.is_some() {
            pieces.push(String::new());
        }
        let last = pieces.len().saturating_sub(1);
        let mut mentions = Some(mentions);
        let payload = |(at, text)| Outbound {
            target: target.clone(),
            text,
            media_url: if at == last { picture.take() } else { None },
            mentions: mentions.take().unwrap_or_default(),
        };
        pieces.into_iter().enumerate().map(payload).collect()
    }

    fn speech(&self) -> Speech {
        self.speech.clone()
    }
}
