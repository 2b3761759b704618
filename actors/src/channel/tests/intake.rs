//! From the decision to the acknowledgement.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc};

use super::stand_in::{StandIn, Woken, account, in_time, inbound};
use crate::channel::intake::{Decided, FETCHES_MAX, FETCHES_OF_PEER_MAX, Fate, Intake};
use crate::channel::{AckReaction, AckScope, AckThen, AckToken, Acked, Became, ChannelSettings, Desks, LinkCommand};
use crate::core::{Clock, Live, Progress, Shares};
use crate::message::{BlobId, Counters, Media, SessionKey, Switchboard};
use crate::ports::memory::MemoryStore;
use crate::ports::{Accept, Claim, MediaAnswer, MediaFault, MediaRoom, NoMediaRoom, OpenMedia, Opening, Patron, Store};

/// A room that says whose file it begins with, and takes none before it may.
#[derive(Debug)]
struct SlowRoom {
    begun: mpsc::UnboundedSender<String>,
    gate: Arc<Semaphore>,
}

impl MediaRoom for SlowRoom {
    fn take(&self, claim: Claim, _: Opening) -> MediaAnswer<Media> {
        let (begun, gate) = (self.begun.clone(), Arc::clone(&self.gate));
        let Patron::Peer { peer, .. } = claim.patron else { panic!("a file of a message is its writer's") };
        async move {
            begun.send(peer).unwrap();
            let _open = gate.acquire().await;
            Err(MediaFault::Full)
        }
        .boxed()
    }

    fn open(&self, id: BlobId) -> MediaAnswer<OpenMedia> {
        NoMediaRoom.open(id)
    }

    fn fetch(&self, url: String, claim: Claim) -> MediaAnswer<Media> {
        NoMediaRoom.fetch(url, claim)
    }

    fn show(&self, session: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        NoMediaRoom.show(session, media)
    }
}

fn intake(
    store: Arc<dyn Store>,
    switchboard: Arc<dyn Switchboard>,
    decided: mpsc::Receiver<Decided>,
    link: mpsc::Sender<LinkCommand>,
) -> Intake {
    let counters = Counters::default().account(&account());
    let platform = Arc::new(StandIn(mpsc::unbounded_channel().0));
    let (media, fetches) = (Arc::new(NoMediaRoom), Arc::new(Semaphore::new(FETCHES_MAX)));
    let (clock, settings) = (Clock::system(), Live::fixed(ChannelSettings::default()));
    let shares = Shares::new(FETCHES_OF_PEER_MAX);
    Intake {
        account: account(),
        store,
        platform,
        media,
        fetches,
        shares,
        switchboard,
        desk: Desks::default().desk(&account()),
        counters,
        settings,
        clock,
        decided,
        link,
    }
}

fn frame(fate: Fate, ack: Option<AckToken>) -> Decided {
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    Decided { fate, ack, permit }
}

/// Frames without a message stand between those with one, and some want no acknowledgement.
#[tokio::test]
async fn an_acknowledgement_says_what_became_of_its_own_frame() {
    let clock = Clock::system();
    let (decided, to_write) = mpsc::channel(8);
    let (acks, mut acked) = mpsc::channel(1);
    let intake = intake(MemoryStore::new(&clock), Arc::<Woken>::default(), to_write, acks);
    let message = |id| Fate::Accept(Box::new(Accept { inbound: inbound(id), session: SessionKey::new("agent:main:ann") }));
    let frames = [
        (Fate::Nothing, Some(1)),
        (message("m1"), Some(2)),
        (message("m2"), None),
        (Fate::Nothing, Some(3)),
        (message("m1"), Some(4)),
        (message("m3"), Some(5)),
    ];
    for (fate, ack) in frames {
        decided.send(frame(fate, ack)).await.unwrap();
    }
    drop(decided);
    intake.run(Progress::unwatched(&clock)).await;
    let Some(LinkCommand::Ack(acked)) = acked.recv().await else { panic!("they are acknowledged") };
    let became: Vec<_> = acked.iter().map(|acked| (acked.token, acked.became)).collect();
    let expected = [(1, Became::Nothing), (2, Became::New), (3, Became::Nothing), (4, Became::Duplicate), (5, Became::New)];
    assert_eq!(became, expected);
}

/// A mark that finds no room is left out: nothing waits for it, and what is acknowledged does not wait behind it.
#[tokio::test]
async fn a_mark_that_finds_no_room_is_left_out_and_counted() {
    let clock = Clock::system();
    let (decided, to_write) = mpsc::channel(8);
    let (commands, mut commanded) = mpsc::channel(1);
    let ack = AckReaction { emoji: "eyes".into(), scope: AckScope::All, then: AckThen::ComesOff };
    let settings = Live::fixed(ChannelSettings { ack: Some(ack), ..ChannelSettings::default() });
    let intake = Intake { settings, ..intake(MemoryStore::new(&clock), Arc::<Woken>::default(), to_write, commands) };
    let (counters, desk) = (Arc::clone(&intake.counters), intake.desk.clone());
    for (id, token) in [("m1", 1), ("m2", 2)] {
        let accept = Accept { inbound: inbound(id), session: SessionKey::new("agent:main:ann") };
        decided.send(frame(Fate::Accept(Box::new(accept)), Some(token))).await.unwrap();
    }
    drop(decided);
    let reading = async {
        let mut heard = Vec::new();
        while let Some(command) = commanded.recv().await {
            heard.push(command);
        }
        heard
    };
    let ((), heard) = tokio::join!(intake.run(Progress::unwatched(&clock)), reading);
    let [LinkCommand::Mark(marking), LinkCommand::Ack(acked)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((marking.message.as_str(), acked.len()), ("m1", 2));
    assert_eq!(counters.marks_dropped.get(), 1);
    assert!(desk.marks().take_due().is_empty(), "nothing is answered yet");
}

/// The channel was restarted while its last write was under way: the row was committed, nobody woke its session, the platform
/// heard nothing and sent the message again. Dropped as a duplicate, it would have waited until the next one.
#[tokio::test]
async fn a_row_committed_by_a_task_that_was_cut_is_woken_for_when_its_message_comes_again() {
    let clock = Clock::system();
    let store = MemoryStore::new(&clock);
    let session = SessionKey::new("agent:main:ann");
    let accept = Accept { inbound: inbound("m1"), session: session.clone() };
    store.accept(vec![accept.clone()]).await.unwrap();
    let woken = Arc::new(Woken::default());
    let (decided, to_write) = mpsc::channel(1);
    let (acks, mut acked) = mpsc::channel(1);
    let intake = intake(store, Arc::clone(&woken) as _, to_write, acks);
    decided.send(frame(Fate::Accept(Box::new(accept)), Some(7))).await.unwrap();
    drop(decided);
    intake.run(Progress::unwatched(&clock)).await;
    assert_eq!(*woken.0.lock().unwrap(), [session]);
    assert!(
        matches!(acked.recv().await, Some(LinkCommand::Ack(acked)) if acked == [Acked { token: 7, became: Became::Duplicate }])
    );
}

/// One person's files leave places for those of others, also of those who come later; each message is acknowledged in its turn.
#[tokio::test]
async fn one_persons_files_hold_nobody_elses_up() {
    let clock = Clock::system();
    let (decided, to_write) = mpsc::channel(16);
    let (acks, mut acked) = mpsc::channel(16);
    let (begun, mut began) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let room = Arc::new(SlowRoom { begun, gate: Arc::clone(&gate) });
    let intake = Intake { media: room, ..intake(MemoryStore::new(&clock), Arc::<Woken>::default(), to_write, acks) };
    let mut frames = Vec::new();
    // More than all places there are, then one of somebody else.
    for number in 0..=FETCHES_MAX as u64 {
        let mut message = inbound(&format!("m{number}"));
        message.route.peer.id = if number < FETCHES_MAX as u64 { "ann".into() } else { "bob".into() };
        message.route.chat.id = message.route.peer.id.clone();
        message.media = vec![Media::in_hand(Bytes::from_static(b"file"), None, None)];
        let accept = Accept { session: SessionKey::new(&format!("agent:main:{}", message.route.chat.id)), inbound: message };
        frames.push(frame(Fate::Accept(Box::new(accept)), Some(number)));
    }
    for frame in frames {
        decided.send(frame).await.unwrap();
    }
    drop(decided);
    let test = async {
        let mut first = Vec::new();
        for _ in 0..=FETCHES_OF_PEER_MAX {
            first.push(in_time("a file is begun with", began.recv()).await.unwrap());
        }
        first.sort();
        assert_eq!(first, ["ann", "ann", "bob"], "a share of the places, and what is left is for others");
        gate.add_permits(1);
        let mut tokens = Vec::new();
        while tokens.len() <= FETCHES_MAX {
            let Some(LinkCommand::Ack(acks)) = in_time("acknowledgements", acked.recv()).await else { panic!("they come") };
            tokens.extend(acks.into_iter().map(|acked| acked.token));
        }
        assert_eq!(tokens, (0..=FETCHES_MAX as u64).collect::<Vec<_>>(), "in their order");
    };
    tokio::join!(intake.run(Progress::unwatched(&clock)), test);
}
