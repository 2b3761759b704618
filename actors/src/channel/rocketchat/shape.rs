//! Cuts an answer into messages that the server takes in one piece each.

use crate::channel::{ChunkMode, TextLimit, split_by};
use crate::message::{Media, Outbound, Shaper, Speech};

/// The rules of this platform: text in pieces, a prefix before the first, a file in a message of its own with the first piece
/// as the caption of the first file.
#[derive(Clone, Debug)]
pub(super) struct TextShaper {
    /// The longest piece, characters.
    pub(super) chars_max: usize,
    /// Where a text that is longer is cut first.
    pub(super) mode: ChunkMode,
    /// What the first piece begins with.
    pub(super) prefix: Option<String>,
    /// How answers leave while their turns run.
    pub(super) speech: Speech,
}

impl TextShaper {
    fn with_prefix(&self, text: String) -> String {
        match &self.prefix {
            Some(prefix) if !text.trim().is_empty() && !prefix.trim().is_empty() => format!("{} {text}", prefix.trim()),
            _ => text,
        }
    }

    fn pieces(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media, mentions, .. } = outbound;
        let mut mentions = Some(mentions);
        let mut pieces: Vec<_> = split_by(&text, TextLimit { chars_max: self.chars_max }, self.mode);
        pieces.retain(|piece| !piece.trim().is_empty());
        let mut pieces = pieces.into_iter();
        let mut payload = |text, media: Option<Media>| Outbound {
            media: media.into_iter().collect(),
            mentions: mentions.take().unwrap_or_default(),
            ..Outbound::text(target.clone(), text)
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

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = self.with_prefix(outbound.text);
        self.pieces(Outbound { text, ..outbound })
    }

    fn shape_rest(&self, outbound: Outbound) -> Vec<Outbound> {
        self.pieces(outbound)
    }

    fn speech(&self) -> Speech {
        self.speech.clone()
    }
}
