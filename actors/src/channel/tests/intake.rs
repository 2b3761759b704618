//! From the decision to the acknowledgement.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::stand_in::{Woken, account, inbound};
use crate::channel::LinkCommand;
use crate::channel::intake::{Decided, Fate, Intake};
use crate::core::{Clock, Progress};
use crate::message::{Counters, SessionKey, Switchboard};
use crate::ports::memory::MemoryStore;
use crate::ports::{Accept, Store};

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
    let intake = Intake {
        account: account(),
        store,
        switchboard: Arc::clone(&woken) as Arc<dyn Switchboard>,
        counters: Counters::default().account(&account()),
        clock: clock.clone(),
        decided: to_write,
        link: acks,
    };
    let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    decided.send(Decided { fate: Fate::Accept(Box::new(accept)), ack: Some(7), permit }).await.unwrap();
    drop(decided);
    intake.run(Progress::unwatched(&clock)).await;
    assert_eq!(*woken.0.lock().unwrap(), [session]);
    assert!(matches!(acked.recv().await, Some(LinkCommand::Ack(tokens)) if tokens == [7]));
}
