//! Events: stamped once, without holes.

use super::cast::{Bench, body};
use crate::core::{ActorId, Drill};
use crate::doubles::{Ear, play};
use crate::message::{Switchboard as _, event_frame};
use crate::registry::FANOUT;

#[test]
fn the_stamps_have_no_holes_over_a_crash() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        let (ear, mut heard) = Ear::new();
        bench.board.listen(ear);
        for round in 0..5 {
            (0..10).for_each(|number| bench.board.publish(body(&format!("{round}-{number}"))));
            stage.supervisor.fault(&ActorId::new(FANOUT), Drill::Panic).unwrap();
        }
        let mut seen = Vec::new();
        while seen.len() < 50 {
            let event = heard.recv().await.expect("there are more");
            seen.push(event.frame.clone());
        }
        let expected: Vec<_> =
            (0..50).map(|at| event_frame(&body(&format!("{}-{}", at / 10, at % 10)), Some(at + 1))).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_listener_that_is_gone_is_forgotten() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        let (ear, heard) = Ear::new();
        bench.board.listen(ear);
        drop(heard);
        assert!(bench.board.has_listeners());
        bench.board.publish(body("nobody hears this"));
        stage.until("it is forgotten", || !bench.board.has_listeners()).await;
    });
}
