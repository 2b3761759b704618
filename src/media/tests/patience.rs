//! Who waits for whom, and how long for a file that does not come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use callboard_actors::core::Clock;
use callboard_actors::message::AccountKey;
use callboard_actors::ports::{Claim, MediaFault, MediaRoom as _, MediaStream, Opened, Patron};
use futures_util::FutureExt as _;
use futures_util::stream::StreamExt as _;

use super::{START_MS, files, rig, stream, web};
use crate::media::pace::{self, Paced};
use crate::media::places::Places;

/// A stream that a test feeds.
fn fed() -> (tokio::sync::mpsc::UnboundedSender<Bytes>, MediaStream) {
    let (feed, parts) = tokio::sync::mpsc::unbounded_channel::<Bytes>();
    let parts = futures_util::stream::unfold(parts, |mut parts| async move { Some((Ok(parts.recv().await?), parts)) });
    (feed, parts.boxed())
}

fn peer(account: &str, id: &str) -> Patron {
    Patron::Peer { account: AccountKey::new(account, "default"), peer: id.into() }
}

fn of(patron: Patron) -> Claim {
    Claim { patron, ..Claim::up_to(1 << 20) }
}

#[tokio::test]
async fn a_guests_slow_files_hold_up_nobody_elses() {
    let rig = rig(1 << 20);
    let mut feeds = Vec::new();
    let slow: Vec<_> = (0..6)
        .map(|_| {
            let (feed, bytes) = fed();
            feeds.push(feed);
            tokio::spawn(rig.house.put(of(peer("one", "guest")), bytes))
        })
        .collect();
    let drafts = rig.folder.path().join("state/media/drafts");
    // As many of his as may are on their way.
    while std::fs::read_dir(&drafts).map_or(0, Iterator::count) < 2 {
        tokio::task::yield_now().await;
    }
    for patron in [peer("one", "other"), peer("two", "guest"), Patron::House] {
        rig.house.put(of(patron.clone()), stream(&[b"abc"])).await.unwrap_or_else(|fault| panic!("{patron:?}: {fault}"));
    }
    assert_eq!(std::fs::read_dir(&drafts).unwrap().count(), 2, "his others wait for his own places");
    for feed in feeds {
        feed.send(Bytes::from_static(b"late")).unwrap();
    }
    for put in slow {
        assert_eq!(put.await.unwrap().unwrap().size, Some(4));
    }
}

/// A server whose answer nobody reads yet may give it up, or hold it for nothing.
#[tokio::test]
async fn nothing_is_opened_before_there_is_a_place() {
    let rig = rig(1 << 20);
    let (port, _) = web().await;
    let (mut feeds, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (feed, bytes) = fed();
        feeds.push(feed);
        slow.push(tokio::spawn(rig.house.put(of(peer("one", "guest")), bytes)));
    }
    let drafts = rig.folder.path().join("state/media/drafts");
    while std::fs::read_dir(&drafts).map_or(0, Iterator::count) < 2 {
        tokio::task::yield_now().await;
    }
    let opened = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&opened);
    let opening = async move {
        seen.store(true, Ordering::SeqCst);
        Ok(Opened::Elsewhere(format!("http://public.test:{port}/a.png")))
    };
    let mut take = rig.house.take(of(peer("one", "guest")), opening.boxed());
    assert!((&mut take).now_or_never().is_none() && !opened.load(Ordering::SeqCst));
    for feed in feeds {
        feed.send(Bytes::from_static(b"late")).unwrap();
    }
    let taken = take.await.unwrap();
    assert!(opened.load(Ordering::SeqCst) && taken.mime.as_deref() == Some("image/png"), "{taken:?}");
    for put in slow {
        assert_eq!(put.await.unwrap().unwrap().size, Some(4));
    }
}

#[tokio::test]
async fn an_account_has_its_places_and_the_house_its_own() {
    let places = Places::default();
    let mut held = Vec::new();
    for id in 0..4 {
        for _ in 0..2 {
            held.push(places.take(&peer("one", &id.to_string())).await);
        }
    }
    assert!(places.take(&peer("one", "x")).now_or_never().is_none(), "the account's share is out");
    for account in ["two", "three", "four"] {
        for id in 0..8 {
            held.push(places.take(&peer(account, &id.to_string())).now_or_never().unwrap());
        }
    }
    assert!(places.take(&peer("five", "x")).now_or_never().is_none(), "so is that of all accounts");
    let house = places.take(&Patron::House).now_or_never();
    assert!(house.is_some());
    held.clear();
    assert!(places.take(&peer("five", "x")).now_or_never().is_some());
}

#[tokio::test]
async fn a_server_that_trickles_is_let_go() {
    let clock = Clock::manual(START_MS);
    let (feed, bytes) = fed();
    let mut paced = Paced::new(bytes, &clock);
    let window = pace::WINDOW;
    // Fast enough, window after window, and silent within one for a while.
    for _ in 0..3 {
        feed.send(vec![7; 20_000].into()).unwrap();
        assert_eq!(paced.next().await.unwrap().unwrap().len(), 20_000);
        clock.advance(window);
    }
    let mut slow = None;
    for _ in 0..window.as_secs() + 1 {
        feed.send(Bytes::from_static(b"x")).unwrap();
        if let Err(fault) = paced.next().await {
            slow = Some(fault);
            break;
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(slow, Some(MediaFault::TooSlow { bytes_per_sec: pace::BYTES_PER_SEC_MIN }));
    // One that says nothing at all.
    let (_feed, bytes) = fed();
    let mut silent = Paced::new(bytes, &clock);
    let next = tokio::spawn(async move { silent.next().await });
    while clock.waiters() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(window);
    assert_eq!(next.await.unwrap(), Err(MediaFault::TooSlow { bytes_per_sec: pace::BYTES_PER_SEC_MIN }));
}

#[tokio::test]
async fn a_file_that_comes_for_ever_is_let_go() {
    let clock = Clock::manual(START_MS);
    let (feed, bytes) = fed();
    let mut paced = Paced::new(bytes, &clock);
    let steps = pace::TAKE_TIME_MAX.as_secs() / 5;
    for step in 0..=steps {
        feed.send(vec![7; 10_000].into()).unwrap();
        let next = paced.next().await;
        assert_eq!(next.is_err(), step == steps, "{step}: {next:?}");
        clock.advance(Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_server_that_says_half_and_no_more_gives_its_place_back() {
    let rig = rig(1 << 20);
    let (port, _) = web().await;
    let slow = tokio::spawn(rig.house.fetch(format!("http://public.test:{port}/slow"), of(peer("one", "guest"))));
    // The time of the whole, and that of a window.
    while rig.clock.waiters() < 2 {
        tokio::task::yield_now().await;
    }
    rig.clock.advance(pace::WINDOW);
    assert_eq!(slow.await.unwrap(), Err(MediaFault::TooSlow { bytes_per_sec: pace::BYTES_PER_SEC_MIN }));
    assert_eq!(files(&rig.folder.path().join("state/media")), [""; 0], "neither a file nor a draft is left");
    rig.house.put(of(peer("one", "guest")), stream(&[b"abc"])).await.unwrap();
}
