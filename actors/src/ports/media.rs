//! Where the bytes of pictures, films and files are: a room beside the store, lent to channels, turns and whoever sends.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use futures_util::stream::BoxStream;

use crate::message::{AccountKey, BlobId, Code, Media, SessionKey};

/// How large a file may be where no setting says, bytes.
pub const MEDIA_BYTES_DEFAULT: u64 = 8 << 20;

/// The largest size that a setting may allow, MiB.
pub const MEDIA_MB_MAX: u32 = 1024;

/// How many files of one message are taken; further ones are named and left where they are.
pub const MEDIA_OF_MESSAGE_MAX: usize = 10;

/// Why a file was not taken, or is not here. No text of it holds an address or a login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaFault {
    /// It is larger than it may be.
    #[error("it is larger than {} bytes, the most that is taken (`mediaMaxMb`)", max)]
    TooLarge {
        /// The bound, bytes.
        max: u64,
    },
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// The room has no place, and nothing in it that nobody needs any more.
    #[error("the media room is full: let messages be answered, or free the disk")]
    Full,
    /// It is not there any more.
    #[error("it is not kept any more")]
    Missing,
    /// What came is not the file that was told.
    #[error("{0}")]
    NotTheFile(String),
    /// The address is not asked: it is private, or of a kind that is not read.
    #[error("{0}")]
    Blocked(String),
    /// There was no answer in time.
    #[error("it had not come after {seconds} s")]
    Timeout {
        /// How long was waited, seconds.
        seconds: u64,
    },
    /// It trickles: whoever sends it so holds a place that others wait for.
    #[error("it came slower than {bytes_per_sec} bytes a second")]
    TooSlow {
        /// The least that has to come, bytes a second.
        bytes_per_sec: u64,
    },
    /// There was no answer, or not the wanted one.
    #[error("{0}")]
    Unreachable(String),
    /// The disk says no.
    #[error("it cannot be kept: {0}")]
    Disk(String),
}

impl MediaFault {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::TooLarge,
            Self::Empty => Code::InvalidRequest,
            Self::Full | Self::Disk(_) => Code::StoreUnavailable,
            Self::Missing => Code::NotFound,
            Self::NotTheFile(_) | Self::Unreachable(_) => Code::BadUpstream,
            Self::Blocked(_) => Code::Forbidden,
            Self::Timeout { .. } | Self::TooSlow { .. } => Code::Timeout,
        }
    }

    /// Returns whether the same may succeed later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Full | Self::Disk(_) | Self::Timeout { .. } | Self::TooSlow { .. } | Self::Unreachable(_))
    }
}

/// Returns what a setting in MiB allows, bytes; the default where there is none.
#[must_use]
pub fn media_bytes_max(setting_mb: Option<u32>) -> u64 {
    setting_mb.map_or(MEDIA_BYTES_DEFAULT, |mb| u64::from(mb) << 20)
}

/// How far an address is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// How often it may send on.
    pub redirects_max: usize,
    /// How long it may take in all, redirects and the bytes included.
    pub time_max: Duration,
    /// The hosts that may be asked, at every step: names, or `*.example.org` for all names below one. Empty for every public host.
    pub hosts: Vec<String>,
}

impl Default for Reach {
    fn default() -> Self {
        Self { redirects_max: 3, time_max: Duration::from_secs(30), hosts: Vec::new() }
    }
}

impl Reach {
    /// Returns whether a host, in small letters, is one of those that may be asked.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        let fits = |rule: &String| match rule.strip_prefix("*.") {
            Some(under) => host.strip_suffix(under).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host == rule,
        };
        self.hosts.is_empty() || self.hosts.iter().any(fits)
    }
}

/// For whom a file is taken in: the room's places are shared out among them, so that nobody's slow files hold up everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patron {
    /// The gateway itself, an agent, or a client that has shown its credential.
    #[default]
    House,
    /// A client over HTTP that waits for its turn. What it brings is needed until then only, and has a room of its own.
    Request,
    /// Somebody who writes on a platform.
    Peer {
        /// The account that was written to.
        account: AccountKey,
        /// The platform's id of who writes.
        peer: String,
    },
}

/// What is said of a file that is on its way into the room, how large it may be, and how it may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name, as a stranger says it.
    pub name: Option<String>,
    /// Its type, as a stranger says it: only believed where the bytes do not say otherwise.
    pub mime: Option<String>,
    /// The most bytes that are taken.
    pub bytes_max: u64,
    /// For whom it comes.
    pub patron: Patron,
    /// How far its address is followed, where it has one.
    pub reach: Reach,
}

impl Claim {
    /// Returns what is said of a file of which nothing is said.
    #[must_use]
    pub fn up_to(bytes_max: u64) -> Self {
        Self { name: None, mime: None, bytes_max, patron: Patron::default(), reach: Reach::default() }
    }

    /// Returns what a file says of itself.
    #[must_use]
    pub fn of(media: &Media, bytes_max: u64) -> Self {
        Self { name: media.name.clone(), mime: media.mime.clone(), ..Self::up_to(bytes_max) }
    }
}

/// Bytes on their way.
pub type MediaStream = BoxStream<'static, Result<Bytes, MediaFault>>;

/// Opens bytes, once there is a place for them.
pub type Opening = BoxFuture<'static, Result<Opened, MediaFault>>;

/// What was opened.
pub enum Opened {
    /// The bytes.
    Bytes(MediaStream),
    /// They are at a public address, which is asked as by [`MediaRoom::fetch`].
    Elsewhere(String),
}

/// What the room answers.
pub type MediaAnswer<T> = BoxFuture<'static, Result<T, MediaFault>>;

/// A file that is read out of the room.
pub struct OpenMedia {
    /// Its size, bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: MediaStream,
}

impl std::fmt::Debug for OpenMedia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenMedia").field("size", &self.size).finish_non_exhaustive()
    }
}

/// How large files may be where no account says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaBounds {
    /// What comes to an agent, bytes.
    pub file_bytes_max: u64,
    /// What an agent sends, bytes.
    pub sent_bytes_max: u64,
    /// An attachment of a control client, bytes.
    pub attachment_bytes_max: u64,
}

impl Default for MediaBounds {
    fn default() -> Self {
        Self { file_bytes_max: MEDIA_BYTES_DEFAULT, sent_bytes_max: 16 << 20, attachment_bytes_max: 5_000_000 }
    }
}

/// The room. Its answers are bounded in time by whoever asks, its work in size by the claim.
pub trait MediaRoom: std::fmt::Debug + Send + Sync + 'static {
    /// Waits for a place, opens bytes and takes them in; they are on the disk when this answers. The same bytes are kept once. Dropping it
    /// takes nothing in.
    fn take(&self, claim: Claim, opening: Opening) -> MediaAnswer<Media>;

    /// Takes in bytes that are open already, in hand for example.
    fn put(&self, claim: Claim, bytes: MediaStream) -> MediaAnswer<Media> {
        self.take(claim, ready(Ok(Opened::Bytes(bytes))).boxed())
    }

    /// Opens what is in the room.
    fn open(&self, id: BlobId) -> MediaAnswer<OpenMedia>;

    /// Takes in what a public address leads to, by GET and without any login; no private address is asked, also not by way of a
    /// redirect or a name. Bounded in time.
    fn fetch(&self, url: String, claim: Claim) -> MediaAnswer<Media>;

    /// Makes what comes with a turn ready for its provider: files lie in the workspace of the session's agent, and small pictures have
    /// their bytes in hand. What cannot be made ready says why in its note. Bounded in time.
    fn show(&self, session: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>>;

    /// Returns how large files may be at this moment where no account says it.
    fn bounds(&self) -> MediaBounds {
        MediaBounds::default()
    }
}

/// A room without a place: takes nothing in, and shows everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct NoMediaRoom;

impl MediaRoom for NoMediaRoom {
    fn take(&self, _: Claim, _: Opening) -> MediaAnswer<Media> {
        ready(Err(MediaFault::Full)).boxed()
    }

    fn open(&self, _: BlobId) -> MediaAnswer<OpenMedia> {
        ready(Err(MediaFault::Missing)).boxed()
    }

    fn fetch(&self, _: String, _: Claim) -> MediaAnswer<Media> {
        ready(Err(MediaFault::Full)).boxed()
    }

    fn show(&self, _: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        ready(media).boxed()
    }
}
