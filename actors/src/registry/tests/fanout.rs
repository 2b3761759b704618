//! Events: stamped once, without holes, and a slow listener is nobody else's trouble.

use super::cast::{Bench, body};
use crate::core::{ActorId, Drill};
use crate::doubles::play;
use crate::message::Switchboard as _;
use crate::registry::{FANOUT, LISTENER_EVENTS_MAX};

#[test]
fn the_stamps_have_no_holes_over_a_crash() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        let mut listener = bench.board.listen();
        for round in 0..5 {
            (0..10).for_each(|number| bench.board.publish(body(&format!("{round}-{number}"))));
            stage.supervisor.fault(&ActorId::new(FANOUT), Drill::Panic).unwrap();
        }
        let mut seen = Vec::new();
        while seen.len() < 50 {
            let event = listener.recv().await.expect("there are more");
            seen.push((event.seq, event.body.clone()));
        }
        let expected: Vec<_> = (0..50).map(|at| (at + 1, body(&format!("{}-{}", at / 10, at % 10)))).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_slow_listener_misses_events_and_the_others_do_not() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        let mut slow = bench.board.listen();
        let mut quick = bench.board.listen();
        let count = LISTENER_EVENTS_MAX as u64 + 100;
        for number in 1..=count {
            bench.board.publish(body("tick"));
            assert_eq!(quick.recv().await.expect("each one comes").seq, number);
        }
        let seqs: Vec<_> = std::iter::from_fn(|| slow.try_recv().ok()).map(|event| event.seq).collect();
        assert_eq!(seqs.len(), LISTENER_EVENTS_MAX);
        bench.board.publish(body("tick"));
        assert_eq!(slow.recv().await.expect("it listens on").seq, count + 1, "the gap shows in the stamps");
    });
}

#[test]
fn a_listener_that_is_gone_is_forgotten() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        drop(bench.board.listen());
        assert!(bench.board.has_listeners());
        bench.board.publish(body("nobody hears this"));
        stage.until("it is forgotten", || !bench.board.has_listeners()).await;
    });
}
