//! Files that come with an answer.

use bytes::Bytes;

use super::*;
use crate::core::Clock;
use crate::mcp::lent::laid;
use crate::message::{BlobId, Media, MediaAt};
use crate::ports::{Claim, MediaAnswer, MediaFault, OpenMedia, Opening};

/// A room that counts what it is asked for, refuses what is called `bad` and never ends with what is called `slow`.
#[derive(Debug)]
struct Room {
    asked: AtomicUsize,
    shows: bool,
}

impl MediaRoom for Room {
    fn take(&self, claim: Claim, _: Opening) -> MediaAnswer<Media> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        async move {
            match claim.name.as_deref() {
                Some("bad") => Err(MediaFault::Full),
                Some("slow") => std::future::pending().await,
                name => Ok(Media { name: name.map(str::to_owned), ..Media::new(MediaAt::Blob(BlobId::of_digest(&[1; 32]))) }),
            }
        }
        .boxed()
    }

    fn open(&self, _: BlobId) -> MediaAnswer<OpenMedia> {
        ready(Err(MediaFault::Missing)).boxed()
    }

    fn fetch(&self, _: String, _: Claim) -> MediaAnswer<Media> {
        ready(Err(MediaFault::Missing)).boxed()
    }

    fn show(&self, _: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        if self.shows { ready(media).boxed() } else { std::future::pending().boxed() }
    }
}

fn files(names: &[&str]) -> Vec<Media> {
    names.iter().map(|name| Media::in_hand(Bytes::from_static(b"abc"), Some((*name).to_owned()), None)).collect()
}

/// Lays files; once all of them are asked for, the clock is moved on as long as something waits.
async fn lay(names: &[&str], shows: bool) -> Vec<String> {
    let clock = Clock::manual(0);
    let room = Arc::new(Room { asked: AtomicUsize::new(0), shows });
    let (lent, until) = (Arc::clone(&room) as Arc<dyn MediaRoom>, Duration::from_secs(30));
    let (files, theirs) = (files(names), clock.clone());
    let session = SessionKey::new("agent:main:main");
    let laying = tokio::spawn(async move { laid(&lent, &session, files, &theirs, until).await });
    while room.asked.load(Ordering::SeqCst) < names.len() {
        tokio::task::yield_now().await;
    }
    while !laying.is_finished() {
        if clock.waiters() > 0 {
            clock.advance(until / 6);
        }
        tokio::task::yield_now().await;
    }
    laying.await.unwrap().iter().map(Media::line).collect()
}

/// All are asked for before the clock moves at all: one after the other they would never be.
#[tokio::test]
async fn files_of_an_answer_are_laid_at_once_and_keep_their_order() {
    let lines = lay(&["bad", "slow", "good", "bad"], true).await;
    for (place, wanted) in [
        (0, "[media] bad (3 bytes): it could not be taken: "),
        (1, "[media] slow (3 bytes): it could not be taken in time"),
        (2, "[media] "),
        (3, "[media] bad (3 bytes): it could not be taken: "),
    ] {
        assert!(lines[place].starts_with(wanted), "{lines:?}");
    }
    assert!(!lines[2].contains("could not"), "{lines:?}");
}

#[tokio::test]
async fn a_workspace_that_is_not_ready_costs_the_files_and_not_the_answer() {
    let lines = lay(&["good"], false).await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("[media]") && lines[0].ends_with("in the workspace in time"), "{lines:?}");
}
