//! Media in a request: pictures as parts of their own where the model takes them, all else as lines of the text.

use std::borrow::Cow;

use callboard_actors::message::Media;

use super::settings::{Ability, AboutModel};

/// Media as it is sent.
pub(super) struct Sorted<'a> {
    /// What is said, with a line for each file.
    pub(super) text: String,
    /// The pictures by their addresses, for parts of their own; bytes that are in hand stand in a `data:` address.
    pub(super) pictures: Vec<Cow<'a, str>>,
}

/// Sorts what comes with a text. What lies in the agent's workspace has a line there also when it is shown: a tool may want the file.
pub(super) fn sort<'a>(text: &str, media: &'a [Media], about: Option<&AboutModel>) -> Sorted<'a> {
    let takes = about.is_none_or(|about| about.images == Ability::Can);
    let shown = |media: &'a Media| media.picture_url().filter(|_| takes && is_picture(media));
    let lines = media.iter().filter(|media| media.path().is_some() || shown(media).is_none());
    Sorted { text: with_links(text, lines), pictures: media.iter().filter_map(shown).collect() }
}

/// Returns a text with a line for each thing that came with it.
pub(super) fn with_links<'a>(text: &str, media: impl IntoIterator<Item = &'a Media>) -> String {
    media.into_iter().fold(text.to_owned(), |mut text, media| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&media.line());
        text
    })
}

/// Returns MIME type and base64 text of a `data:` address.
pub(super) fn inline(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let mime = head.strip_suffix(";base64")?;
    Some((mime.split(';').next().unwrap_or(mime), data))
}

/// What the gateway would not or could not fetch is nothing for the backend either: its address may lead into a private network, and
/// one that a backend cannot open makes it refuse the whole conversation. Bytes in hand can be shown, whatever else went wrong.
fn is_picture(media: &Media) -> bool {
    if media.note.is_some() && media.data.is_none() {
        return false;
    }
    let said = media.mime.as_deref().or_else(|| inline(media.url()?).map(|(mime, _)| mime));
    said.is_some_and(|mime| mime.starts_with("image/"))
}

#[cfg(test)]
mod tests;
