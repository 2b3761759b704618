//! From a message as a connector read it to one whose files are in the media room.
//!
//! It is done after policy, since nobody is to fill the disk whom nobody listens to, and before the message is written: its row never
//! names bytes that are not on the disk. What cannot be taken is told by its note; the text is never lost to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{StreamExt as _, once};

use super::platform::Platform;
use crate::core::Clock;
use crate::message::{AccountKey, BlobId, Inbound, Media, SessionKey, TraceId};
use crate::ports::{Claim, MEDIA_OF_MESSAGE_MAX, MediaAnswer, MediaBounds, MediaFault, MediaRoom, OpenMedia, Opening, Patron};

/// How long one file may take.
const FILE_TIME_MAX: Duration = Duration::from_secs(60);

/// Files on their way, each as it is until then; those without a way stay as they are.
pub(super) struct Fetch {
    account: AccountKey,
    trace: TraceId,
    files: Vec<(Media, Option<MediaAnswer<Media>>)>,
}

/// Returns the fetch that a message needs before it is written; `None` for one that can be written as it is.
pub(super) fn needed(inbound: &Inbound, platform: &dyn Platform, room: &Arc<dyn MediaRoom>) -> Option<Fetch> {
    let peer = Patron::Peer { account: inbound.route.account.clone(), peer: inbound.route.peer.id.clone() };
    let room: Arc<dyn MediaRoom> = Arc::new(RoomFor { room: Arc::clone(room), patron: peer });
    let begin = |(place, media): (usize, &Media)| {
        if place < MEDIA_OF_MESSAGE_MAX {
            return (media.clone(), platform.fetch(media, &inbound.route.chat, &room));
        }
        let note = format!("not taken, since a message may have {MEDIA_OF_MESSAGE_MAX} files");
        (media.clone().missing(note), None)
    };
    let files: Vec<_> = inbound.media.iter().enumerate().map(begin).collect();
    let changed = files.len() > MEDIA_OF_MESSAGE_MAX || files.iter().any(|(_, answer)| answer.is_some());
    changed.then(|| Fetch { account: inbound.route.account.clone(), trace: inbound.trace, files })
}

/// The room as one person's files come to it: whatever a platform takes in there is on his account.
#[derive(Debug)]
struct RoomFor {
    room: Arc<dyn MediaRoom>,
    patron: Patron,
}

impl MediaRoom for RoomFor {
    fn take(&self, claim: Claim, opening: Opening) -> MediaAnswer<Media> {
        self.room.take(Claim { patron: self.patron.clone(), ..claim }, opening)
    }

    fn open(&self, id: BlobId) -> MediaAnswer<OpenMedia> {
        self.room.open(id)
    }

    fn fetch(&self, url: String, claim: Claim) -> MediaAnswer<Media> {
        self.room.fetch(url, Claim { patron: self.patron.clone(), ..claim })
    }

    fn show(&self, session: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        self.room.show(session, media)
    }

    fn bounds(&self) -> MediaBounds {
        self.room.bounds()
    }
}

impl Fetch {
    /// Takes the files in, all at once.
    pub(super) async fn run(self, clock: Clock) -> Vec<Media> {
        let Self { account, trace, files } = self;
        let one = |(media, answer): (Media, Option<MediaAnswer<Media>>)| {
            let (clock, account) = (clock.clone(), account.clone());
            async move {
                let Some(answer) = answer else { return media };
                let late = MediaFault::Timeout { seconds: FILE_TIME_MAX.as_secs() };
                match clock.within(FILE_TIME_MAX, answer).await.unwrap_or(Err(late)) {
                    Ok(taken) => taken,
                    Err(fault) => {
                        tracing::warn!(event = "media.not_taken", actor = %account, %trace, code = %fault.code(), "{fault}");
                        media.missing(format!("it could not be taken: {fault}"))
                    }
                }
            }
        };
        join_all(files.into_iter().map(one)).await
    }
}

/// Takes in bytes that are in hand; `None` where there are none.
pub(super) fn put_in_hand(media: &Media, room: &Arc<dyn MediaRoom>, bytes_max: u64) -> Option<MediaAnswer<Media>> {
    let data = media.data.clone()?;
    Some(room.put(Claim::of(media, bytes_max), once(std::future::ready(Ok(data))).boxed()))
}
