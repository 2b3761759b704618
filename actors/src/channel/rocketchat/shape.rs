//! Cuts an answer into messages that the server takes in one piece each.

use crate::channel::{TextLimit, split};
use crate::message::{Media, Outbound, Shaper};

/// The rules of this platform: text in pieces, a prefix before the first, a file in a message of its own with the first piece
/// as the caption of the first file.
#[derive(Clone, Debug)]
pub(super) struct TextShaper {
    /// The longest piece, characters.
    pub(super) chars_max: usize,
    /// What the first piece begins with.
    pub(super) prefix: Option<String>,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media, mentions } = outbound;
        let text = match &self.prefix {
            Some(prefix) if !text.trim().is_empty() && !prefix.trim().is_empty() => format!("{} {text}", prefix.trim()),
            _ => text,
        };
        let mut mentions = Some(mentions);
        let mut pieces: Vec<_> = split(&text, TextLimit { chars_max: self.chars_max });
        pieces.retain(|piece| !piece.trim().is_empty());
        let mut pieces = pieces.into_iter();
        let mut payload = |text, media: Option<Media>| Outbound {
            target: target.clone(),
            text,
            media: media.into_iter().collect(),
            mentions: mentions.take().unwrap_or_default(),
        };
        let mut media = media.into_iter();
        let mut payloads = Vec::new();
        // The first file has the text's beginning as its caption.
        if let Some(first) = media.next() {
            payloads.push(payload(pieces.next().unwrap_or_default(), Some(first)));
        }
        for piece in pieces {
            payloads.push(payload(piece, None));
        }
        payloads.extend(media.map(|more| payload(String::new(), Some(more))));
        payloads
    }
}
