//! Every mailbox is bounded, and says exactly how it is.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::core::{
    ActorId, ActorKind, ActorRef, ActorSpec, Behaviour, Clock, Mailbox, Overflow, Reply, Scope, Supervision, TellError,
};

use super::probe::{Do, Plan, act, block, number, tell};
use super::stage::{PATIENCE, Stage, play, play_with, until};

const CAPACITY: u32 = 8;

fn bounded(stage: &Stage, overflow: Overflow) -> ActorRef<Do> {
    stage.supervisor.start(Plan::new().spec("probe").mailbox(Mailbox { capacity: CAPACITY, overflow })).unwrap()
}

/// (depth, high water, handled, rejected)
fn counts(stage: &Stage) -> (u32, u32, u64, u64) {
    let mailbox = stage.report("probe").mailbox;
    (mailbox.depth, mailbox.high_water, mailbox.handled, mailbox.rejected)
}

#[test]
fn a_full_mailbox_rejects() {
    play(|stage| async move {
        let probe = bounded(&stage, Overflow::Reject);
        let gate = block(&probe);
        let told: Vec<_> = (0..CAPACITY + 5).map(|_| probe.tell(act(|_, _| {}))).collect();
        assert!(told[..CAPACITY as usize].iter().all(Result::is_ok));
        assert!(told[CAPACITY as usize..].iter().all(|told| *told == Err(TellError::Full)));
        assert_eq!(counts(&stage), (8, 8, 1, 5));
        drop(gate);
        until("all is handled", || counts(&stage) == (0, 8, 9, 5)).await;
        tell(&probe, |_, _| {});
    });
}

#[test]
fn a_full_mailbox_drops_the_oldest_within_a_bound() {
    play(|stage| async move {
        let probe = bounded(&stage, Overflow::DropOldest);
        let gate = block(&probe);
        let seen: Arc<Mutex<Vec<u32>>> = Arc::default();
        let note = |n: u32| {
            let seen = Arc::clone(&seen);
            act(move |_, _| seen.lock().unwrap().push(n))
        };
        for n in 0..2 * CAPACITY {
            assert_eq!(probe.tell(note(n)), Ok(()));
        }
        assert_eq!(counts(&stage), (8, 8, 1, 8));
        assert_eq!(probe.tell(note(99)), Err(TellError::Full), "the passed-over ones have a bound too");
        drop(gate);
        until("the rest is handled", || counts(&stage) == (0, 8, 9, 9)).await;
        assert_eq!(*seen.lock().unwrap(), (CAPACITY..2 * CAPACITY).collect::<Vec<_>>());
        assert_eq!(probe.tell(note(100)), Ok(()));
        until("it goes on", || counts(&stage) == (0, 8, 10, 9)).await;
    });
}

#[test]
fn the_counts_are_exact_over_panics_stops_and_lost_mailboxes() {
    play(|stage| async move {
        for overflow in [Overflow::Reject, Overflow::DropOldest] {
            let probe = bounded(&stage, overflow);
            let gate = block(&probe);
            for _ in 0..4 {
                tell(&probe, |_, _| panic!("each of them"));
            }
            drop(gate);
            until("all are handled", || counts(&stage).2 == 5).await;
            assert_eq!(number(&probe).await, Ok(5));
            assert_eq!((counts(&stage).0, counts(&stage).3), (0, 0));
            let gate = block(&probe);
            let told = (0..CAPACITY + 3).filter(|_| probe.tell(act(|_, _| {})).is_ok()).count();
            assert!(told >= 8);
            assert_eq!((counts(&stage).0, counts(&stage).3), (8, 3));
            let stop = stage.supervisor.stop(probe.id(), PATIENCE);
            let (stopped, ()) = tokio::join!(stop, async { drop(gate) });
            stopped.unwrap();
            assert_eq!((counts(&stage).0, counts(&stage).3), (0, 3), "dropped with the mailbox");
            stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
            let gate = block(&probe);
            let told = (0..CAPACITY).filter(|_| probe.tell(act(|_, _| {})).is_ok()).count();
            assert_eq!((told, counts(&stage).0), (8, 8), "all of its room is there again");
            drop(gate);
            until("all are handled", || counts(&stage).0 == 0).await;
            stage.supervisor.retire(probe.id());
            until("it is forgotten", || stage.supervisor.report(probe.id()).is_err()).await;
        }
    });
}

/// Tellers race with stops, starts and crashes; in the end nothing waits and every message is accounted for.
#[test]
fn the_counts_add_up_under_fire() {
    play(|stage| async move {
        let probe = bounded(&stage, Overflow::Reject);
        let (over, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        struct Token(Arc<AtomicU32>);
        impl Drop for Token {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let tellers: Vec<_> = (0..3)
            .map(|_| {
                let (probe, over, dropped) = (probe.clone(), Arc::clone(&over), Arc::clone(&dropped));
                std::thread::spawn(move || {
                    let mut sent = 0;
                    while !over.load(SeqCst) {
                        let token = Token(Arc::clone(&dropped));
                        let _ = probe.tell(act(move |_, _| {
                            let crash = token.0.load(SeqCst).is_multiple_of(101);
                            drop(token);
                            assert!(!crash, "now and then");
                        }));
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        for _ in 0..200 {
            stage.supervisor.stop(probe.id(), PATIENCE).await.unwrap();
            stage.supervisor.start_again(probe.id(), PATIENCE).await.unwrap();
        }
        over.store(true, SeqCst);
        let sent: u32 = tellers.into_iter().map(|teller| teller.join().unwrap()).sum();
        until("every message is gone", || dropped.load(SeqCst) == sent).await;
        assert_eq!(counts(&stage).0, 0);
        assert!(counts(&stage).1 <= CAPACITY);
        assert!(number(&probe).await.is_ok());
    });
}

#[test]
fn ages_are_those_of_the_wait() {
    let clock = Clock::manual(0);
    play_with(Supervision { threads: 1, stuck_after: Duration::from_secs(3600) }, clock.clone(), |stage| async move {
        let probe = bounded(&stage, Overflow::Reject);
        for _ in 0..98 {
            assert_eq!(number(&probe).await, Ok(1));
        }
        let gate = block(&probe);
        tell(&probe, |_, _| {});
        clock.advance(Duration::from_millis(100));
        drop(gate);
        assert_eq!(number(&probe).await, Ok(1));
        let mailbox = stage.report("probe").mailbox;
        assert_eq!(mailbox.handled, 101);
        assert!(mailbox.age_ms.p50 <= 0.001, "{:?}", mailbox.age_ms);
        assert!((100.0..=200.0).contains(&mailbox.ages.percentile_ms(1.0)), "{:?}", mailbox.ages.percentile_ms(1.0));
    });
}

/// An actor whose messages cost nothing, so that the flood is one of messages.
struct Sink(Arc<AtomicU32>);

enum Drip {
    Drop,
    /// Something for its own timers, too.
    Tick(Arc<Mutex<Vec<u32>>>, Reply<()>),
}

impl Behaviour for Sink {
    type Message = Drip;

    fn receive(&mut self, message: Drip, scope: &mut Scope<'_, Self>) {
        match message {
            Drip::Drop => {
                self.0.fetch_add(1, SeqCst);
            }
            Drip::Tick(seen, reply) => {
                for _ in 0..4 {
                    let seen = Arc::clone(&seen);
                    scope.after(Duration::from_millis(1), move |sink: &mut Self, _| {
                        seen.lock().unwrap().push(sink.0.load(SeqCst));
                    });
                }
                reply.send(());
            }
        }
    }
}

#[test]
fn a_flood_delays_neither_the_neighbours_timers_nor_its_own() {
    const FLOOD: u32 = 300_000;
    play(|stage| async move {
        let handled = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&handled);
        let spec = ActorSpec::new(ActorId::new("flooded"), ActorKind::Channel, move || Ok(Sink(Arc::clone(&counter))))
            .mailbox(Mailbox { capacity: FLOOD, overflow: Overflow::Reject });
        let flooded = stage.supervisor.start(spec).unwrap();
        let neighbour = stage.start("neighbour", &Plan::new());
        let own: Arc<Mutex<Vec<u32>>> = Arc::default();
        flooded.ask(|reply| Drip::Tick(Arc::clone(&own), reply), PATIENCE).await.unwrap();
        let gate = block(&neighbour);
        (0..FLOOD).for_each(|_| flooded.tell(Drip::Drop).unwrap());
        let (sender, fired) = tokio::sync::oneshot::channel();
        let count = Arc::clone(&handled);
        tell(&neighbour, move |_, scope| {
            let began = Instant::now();
            scope.after(Duration::from_millis(1), move |_, _| {
                let _ = sender.send((began.elapsed(), count.load(SeqCst)));
            });
        });
        drop(gate);
        let (took, handled_then) = fired.await.unwrap();
        assert!(handled_then < FLOOD, "fired before the flood was over");
        assert!(took < Duration::from_millis(50), "{took:?}");
        until("its own timers fire", || own.lock().unwrap().len() == 4).await;
        assert!(own.lock().unwrap().iter().all(|&at| at < FLOOD), "{own:?}");
        until("the flood is over", || handled.load(SeqCst) == FLOOD).await;
        println!("a timer of 1 ms took {took:?} beside a flood");
    });
}
