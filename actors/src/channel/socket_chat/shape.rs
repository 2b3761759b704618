//! Cuts an answer into payloads that the platform takes in one piece each.

use url::Url;

use crate::channel::{ChunkMode, TextLimit, split_by};
use crate::message::{Media, Outbound, Shaper, Speech};

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

/// Returns the address of what is sent along; none for what has none that others can open.
pub(super) fn address(media: &Media) -> Option<&str> {
    media.url().map(str::trim).filter(|address| !address.is_empty())
}

/// Returns the line that stands for what cannot travel as a picture; `None` for what can.
pub(super) fn attachment_line(media: &Media) -> Option<String> {
    let left_out = || match &media.name {
        Some(name) => format!("(The file {name} was left out: it has no public address.)"),
        None => "(An attachment was left out: it has no public address.)".to_owned(),
    };
    match address(media) {
        None => Some(left_out()),
        Some(address) => match attachment(address) {
            Attachment::Picture => None,
            Attachment::Link => Some(format!("Attachment: {address}")),
            Attachment::Unreachable => Some(left_out()),
        },
    }
}

/// Returns the text with a line for each thing that cannot travel as a picture, and the pictures.
pub(super) fn with_lines(text: &str, media: Vec<Media>) -> (String, Vec<Media>) {
    let mut text = text.to_owned();
    let mut pictures = Vec::new();
    // A blank address is none at all.
    for media in media.into_iter().filter(|media| media.url().is_none_or(|url| !url.trim().is_empty())) {
        match attachment_line(&media) {
            None => pictures.push(media),
            Some(line) if text.trim().is_empty() => text = line,
            Some(line) => text.push_str(&format!("\n\n{line}")),
        }
    }
    (text, pictures)
}

/// The rules of this platform: text in pieces, a picture with the last of them and further ones behind it, people addressed in the
/// first.
#[derive(Clone, Debug, Default)]
pub(super) struct TextShaper {
    /// Where a text is cut first.
    pub(super) mode: ChunkMode,
    /// How answers leave while their turns run.
    pub(super) speech: Speech,
}

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let Outbound { target, text, media, mentions, .. } = outbound;
        let (text, pictures) = with_lines(&text, media);
        let mut pictures = pictures.into_iter().peekable();
        let mut pieces = split_by(&text, TextLimit { chars_max: TEXT_CHARS_MAX }, self.mode);
        pieces.retain(|piece| !piece.trim().is_empty());
        if pieces.is_empty() && pictures.peek().is_some() {
            pieces.push(String::new());
        }
        let last = pieces.len().saturating_sub(1);
        let mut mentions = Some(mentions);
        let mut payload = |text, picture: Option<Media>| Outbound {
            media: picture.into_iter().collect(),
            mentions: mentions.take().unwrap_or_default(),
            ..Outbound::text(target.clone(), text)
        };
        let mut payloads = Vec::with_capacity(pieces.len());
        for (at, piece) in pieces.into_iter().enumerate() {
            payloads.push(payload(piece, if at == last { pictures.next() } else { None }));
        }
        payloads.extend(pictures.map(|picture| payload(String::new(), Some(picture))));
        payloads
    }

    fn speech(&self) -> Speech {
        self.speech.clone()
    }
}
