//! Cuts an answer into messages that the server takes in one piece each.

use crate::channel::{ChunkMode, TextLimit, split_by};
use crate::message::{Outbound, Shaper, Speech};

/// The rules of this platform: text in pieces, an attachment as a line of it, a prefix before the first.
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
        let Outbound { target, text, mentions, .. } = outbound;
        let mut mentions = Some(mentions);
        let pieces = split_by(&text, TextLimit { chars_max: self.chars_max }, self.mode).into_iter();
        let payload =
            |text| Outbound { target: target.clone(), text, media_url: None, mentions: mentions.take().unwrap_or_default() };
        pieces.filter(|piece| !piece.trim().is_empty()).map(payload).collect()
    }
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = self.with_prefix(with_address(&outbound));
        self.pieces(Outbound { text, ..outbound })
    }

    fn shape_rest(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = with_address(&outbound);
        self.pieces(Outbound { text, ..outbound })
    }

    fn speech(&self) -> Speech {
        self.speech.clone()
    }
}

/// Returns the text with the attachment's address as its last line.
fn with_address(outbound: &Outbound) -> String {
    let address = outbound.media_url.as_deref().map(str::trim).filter(|address| !address.is_empty());
    match address {
        None => outbound.text.clone(),
        Some(address) if outbound.text.trim().is_empty() => address.to_owned(),
        Some(address) => format!("{}\n{address}", outbound.text),
    }
}
