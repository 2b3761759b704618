//! Media in a request: pictures as parts of their own where the model takes them, all else as lines of the text.

use callboard_actors::message::Media;

use super::settings::{Ability, AboutModel};

/// Media as it is sent.
pub(super) struct Sorted<'a> {
    /// What is said, with a line for each file.
    pub(super) text: String,
    /// The pictures, for parts of their own.
    pub(super) pictures: Vec<&'a Media>,
}

/// Sorts what comes with a text.
pub(super) fn sort<'a>(text: &str, media: &'a [Media], about: Option<&AboutModel>) -> Sorted<'a> {
    let takes = about.is_none_or(|about| about.images == Ability::Can);
    let (pictures, files): (Vec<_>, Vec<_>) = media.iter().partition(|media| takes && is_picture(media));
    Sorted { text: with_links(text, files), pictures }
}

/// Returns a text with a line for each thing that came with it.
pub(super) fn with_links<'a>(text: &str, media: impl IntoIterator<Item = &'a Media>) -> String {
    media.into_iter().fold(text.to_owned(), |mut text, media| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("[media]");
        // The bytes of a picture are no words: a model would be told megabytes of them.
        if inline(&media.url).is_none() {
            text.push(' ');
            text.push_str(&media.url);
        }
        if let Some(mime) = &media.mime {
            text.push_str(&format!(" ({mime})"));
        }
        text
    })
}

/// Returns MIME type and base64 text of a `data:` address.
pub(super) fn inline(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let mime = head.strip_suffix(";base64")?;
    Some((mime.split(';').next().unwrap_or(mime), data))
}

fn is_picture(media: &Media) -> bool {
    let said = media.mime.as_deref().or_else(|| inline(&media.url).map(|(mime, _)| mime));
    said.is_some_and(|mime| mime.starts_with("image/"))
}
