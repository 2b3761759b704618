//! Crashes: they cost the row in hand a count, and nobody else anything.

use tokio::sync::oneshot;

use super::bench::{Bench, ask, heard, id};
use crate::core::Drill;
use crate::doubles::{Line, play};
use crate::message::{Code, Tenure};
use crate::ports::Store as _;

#[test]
fn the_third_crash_makes_the_row_in_hand_a_dead_letter_and_the_next_one_is_answered() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        (0..3).for_each(|_| bench.provider.add(Line::Panic));
        bench.arrive(&["poison", "2", "3"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["2", "3"]);
        let letters = bench.store.dead_letters(None, 10).await.unwrap().items;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].code, Code::Poison);
        assert_eq!(bench.prompts(), ["poison", "poison", "poison", "2", "3"]);
        assert_eq!(bench.counters.turns.again.get(), 2, "run again after a crash, and said so");
    });
}

#[test]
fn a_turn_that_is_interrupted_is_run_again_and_answered_once() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (_open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "never said"));
        bench.arrive(&["1", "2"]).await;
        bench.start(Tenure::Kept);
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1", "2"]);
        assert!(bench.store.dead_letters(None, 10).await.unwrap().items.is_empty());
    });
}

#[test]
fn a_restart_by_hand_counts_against_nobody() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut gates = Vec::new();
        for _ in 0..5 {
            let (open, gate) = oneshot::channel();
            gates.push(open);
            bench.provider.add(Line::SayAfter(gate, "never said"));
        }
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        for asked in 1..=5 {
            stage.until("a turn runs", || bench.provider.asked() == asked).await;
            stage.supervisor.restart_soon(&id());
        }
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"]);
        assert_eq!(bench.counters.turns.again.get(), 0);
    });
}

#[test]
fn a_client_whose_turn_crashes_sees_the_end_of_its_stream_and_no_row_is_blamed() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let session = bench.start(Tenure::Kept);
        for _ in 0..3 {
            bench.provider.add(Line::Panic);
            assert_eq!(heard(ask(&session, "hello")).await, []);
        }
        bench.arrive(&["1"]).await;
        session.wake();
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"]);
    });
}
