//! Cuts an answer into messages of a length that people read.

use crate::channel::{TextLimit, split};
use crate::message::{Outbound, Shaper};

/// The rules of this platform: text in pieces, an attachment as a line of it, since the server takes no files from agents.
#[derive(Clone, Debug)]
pub(super) struct TextShaper {
    /// The longest piece, characters.
    pub(super) chars_max: usize,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media_url, mentions } = outbound;
        let address = media_url.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let text = match (text.trim(), address) {
            (text, None) => text.to_owned(),
            ("", Some(address)) => address.to_owned(),
            (text, Some(address)) => format!("{text}\n{address}"),
        };
        let mut mentions = Some(mentions);
        let pieces = split(&text, TextLimit { chars_max: self.chars_max }).into_iter();
        let payload =
            |text| Outbound { target: target.clone(), text, media_url: None, mentions: mentions.take().unwrap_or_default() };
        pieces.filter(|piece| !piece.trim().is_empty()).map(payload).collect()
    }
}
