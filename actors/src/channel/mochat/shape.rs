//! Cuts an answer into messages of a length that people read.

use crate::channel::{TextLimit, split};
use crate::message::{Media, Outbound, Shaper};

/// The rules of this platform: text in pieces, an attachment as a line of it, since the server takes no files from agents.
#[derive(Clone, Debug)]
pub(super) struct TextShaper {
    /// The longest piece, characters.
    pub(super) chars_max: usize,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media, mentions, .. } = outbound;
        let words = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let text = words.into_iter().chain(media.iter().filter_map(line)).collect::<Vec<_>>().join("\n");
        let mut mentions = Some(mentions);
        let pieces = split(&text, TextLimit { chars_max: self.chars_max }).into_iter();
        let payload = |text| Outbound { mentions: mentions.take().unwrap_or_default(), ..Outbound::text(target.clone(), text) };
        pieces.filter(|piece| !piece.trim().is_empty()).map(payload).collect()
    }
}

/// Returns the line that stands for a file: its address as it is, or that it stayed here.
fn line(media: &Media) -> Option<String> {
    match media.url().map(str::trim) {
        Some("") => None,
        Some(address) if !address.starts_with("data:") => Some(address.to_owned()),
        _ => Some(format!(
            "(The file {} was left out: it has no public address.)",
            media.name.as_deref().unwrap_or("without a name")
        )),
    }
}
