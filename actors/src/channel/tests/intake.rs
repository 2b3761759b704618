//! From the decision to the acknowledgement.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::stand_in::{StandIn, Woken, account, inbound};
use crate::channel::intake::{Decided, FETCHES_MAX, FETCHES_OF_PEER_MAX, Fate, Intake};
use crate::channel::{AckReaction, AckScope, AckThen, AckToken, Acked, Became, ChannelSettings, Desks, LinkCommand};
use crate::core::{Clock, Live, Progress, Shares};
use crate::message::{Counters, SessionKey, Switchboard};
use crate::ports::memory::MemoryStore;
use crate::ports::{Accept, NoMediaRoom, Store};

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
