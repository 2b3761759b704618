//! Turns that wait in their lane.

use super::bench::{Bench, ask, heard, key};
use crate::doubles::play;
use crate::message::{Delta, Tenure};
use crate::ports::Store as _;
use crate::session::lanes::{Entered, Lane, LanePass, LaneStand};

fn occupy(bench: &mut Bench) -> LanePass {
    bench.settings.lanes.main = 1;
    match bench.gate.lanes().enter(Lane::Main, 1) {
        Entered::Now(pass) => pass,
        Entered::Later(_) => panic!("nobody runs"),
    }
}

#[test]
fn a_turn_waits_for_room_and_holds_up_neither_the_end_nor_a_client() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        let other = occupy(&mut bench);
        let lane = || bench.gate.lanes().stand(Lane::Main);
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("it waits", || lane() == LaneStand { running: 1, waiting: 1 }).await;
        stage.until("it holds nobody up", || bench.gate.running() == 0).await;
        assert_eq!(bench.provider.asked(), 0);
        drop(other);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"]);
        stage.until("its place is free", || lane() == LaneStand::default()).await;
    });
}

#[test]
fn a_client_that_waits_needs_no_lane() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        let _other = occupy(&mut bench);
        let session = bench.start(Tenure::Kept);
        stage.until("it waits for room", || bench.gate.lanes().stand(Lane::Main).waiting == 1).await;
        assert!(matches!(heard(ask(&session, "1")).await.last(), Some(Delta::End(_))));
    });
}

/// Many sessions wait at a crash; what only waited has nothing to do with it.
#[test]
fn a_row_that_waits_for_room_is_not_in_hand() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        let other = occupy(&mut bench);
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("it waits", || bench.gate.lanes().stand(Lane::Main).waiting == 1).await;
        assert_eq!(bench.store.inner.waiting_rows(key(), 0, 9).await.unwrap().len(), 1);
        drop(other);
        bench.answered().await;
        stage.until("nobody has a place", || bench.gate.lanes().stand(Lane::Main) == LaneStand::default()).await;
    });
}

#[test]
fn a_turn_that_waits_at_the_end_of_the_gateway_stays_in_its_row() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        let other = occupy(&mut bench);
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("it waits", || bench.gate.lanes().stand(Lane::Main).waiting == 1).await;
        bench.gate.close();
        bench.gate.emptied().await;
        drop(other);
        stage.until("it gives its place back", || bench.gate.lanes().stand(Lane::Main) == LaneStand::default()).await;
        assert_eq!((bench.provider.asked(), bench.open_rows()), (0, 1));
    });
}
