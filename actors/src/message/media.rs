//! A picture, film or file on its way: what it is and where its bytes are. The bytes themselves are in no row.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};

/// Where files that come in are laid in an agent's workspace.
pub const INBOUND_FOLDER: &str = "media/inbound";

/// How many letters of a file's content name stand before its name in a workspace: enough that two files are two.
const TAG_CHARS: usize = 12;

/// The name of bytes in the media room: the SHA-256 of them, as lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct BlobId(String);

impl BlobId {
    /// The length of the name, characters.
    const CHARS: usize = 64;

    /// Returns the name of bytes with this digest.
    #[must_use]
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a name; `None` for anything that is none, so that a name can never be a path.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == Self::CHARS && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// Returns every blob that a row's JSON names; perhaps one that stands there by chance, never one less.
    pub fn named_in(json: &str) -> impl Iterator<Item = Self> {
        json.split("\"blob\":\"").skip(1).filter_map(|rest| Self::read(rest.get(..Self::CHARS)?))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BlobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("not the name of a blob: 64 hex digits"))
    }
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaAt {
    /// On the web, by an `http` or `https` address, or in a `data:` address.
    Url(String),
    /// In the media room.
    Blob(BlobId),
    /// On the platform, by a path that only its connector knows the way to.
    Platform(String),
    /// In [`Media::data`], or nowhere any more: the note says why.
    Nowhere,
}

/// What sort of thing a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Something to hear.
    Audio,
    /// Something to watch.
    Video,
    /// Everything else.
    Document,
}

impl MediaKind {
    /// Returns the sort of a MIME type.
    #[must_use]
    pub fn of(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}

/// A picture, film or file that comes with a message. What is in the media room has its type by its first bytes, its size, and a
/// name that is safe as a file's; before, all of that is a stranger's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where its bytes are.
    #[serde(flatten)]
    pub at: MediaAt,
    /// Its MIME type, where it is known or was said.
    #[serde(default)]
    pub mime: Option<String>,
    /// Its file name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Why its bytes are not here, for the agent to read; carries no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The bytes in hand, in memory alone: on the way into the media room, or out of it to a provider. Never written to a row.
    #[serde(skip)]
    pub data: Option<Bytes>,
}

impl Media {
    /// Returns a file of which no more is known than where it is.
    #[must_use]
    pub const fn new(at: MediaAt) -> Self {
        Self { at, mime: None, name: None, size: None, note: None, data: None }
    }

    /// Returns what an address leads to.
    #[must_use]
    pub fn at_url(url: impl Into<String>, mime: Option<String>) -> Self {
        Self { mime, ..Self::new(MediaAt::Url(url.into())) }
    }

    /// Returns bytes that are in hand, on their way into the media room.
    #[must_use]
    pub fn in_hand(data: Bytes, name: Option<String>, mime: Option<String>) -> Self {
        let size = u64::try_from(data.len()).ok();
        Self { mime, name, size, data: Some(data), ..Self::new(MediaAt::Nowhere) }
    }

    /// Returns the same file, with why its bytes are not here.
    #[must_use]
    pub fn missing(self, note: impl Into<String>) -> Self {
        let at = match self.at {
            // The address is still good for whoever can reach it.
            MediaAt::Url(url) => MediaAt::Url(url),
            _ => MediaAt::Nowhere,
        };
        Self { at, note: Some(note.into()), data: None, ..self }
    }

    /// Returns what sort of thing it is.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.mime.as_deref().map_or(MediaKind::Document, MediaKind::of)
    }

    /// Returns its address on the web.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        if let MediaAt::Url(url) = &self.at { Some(url) } else { None }
    }

    /// Returns its name in the media room.
    #[must_use]
    pub const fn blob(&self) -> Option<&BlobId> {
        if let MediaAt::Blob(id) = &self.at { Some(id) } else { None }
    }

    /// Returns where it lies in the workspace of an agent that was given it, from the workspace's folder.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let tag: String = self.blob()?.as_str().chars().take(TAG_CHARS).collect();
        Some(format!("{INBOUND_FOLDER}/{tag}-{}", self.name.as_deref().unwrap_or("file")))
    }

    /// Returns its address for a provider: bytes in hand as a `data:` address, else where it is on the web.
    #[must_use]
    pub fn picture_url(&self) -> Option<Cow<'_, str>> {
        match (&self.data, self.mime.as_deref(), self.url()) {
            (Some(data), Some(mime), _) => Some(Cow::Owned(format!("data:{mime};base64,{}", STANDARD.encode(data)))),
            (None, _, Some(url)) => Some(Cow::Borrowed(url)),
            _ => None,
        }
    }

    /// Returns the line by which a model or a person is told of it; never its bytes.
    #[must_use]
    pub fn line(&self) -> String {
        let place = match &self.at {
            // A model would be told megabytes of it.
            MediaAt::Url(url) if url.starts_with("data:") => None,
            MediaAt::Url(url) => Some(url.clone()),
            MediaAt::Blob(_) => self.path(),
            MediaAt::Platform(_) | MediaAt::Nowhere => self.name.clone(),
        };
        let about: Vec<_> = self.mime.clone().into_iter().chain(self.size.map(|size| format!("{size} bytes"))).collect();
        let mut line = "[media]".to_owned();
        if let Some(place) = place {
            line.push(' ');
            line.push_str(&place);
        }
        if !about.is_empty() {
            line.push_str(&format!(" ({})", about.join(", ")));
        }
        if let Some(note) = &self.note {
            line.push_str(": ");
            line.push_str(note);
        }
        line
    }
}

/// Reads what came with a message: a list, or one thing as rows had it that were written before there were lists.
///
/// # Errors
/// It is neither.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Media>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Many(Vec<Media>),
        One(Box<Media>),
        None,
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Many(many) => many,
        Form::One(one) => vec![*one],
        Form::None => Vec::new(),
    })
}

#[cfg(test)]
mod tests;
