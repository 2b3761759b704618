//! The media room as actors know it.

use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use callboard_actors::core::{Clock, Live};
use callboard_actors::message::{BlobId, Media, MediaAt, SessionKey, base64};
use callboard_actors::ports::{
    Claim, MediaAnswer, MediaBounds, MediaFault, MediaRoom, MediaStream, OpenMedia, Opened, Opening, Patron, Store,
};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all, ready};
use futures_util::stream::{StreamExt as _, once, unfold};

use super::pace::Paced;
use super::places::Places;
use super::rooms::Rooms;
use super::web::Web;
use super::{MediaSettings, name, show, sniff, sweep};
use crate::public_web::Network;
use crate::workspace::Workspaces;

/// How many bytes are gathered before they are written, for each file that is on its way.
const WRITE_BYTES: usize = 256 * 1024;
/// How many bytes are read at a time.
const READ_BYTES: usize = 256 * 1024;
/// How long a turn waits for its files.
const SHOW_TIME_MAX: Duration = Duration::from_secs(30);
/// How often the room is swept, and how long after the start first.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
const SWEEP_FIRST: Duration = Duration::from_secs(60);

/// What the room is made of.
pub struct MediaParts {
    /// The state folder.
    pub state_dir: PathBuf,
    /// Which rows need what.
    pub store: Arc<dyn Store>,
    /// The folders that agents work in.
    pub workspaces: Live<Workspaces>,
    /// Its bounds.
    pub settings: Live<MediaSettings>,
    /// The time.
    pub clock: Clock,
}

/// The media room. Cheap to clone.
#[derive(Clone)]
pub struct MediaHouse {
    rooms: Rooms,
    web: Arc<Web>,
    store: Arc<dyn Store>,
    workspaces: Live<Workspaces>,
    settings: Live<MediaSettings>,
    clock: Clock,
    places: Arc<Places>,
}

impl MediaHouse {
    /// Returns the room of a state folder. Nothing is touched before its first use.
    #[must_use]
    pub fn new(parts: MediaParts) -> Self {
        Self::on(Network::public(), parts)
    }

    /// Returns the same on a network of the caller's.
    pub(crate) fn on(network: Network, parts: MediaParts) -> Self {
        let MediaParts { state_dir, store, workspaces, settings, clock } = parts;
        Self {
            rooms: Rooms::new(&state_dir, &settings, &clock),
            web: Arc::new(Web::new(network)),
            store,
            workspaces,
            settings,
            clock,
            places: Arc::default(),
        }
    }

    /// Sweeps now and then, for ever.
    pub async fn run(self) {
        self.clock.sleep(SWEEP_FIRST).await;
        loop {
            if let Err(fault) = self.sweep(0).await {
                tracing::warn!(event = "media.not_swept", "it is tried again in an hour: {fault}");
            }
            self.clock.sleep(SWEEP_EVERY).await;
        }
    }

    /// Throws away what nobody needs, of what is kept so much more of it as `lacking` bytes need.
    pub(super) async fn sweep(&self, lacking: u64) -> Result<(), MediaFault> {
        self.sweep_for(&Patron::House, lacking).await?;
        self.sweep_for(&Patron::Request, 0).await
    }

    /// Does the same where somebody's files go. What is listed is listed before the rows are read: a row that is written later names
    /// bytes that were put in later, or anew, and those are too young to go.
    async fn sweep_for(&self, patron: &Patron, lacking: u64) -> Result<(), MediaFault> {
        let (retention, grace) = match patron {
            Patron::Request => (sweep::PASSING_GRACE, sweep::PASSING_GRACE),
            Patron::House | Patron::Peer { .. } => (self.settings.get().retention, sweep::GRACE),
        };
        let blobs = Arc::clone(self.rooms.of(patron));
        let kept = blocking(move || blobs.list().map_err(|error| super::draft::disk(&error))).await?;
        if kept.is_empty() {
            return Ok(());
        }
        let unread = |error| MediaFault::Disk(format!("what rows need is not known: {error}"));
        let needed: HashSet<BlobId> = self.store.media_in_use().await.map_err(unread)?;
        let goes = sweep::choose(kept, &needed, &sweep::Rule { grace, retention, lacking }, self.clock.now_ms());
        let blobs = Arc::clone(self.rooms.of(patron));
        let gone = blocking(move || Ok(goes.iter().filter(|blob| blobs.remove(blob).unwrap_or(false)).count())).await?;
        if gone > 0 {
            tracing::info!(event = "media.swept", files = gone);
        }
        Ok(())
    }

    /// Takes bytes in. Whoever opens them has a place before: a server that is asked and then not read is held up for nothing.
    async fn take(&self, claim: Claim, opening: Opening) -> Result<Media, MediaFault> {
        let _place = self.places.take(&claim.patron).await;
        match opening.await? {
            Opened::Bytes(bytes) => self.take_in(claim, bytes).await,
            Opened::Elsewhere(url) => self.in_time(claim.reach.time_max, self.fetch_in(&url, claim)).await,
        }
    }

    /// Takes in what an address leads to; place and time are the caller's.
    async fn fetch_in(&self, url: &str, claim: Claim) -> Result<Media, MediaFault> {
        let (claim, bytes) = self.web.ask(url, claim).await?;
        self.take_in(claim, bytes).await
    }

    async fn in_time(
        &self,
        time_max: Duration,
        work: impl Future<Output = Result<Media, MediaFault>>,
    ) -> Result<Media, MediaFault> {
        let late = MediaFault::Timeout { seconds: time_max.as_secs() };
        self.clock.within(time_max, work).await.unwrap_or(Err(late))
    }

    async fn take_in(&self, claim: Claim, bytes: MediaStream) -> Result<Media, MediaFault> {
        let room = self.rooms.of(&claim.patron);
        let mut bytes = Paced::new(bytes, &self.clock);
        let blobs = Arc::clone(room);
        let mut draft = blocking(move || blobs.begin(claim.bytes_max)).await?;
        let mut gathered = BytesMut::new();
        loop {
            let part = bytes.next().await?;
            let over = part.is_none();
            gathered.extend_from_slice(&part.unwrap_or_default());
            if gathered.len() >= WRITE_BYTES || over {
                let write = gathered.split().freeze();
                draft = blocking(move || draft.write(&write).map(|()| draft)).await?;
            }
            if over {
                break;
            }
        }
        let blobs = Arc::clone(room);
        let size = draft.size;
        let lacking = blocking(move || blobs.lacks(size)).await?;
        if lacking > 0 {
            self.sweep_for(&claim.patron, lacking).await?;
        }
        let kind = sniff::sniff(&draft.head, claim.mime.as_deref());
        let blobs = Arc::clone(room);
        let id = blocking(move || blobs.keep(draft)).await?;
        let name = name::safe(claim.name.as_deref(), kind.ending);
        Ok(Media { mime: Some(kind.mime), name: Some(name), size: Some(size), ..Media::new(MediaAt::Blob(id)) })
    }

    async fn fetch_now(&self, url: &str, claim: Claim) -> Result<Media, MediaFault> {
        if let Some((mime, data)) = base64::split_address(url) {
            let max = usize::try_from(claim.bytes_max).unwrap_or(usize::MAX);
            let data = base64::decode(data, max).map_err(|fault| match fault {
                base64::Base64Fault::TooLarge { .. } => MediaFault::TooLarge { max: claim.bytes_max },
                fault => MediaFault::NotTheFile(fault.to_string()),
            })?;
            let mime = claim.mime.or_else(|| Some(mime.to_owned()));
            return self.take(Claim { mime, ..claim }, in_hand(data)).await;
        }
        let time_max = claim.reach.time_max;
        let fetch = async {
            let _place = self.places.take(&claim.patron).await;
            self.fetch_in(url, claim).await
        };
        self.in_time(time_max, fetch).await
    }

    /// Puts in what a turn brings in memory, so that it is shown like everything else.
    async fn settle(&self, media: Media) -> Media {
        let claim = Claim::of(&media, self.settings.get().bounds.file_bytes_max);
        let put = match (&media.at, &media.data) {
            (MediaAt::Url(url), _) if base64::split_address(url).is_some() => self.fetch_now(url, claim).await,
            (MediaAt::Nowhere, Some(data)) => self.take(claim, in_hand(data.clone())).await,
            _ => return media,
        };
        put.unwrap_or_else(|fault| {
            let named = Media { at: MediaAt::Nowhere, ..media };
            named.missing(format!("it could not be taken: {fault}"))
        })
    }

    async fn show_now(self, workspace: PathBuf, media: Vec<Media>) -> Vec<Media> {
        let media = join_all(media.into_iter().map(|media| self.settle(media))).await;
        if media.iter().all(|media| media.blob().is_none()) {
            return media;
        }
        let (rooms, kept) = (self.rooms.clone(), media.clone());
        let laid = tokio::task::spawn_blocking(move || show::lay_out(&rooms, &workspace, media)).await;
        laid.unwrap_or_else(|_| kept.into_iter().map(|media| media.missing("it could not be laid in the workspace")).collect())
    }
}

impl MediaRoom for MediaHouse {
    fn take(&self, claim: Claim, opening: Opening) -> MediaAnswer<Media> {
        let house = self.clone();
        async move { Self::take(&house, claim, opening).await }.boxed()
    }

    fn open(&self, id: BlobId) -> MediaAnswer<OpenMedia> {
        let rooms = self.rooms.clone();
        async move {
            let (file, size) = blocking(move || rooms.open(&id)).await?;
            // No more than was there when it was opened.
            let bytes = unfold(Some(file.take(size)), |file| async move {
                let mut file = file?;
                let read = blocking(move || {
                    let mut part = vec![0; READ_BYTES];
                    let count = file.read(&mut part).map_err(|error| super::draft::disk(&error))?;
                    part.truncate(count);
                    Ok((Bytes::from(part), file))
                });
                match read.await {
                    Ok((part, _)) if part.is_empty() => None,
                    Ok((part, file)) => Some((Ok(part), Some(file))),
                    Err(fault) => Some((Err(fault), None)),
                }
            });
            Ok(OpenMedia { size, bytes: bytes.boxed() })
        }
        .boxed()
    }

    fn fetch(&self, url: String, claim: Claim) -> MediaAnswer<Media> {
        let house = self.clone();
        async move { house.fetch_now(&url, claim).await }.boxed()
    }

    fn show(&self, session: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        if media.is_empty() {
            return std::future::ready(media).boxed();
        }
        let workspace = self.workspaces.get().of(session.agent().unwrap_or_default()).to_owned();
        let (house, clock, kept) = (self.clone(), self.clock.clone(), media.clone());
        async move {
            let late = || kept.into_iter().map(|media| media.missing("it was not ready in time")).collect();
            clock.within(SHOW_TIME_MAX, house.show_now(workspace, media)).await.unwrap_or_else(late)
        }
        .boxed()
    }

    fn bounds(&self) -> MediaBounds {
        self.settings.get().bounds
    }
}

impl fmt::Debug for MediaHouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaHouse")
    }
}

fn in_hand(data: Bytes) -> Opening {
    ready(Ok(Opened::Bytes(once(ready(Ok(data))).boxed()))).boxed()
}

/// Does what waits for the disk beside the threads that serve everybody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, MediaFault> + Send + 'static) -> Result<T, MediaFault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(MediaFault::Disk("the work on it was cut short".to_owned())))
}
