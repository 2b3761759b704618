//! Cuts an answer into messages that the server takes in one piece each.

use crate::channel::{TextLimit, split};
use crate::message::{Outbound, Shaper};

/// The rules of this platform: text in pieces, an attachment as a line of it, a prefix before the first.
#[derive(Clone, Debug)]
pub(super) struct TextShaper {
    /// The longest piece, characters.
    pub(super) chars_max: usize,
    /// What the first piece begins with.
    pub(super) prefix: Option<String>,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media_url, mentions } = outbound;
        let address = media_url.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let text = match address {
            None => text,
            Some(address) if text.trim().is_empty() => address.to_owned(),
            Some(address) => format!("{text}\n{address}"),
        };
        let text = match &self.prefix {
            Some(prefix) if !text.trim().is_empty() && !prefix.trim().is_empty() => format!("{} {text}", prefix.trim()),
            _ => text,
        };
        let mut mentions = Some(mentions);
        let pieces = split(&text, TextLimit { chars_max: self.chars_max }).into_iter();
        let payload =
            |text| Outbound { target: target.clone(), text, media_url: None, mentions: mentions.take().unwrap_or_default() };
        pieces.filter(|piece| !piece.trim().is_empty()).map(payload).collect()
    }
}
