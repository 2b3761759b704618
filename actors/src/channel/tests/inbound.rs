//! The way in: the platform hears "got it" after the commit, in order, and never otherwise.

use std::time::Duration;

use super::bench::{Bench, id, message};
use crate::channel::Normalised;
use crate::core::Drill;
use crate::doubles::play;
use crate::message::{Code, LinkState};
use crate::ports::Store as _;
use crate::ports::conformance::make;

#[test]
fn frames_are_acknowledged_in_order_bad_ones_too_and_after_the_commit() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        wire.message(message("a", "1"), 1).await;
        wire.frame(Normalised::Bad("not readable".into()), 2).await;
        wire.frame(Normalised::Ignored("our own"), 3).await;
        wire.message(message("b", "2"), 4).await;
        assert_eq!(wire.acks(4).await, [1, 2, 3, 4]);
        assert_eq!(bench.store.health().inbox_open, 2);
        assert_eq!(*bench.notebook.woken_sessions.lock().unwrap(), [make::session("a"), make::session("b")]);
        assert_eq!((bench.counters.inbound_accepted.get(), bench.counters.inbound_bad.get()), (2, 1));
    });
}

#[test]
fn nothing_is_acknowledged_while_the_store_refuses_and_everything_afterwards() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("accept");
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        for number in 1..=600 {
            wire.message(message("a", &number.to_string()), number).await;
        }
        stage.pass_until("it is tried again", || bench.store.asked("accept") > 3).await;
        assert!(wire.waiting().is_empty(), "nothing is acknowledged");
        bench.store.mend("accept");
        stage.pass_until("all are in", || bench.counters.inbound_accepted.get() == 600).await;
        assert_eq!(wire.acks(600).await, (1..=600).collect::<Vec<_>>());
        assert_eq!(stage.supervisor.report(&id()).unwrap().restarts, 0);
    });
}

#[test]
fn no_more_frames_are_taken_from_the_platform_than_the_window_holds() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("accept");
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        let flood = async {
            for number in 1..=5000 {
                wire.message(message("a", &number.to_string()), number).await;
            }
        };
        let flooded = tokio::time::timeout(Duration::from_millis(500), flood).await;
        assert!(flooded.is_err(), "the platform has to wait");
        assert!(playing.actor.vitals().depth() < 100, "and not in the mailbox");
        assert!(wire.waiting().is_empty());
    });
}

#[test]
fn a_duplicate_is_acknowledged_and_dropped() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        wire.message(message("a", "1"), 1).await;
        wire.message(message("a", "1"), 2).await;
        assert_eq!(wire.acks(2).await, [1, 2]);
        assert_eq!((bench.store.health().inbox_open, bench.counters.inbound_duplicate.get()), (1, 1));
    });
}

#[test]
fn what_was_not_acknowledged_before_a_crash_comes_again_and_is_there_once() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let wire = playing.wire_up(&stage).await;
        wire.message(message("a", "1"), 1).await;
        stage.until("it is written", || bench.store.health().inbox_open == 1).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let mut wire = playing.wire_up(&stage).await;
        wire.message(message("a", "1"), 1).await;
        wire.message(message("a", "2"), 2).await;
        assert_eq!(wire.acks(2).await, [1, 2]);
        assert_eq!(bench.store.health().inbox_open, 2);
    });
}

/// Each life of a link would leave a window of frames behind before a full disk.
#[test]
fn frames_of_a_link_that_is_gone_do_not_pile_up_before_a_full_disk() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("accept");
        let mut playing = bench.start();
        for _ in 0..5 {
            let wire = playing.wire_up(&stage).await;
            wire.message(message("a", "1"), 1).await;
            let asked = bench.store.asked("accept");
            stage.pass_until("it is tried", || bench.store.asked("accept") > asked).await;
            wire.drop_link(Code::LinkDown);
            bench.link_is(LinkState::Down).await;
        }
        let mut wire = playing.wire_up(&stage).await;
        stage.pass(Duration::from_secs(15)).await;
        let asked = bench.store.asked("accept");
        stage.pass(Duration::from_secs(15)).await;
        assert_eq!(bench.store.asked("accept"), asked, "nobody holds frames of earlier links");
        bench.store.mend("accept");
        wire.message(message("a", "1"), 1).await;
        assert_eq!(wire.acks(1).await, [1]);
        assert_eq!(bench.store.health().inbox_open, 1);
    });
}

/// The store may have written what it never answered: its session looks.
#[test]
fn what_is_written_without_an_answer_is_looked_for_once_its_link_is_gone() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.lose_answer("accept");
        let mut playing = bench.start();
        let wire = playing.wire_up(&stage).await;
        wire.message(message("a", "1"), 1).await;
        stage.until("it is written", || bench.store.health().inbox_open == 1).await;
        wire.drop_link(Code::LinkDown);
        stage.pass_until("its session is woken", || !bench.notebook.woken_sessions.lock().unwrap().is_empty()).await;
    });
}
