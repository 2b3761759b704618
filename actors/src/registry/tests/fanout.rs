//! Events: stamped once, without holes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::fanout::{EVENTS_MAX, LIGHT_EVENTS_BYTES_MAX, LIGHT_EVENTS_MAX};
use super::cast::{Bench, body};
use crate::core::{ActorId, Drill};
use crate::doubles::{Ear, Stage, play};
use crate::message::{Delivery, Event, Heard, Listener, Switchboard as _, event_frame};
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

/// Holds the fan-out back until the gate is dropped; lets everything else through.
struct Gated {
    ear: Arc<Ear>,
    gate: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
}

impl Listener for Gated {
    fn hear(&self, event: &Arc<Event>) -> Heard {
        let heard = self.ear.hear(event);
        if let Some(gate) = self.gate.lock().unwrap().take() {
            let _ = gate.recv_timeout(Duration::from_secs(60));
        }
        heard
    }
}

/// Publishes a kept event, many that may be left out, and another kept one, all behind a fan-out that is held; returns how many
/// were heard of those between.
async fn heard_between(stage: &Arc<Stage>, light: usize, text: &str) -> usize {
    let bench = Bench::new(stage);
    bench.start();
    let (ear, mut heard) = Ear::new();
    let (open, gate) = std::sync::mpsc::channel();
    bench.board.listen(Arc::new(Gated { ear, gate: Mutex::new(Some(gate)) }));
    bench.board.publish(body("holds"));
    assert!(heard.recv().await.is_some());
    bench.board.publish(body("first"));
    (0..light).for_each(|_| bench.board.publish(body(text).droppable()));
    bench.board.publish(body("last"));
    drop(open);
    let first = heard.recv().await.expect("there are more");
    assert_eq!(first.frame, event_frame(&body("first"), Some(2)), "no event that may be left out has put it out");
    let mut between = 0;
    while heard.recv().await.expect("there are more").delivery == Delivery::Droppable {
        between += 1;
    }
    between
}

#[test]
fn events_that_may_be_left_out_put_no_other_out() {
    play(|stage| async move {
        let light = usize::try_from(LIGHT_EVENTS_MAX).unwrap();
        // The first of the kept ones waits too.
        assert_eq!(heard_between(&stage, 2 * usize::try_from(EVENTS_MAX).unwrap(), "x").await, light - 1);
    });
}

#[test]
fn long_events_that_may_be_left_out_are_left_out_sooner() {
    play(|stage| async move {
        let long = "x".repeat(LIGHT_EVENTS_BYTES_MAX / 4);
        assert_eq!(heard_between(&stage, 100, &long).await, 4);
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
