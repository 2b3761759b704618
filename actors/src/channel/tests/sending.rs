//! From the outbox to the link.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::stand_in::{HeldLink, account, in_time, play};
use crate::channel::{ChannelMessage, LinkCommand, LinkEvent, Marking, Normalised};
use crate::message::{Act, InboxId, Mark, MessageRef, OutboxId, Receipt};
use crate::ports::{OutboxState, Store as _};

const RECEIPT: Receipt = Receipt { platform_id: None };

/// The link's queue was full of acknowledgements while the network took no writes: the rows that found no room were in hand of
/// nobody until the link dropped.
#[test]
fn rows_that_a_link_has_no_room_for_are_offered_again_in_their_order() {
    play(|mut scene| async move {
        let mut link = scene.link().await;
        let room = link.commands.max_capacity();
        for token in 1..=room {
            let frame = LinkEvent::Frame { frame: Normalised::Ignored("in the way"), ack: Some(token as u64) };
            link.events.send(frame).await.unwrap();
            // One by one, so that each is an order of its own.
            in_time("the acknowledgement", async {
                while link.commands.len() < token {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
        for text in ["one", "two", "three"] {
            scene.enqueue(text).await;
        }
        in_time("the actor to take them in hand", async {
            while scene.store.next_due(account()).await.unwrap().is_some() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // Something behind them in the mailbox: when it has been handled, they have been offered.
        let event = LinkEvent::Frame { frame: Normalised::Ignored("of an earlier life"), ack: None };
        let window = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&window).acquire_owned().await.ok();
        scene.actor.tell(ChannelMessage::Link { life: 0, event, permit }).unwrap();
        let _handled = in_time("it to be handled", window.acquire()).await.unwrap();
        assert_eq!(link.commands.len(), room);
        for text in ["one", "two", "three"] {
            let (id, sent) = link.next_sent().await;
            assert_eq!(sent, text);
            link.events.send(LinkEvent::Confirmed { id, receipt: RECEIPT }).await.unwrap();
        }
    });
}

/// A confirmation that lay in the mailbox when the actor crashed was dropped with the life of its link, and the row sent again.
#[test]
fn a_confirmation_of_an_earlier_life_counts() {
    play(|mut scene| async move {
        let mut link = scene.link().await;
        let id = scene.enqueue("one").await;
        assert_eq!(link.next_sent().await.0, id);
        let event = LinkEvent::Confirmed { id, receipt: RECEIPT };
        scene.actor.tell(ChannelMessage::Link { life: 0, event, permit: None }).unwrap();
        in_time("the row's end", async {
            while scene.store.outbox_state(id).await.unwrap() != Some(OutboxState::Sent) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(link);
        let mut next = scene.link().await;
        let other = scene.enqueue("two").await;
        assert_eq!(next.next_sent().await.0, other);
    });
}

/// A link is handed only what it can do, and only about messages that are there; anything else has nobody to wait for.
#[test]
fn what_a_link_cannot_do_never_reaches_it() {
    play(|mut scene| async move {
        let mut link = scene.link().await;
        let message = MessageRef::Platform("p-1".into());
        let deleted = scene.enqueue_act("", Act::Delete { message: message.clone() }).await;
        let lost = scene.enqueue_act("better", Act::Edit { message: MessageRef::Row(deleted) }).await;
        let edited = scene.enqueue_act("best", Act::Edit { message }).await;
        assert_eq!(link.next_sent().await, (edited, "best".to_owned()));
        in_time("both to be dead letters", async {
            while scene.store.dead_letters(None, 9).await.unwrap().items.len() < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let why = async |id: OutboxId| scene.store.outbox_note(id).await.unwrap().unwrap().dead.unwrap();
        assert!(why(deleted).await.contains("cannot delete messages"), "{}", why(deleted).await);
        assert!(why(lost).await.contains("never arrived"), "{}", why(lost).await);
    });
}

/// A mark comes off when the last payload of its answer is confirmed, and waits for a link where there is none.
#[test]
fn a_mark_comes_off_when_the_answer_is_confirmed() {
    play(|mut scene| async move {
        let mut link = scene.link().await;
        let marks = scene.desk.marks();
        let marking = |mark: fn(String) -> Mark| Marking { message: "p-1".into(), mark: mark("eyes".into()) };
        let mut rows = Vec::new();
        for text in ["one", "two"] {
            let (row, id) = (InboxId::new(), scene.enqueue(text).await);
            marks.put(row, marking(Mark::Put));
            marks.answered(&[row], Some(id));
            assert_eq!(link.next_sent().await.0, id);
            rows.push(id);
        }
        let confirmed = |id| LinkEvent::Confirmed { id, receipt: RECEIPT };
        link.events.send(confirmed(rows[0])).await.unwrap();
        assert_eq!(next_mark(&mut link).await, marking(Mark::Take));
        // It is confirmed, and the link is gone before anybody is told.
        marks.sent(rows[1]);
        drop(link);
        let mut next = scene.link().await;
        assert_eq!(next_mark(&mut next).await, marking(Mark::Take));
    });
}

async fn next_mark(link: &mut HeldLink) -> Marking {
    loop {
        if let LinkCommand::Mark(marking) = in_time("a mark", link.commands.recv()).await.unwrap() {
            return marking;
        }
    }
}
