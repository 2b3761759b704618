//! What came with the question goes into the media room, so that the session finds it like everything that comes by a channel.
//!
//! Only what came with the question is taken: of earlier messages a model is told that there was something, as it is by the public
//! gateway.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use callboard_actors::message::{Media, base64};
use callboard_actors::ports::{Claim, MediaFault, MediaRoom, Patron};
use futures_util::future::{ready, try_join_all};
use futures_util::stream::{StreamExt as _, once};

use super::fault::{base64 as no_base64, media as not_taken, too_large, wrong, wrong_type};
use super::rules::told;
use super::texts::{is_text, text};
use super::{Attached, BodyRules, ByAddress, Kinds, Sort, Source};
use crate::http::error::ApiError;
use crate::http::openai::request::ChatMessage;

/// How many files a question may have beside its texts.
const FILES_MAX: usize = 10;

/// What came with a question, taken in.
#[derive(Debug, Default)]
pub(in crate::http::openai) struct Taken {
    all: Vec<(String, Source)>,
}

impl Taken {
    /// Returns what goes with the turn.
    pub(in crate::http::openai) fn media(&self) -> Vec<Media> {
        let media = |(_, source): &(String, Source)| if let Source::Taken(media) = source { Some(media.clone()) } else { None };
        self.all.iter().filter_map(media).collect()
    }

    /// Returns the texts that came by address, for the instructions.
    pub(in crate::http::openai) fn texts(&self) -> Option<String> {
        let text = |(_, source): &(String, Source)| if let Source::Text(text) = source { Some(text.to_string()) } else { None };
        let texts: Vec<_> = self.all.iter().filter_map(text).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }

    /// Puts what was taken in its place in a conversation that is remembered, and lets go of the bytes of everything else.
    pub(in crate::http::openai) fn settle(&self, messages: &mut [ChatMessage]) {
        for attached in messages.iter_mut().flat_map(|message| &mut message.content.attached) {
            if let Source::Inline(_) | Source::Address(_) = attached.source {
                let taken = self.all.iter().find(|(at, _)| *at == attached.at);
                let told = || Source::Text(attached.line().into());
                attached.source = taken.map_or_else(told, |(_, source)| source.clone());
            }
        }
    }
}

/// Takes what came with a question.
///
/// # Errors
/// Names the field of the first that cannot be taken; there are too many, or they are too large together.
pub(in crate::http::openai) async fn take(
    attached: Vec<Attached>,
    rules: &BodyRules,
    room: &Arc<dyn MediaRoom>,
) -> Result<Taken, ApiError> {
    count(&attached, rules)?;
    let all = try_join_all(attached.into_iter().map(|one| take_one(one, rules, room))).await?;
    let pictures = all.iter().filter(|(_, sort, _)| *sort == Sort::Picture);
    let mut left = rules.pictures_bytes_max;
    for (at, _, source) in pictures {
        let Source::Taken(Media { size: Some(size), .. }) = source else { continue };
        left = left.checked_sub(*size).ok_or_else(|| together(at, rules))?;
    }
    Ok(Taken { all: all.into_iter().map(|(at, _, source)| (at, source)).collect() })
}

/// Looks at how many there are and how large they must be, before anything is decoded or asked.
fn count(attached: &[Attached], rules: &BodyRules) -> Result<(), ApiError> {
    let (mut pictures, mut files, mut addresses, mut bytes) = (0, 0, 0, 0_u64);
    for Attached { at, sort, source, .. } in attached {
        match sort {
            Sort::Picture => pictures += 1,
            Sort::File => files += 1,
        }
        match source {
            Source::Address(_) => addresses += 1,
            Source::Inline(data) if *sort == Sort::Picture => {
                bytes = bytes.saturating_add(u64::try_from(data.len() / 4 * 3).unwrap_or(u64::MAX));
            }
            _ => {}
        }
        if pictures > rules.pictures_max {
            let (max, key) = (rules.pictures_max, told(rules.keys.pictures_max));
            return Err(wrong(at, &format!("is one picture too many: the question may have {max}{key}")));
        }
        if files > FILES_MAX {
            return Err(wrong(at, &format!("is one file too many: the question may have {FILES_MAX}")));
        }
        if addresses > rules.addresses_max {
            let (max, key) = (rules.addresses_max, told(rules.keys.addresses_max));
            return Err(wrong(at, &format!("is one address too many: the question may have {max}{key}")));
        }
        if bytes > rules.pictures_bytes_max.saturating_add(2) {
            return Err(together(at, rules));
        }
    }
    Ok(())
}

fn together(at: &str, rules: &BodyRules) -> ApiError {
    let (max, key) = (rules.pictures_bytes_max, told(rules.keys.pictures_bytes_max));
    let text = format!("`{at}`: the pictures have more than {max} bytes together{key}");
    ApiError::new(callboard_actors::message::Code::TooLarge, text).about(at)
}

async fn take_one(one: Attached, rules: &BodyRules, room: &Arc<dyn MediaRoom>) -> Result<(String, Sort, Source), ApiError> {
    let Attached { at, sort, mime, name, source } = one;
    let kinds = match sort {
        Sort::Picture => &rules.pictures,
        Sort::File => &rules.files,
    };
    let about = Claim::up_to(kinds.bytes_max);
    let claim = Claim { name: name.clone(), mime, reach: kinds.reach.clone(), patron: Patron::Request, ..about };
    let media = match source {
        Source::Inline(data) => {
            let max = usize::try_from(kinds.bytes_max).unwrap_or(usize::MAX);
            let bytes = base64::decode(&data, max).map_err(|fault| no_base64(&at, &fault, kinds))?;
            room.put(claim, once(ready(Ok(bytes))).boxed()).await
        }
        Source::Address(url) if kinds.by_address == ByAddress::Fetched => room.fetch(url, claim).await,
        // The model is told of it.
        Source::Address(url) if sort == Sort::Picture => return Ok((at, sort, Source::Taken(Media::at_url(url, None)))),
        Source::Address(_) => {
            return Err(wrong(&at, "names a file elsewhere, which is not fetched here: send it inside the request"));
        }
        source @ (Source::Taken(_) | Source::Text(_) | Source::Odd(_)) => return Ok((at, sort, source)),
    };
    let media = media.map_err(|fault| not_taken(&at, &fault, kinds))?;
    let source = look(&at, media, kinds, rules, room).await?;
    Ok((at, sort, source))
}

/// Looks at what the bytes are. A text that came by address is read as one that came inside the request.
async fn look(at: &str, media: Media, kinds: &Kinds, rules: &BodyRules, room: &Arc<dyn MediaRoom>) -> Result<Source, ApiError> {
    let mime = media.mime.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    if !kinds.have(&mime) {
        return Err(wrong_type(at, &mime, kinds));
    }
    if !is_text(&mime) {
        return Ok(Source::Taken(media));
    }
    let bytes = whole(&media, kinds.bytes_max, room).await.map_err(|fault| match fault {
        MediaFault::TooLarge { max } => too_large(at, max, kinds),
        fault => not_taken(at, &fault, kinds),
    })?;
    text(at, media.name.as_deref(), &bytes, rules.chars_max).map(Source::Text)
}

async fn whole(media: &Media, bytes_max: u64, room: &Arc<dyn MediaRoom>) -> Result<Bytes, MediaFault> {
    let id = media.blob().cloned().ok_or(MediaFault::Missing)?;
    let mut open = room.open(id).await?;
    if open.size > bytes_max {
        return Err(MediaFault::TooLarge { max: bytes_max });
    }
    let mut whole = BytesMut::new();
    while let Some(part) = open.bytes.next().await {
        whole.extend_from_slice(&part?);
    }
    Ok(whole.freeze())
}
