//! The way out: in order per chat, until the platform has confirmed it or it stands in the dead letters.

use std::collections::HashSet;
use std::time::Duration;

use super::bench::{Bench, id};
use crate::core::Drill;
use crate::doubles::{Stage, Wire, play};
use crate::message::{Code, LinkState};
use crate::ports::{OutboxRow, OutboxState, SendOrder, Store as _};

#[test]
fn payloads_go_in_order_and_are_done_when_the_platform_says_so() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let ids = bench.queue("a", &["1", "2", "3"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        for id in &ids {
            assert_eq!(wire.sent().await.id, *id);
        }
        assert_eq!(bench.store.health().outbox_open, 3, "sent is not confirmed");
        for id in &ids {
            wire.confirm(*id).await;
        }
        bench.all_sent().await;
        assert!(bench.desk.facts().last_outbound_ms.is_some());
        let more = bench.queue("a", &["4"]).await;
        playing.actor.wake();
        assert_eq!(wire.sent().await.id, more[0]);
    });
}

#[test]
fn one_per_chat_waits_for_each_confirmation() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.order = SendOrder::OnePerChat;
        let a = bench.queue("a", &["1", "2"]).await;
        let b = bench.queue("b", &["1"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        let first: HashSet<_> = [wire.sent().await.id, wire.sent().await.id].into();
        assert_eq!(first, [a[0], b[0]].into());
        assert!(wire.waiting().is_empty());
        wire.confirm(a[0]).await;
        assert_eq!(wire.sent().await.id, a[1]);
    });
}

#[test]
fn a_refused_payload_waits_is_tried_again_and_ends_in_the_dead_letters() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.attempts_max = 3;
        let ids = bench.queue("a", &["1"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        for attempt in 0..3 {
            let row = wait_for_row(&stage, &mut wire).await;
            assert_eq!(row.attempts, attempt);
            wire.refuse(row.id, Code::BadUpstream).await;
        }
        bench.all_sent().await;
        assert_eq!(bench.state(ids[0]).await, OutboxState::Dead);
        assert_eq!((bench.counters.outbound_retried.get(), bench.counters.outbound_dead.get()), (2, 1));
    });
}

async fn wait_for_row(stage: &Stage, wire: &mut Wire) -> OutboxRow {
    let (wire, got) = (std::sync::Mutex::new(wire), std::sync::Mutex::new(None));
    stage
        .pass_until("a row is sent", || {
            let command = wire.lock().unwrap().commands.try_recv().ok();
            if let Some(crate::channel::LinkCommand::Send(row)) = command {
                *got.lock().unwrap() = Some(*row);
            }
            got.lock().unwrap().is_some()
        })
        .await;
    got.into_inner().unwrap().expect("it is there")
}

#[test]
fn a_payload_refused_for_good_is_a_dead_letter_at_once_and_holds_nobody_up() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let ids = bench.queue("a", &["1", "2"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        wire.sent().await;
        wire.sent().await;
        wire.refuse(ids[0], Code::Refused).await;
        wire.confirm(ids[1]).await;
        bench.all_sent().await;
        assert_eq!(bench.state(ids[0]).await, OutboxState::Dead);
        assert_eq!(bench.state(ids[1]).await, OutboxState::Sent);
    });
}

#[test]
fn what_a_dropped_link_took_along_is_sent_again_and_counted() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let ids = bench.queue("a", &["1", "2", "3"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        for id in &ids {
            assert_eq!(wire.sent().await.id, *id);
        }
        wire.confirm(ids[0]).await;
        stage.until("it is heard", || bench.counters.outbound_sent.get() == 1).await;
        wire.drop_link(Code::LinkDown);
        let mut wire = playing.wire_up(&stage).await;
        for id in ids.iter().skip(1) {
            let row = wire.sent().await;
            assert_eq!((row.id, row.resent), (*id, true));
            wire.confirm(*id).await;
        }
        bench.all_sent().await;
        assert_eq!(bench.counters.outbox_resent.get(), 2);
        assert_eq!(stage.supervisor.report(&id()).unwrap().restarts, 0, "a dropped link is no failure of the actor");
    });
}

#[test]
fn the_window_bounds_what_is_on_its_way() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let texts: Vec<_> = (0..700).map(|number| number.to_string()).collect();
        let ids = bench.queue("a", &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        for id in ids.iter().take(512) {
            assert_eq!(wire.sent().await.id, *id);
        }
        stage.pass(Duration::from_secs(2)).await;
        assert!(wire.waiting().is_empty(), "the window is full");
        for id in ids.iter().take(512) {
            wire.confirm(*id).await;
        }
        for id in ids.iter().skip(512) {
            assert_eq!(wire.sent().await.id, *id);
            wire.confirm(*id).await;
        }
        bench.all_sent().await;
    });
}

/// Three rows are on their way when the actor panics, and again whenever the second goes out: rows go one by one then, and the
/// one in hand is found out.
#[test]
fn careful_mode_finds_the_row_that_crashes_the_actor() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let ids = bench.queue("a", &["1", "poison", "3"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        let mut crashes = 0;
        let mut confirmed = HashSet::new();
        while confirmed.len() < 2 {
            let row = wait_for_row(&stage, &mut wire).await;
            if row.outbound.text == "poison" {
                crashes += 1;
                stage.supervisor.fault(&id(), Drill::Panic).unwrap();
                wire = playing.wire_up(&stage).await;
            } else if crashes > 0 {
                wire.confirm(row.id).await;
                confirmed.insert(row.id);
            }
        }
        bench.all_sent().await;
        assert_eq!(confirmed, [ids[0], ids[2]].into());
        assert_eq!(bench.state(ids[1]).await, OutboxState::Dead);
        let letters = bench.store.dead_letters(None, 10).await.unwrap().items;
        assert_eq!(letters.iter().map(|letter| letter.code).collect::<Vec<_>>(), [Code::Poison]);
        assert_eq!(crashes, 4, "once among others, then three times alone");
    });
}

/// The row that was last in hand is done; crashes with a full window later are not counted against what is in it.
#[test]
fn a_row_that_was_in_hand_long_ago_blames_nobody_at_a_later_crash() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.crashes_max = 1;
        let mut playing = bench.start();
        let _wire = playing.wire_up(&stage).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let mut wire = playing.wire_up(&stage).await;
        let first = bench.queue("a", &["alone"]).await;
        playing.actor.wake();
        assert_eq!(wire.sent().await.id, first[0]);
        wire.confirm(first[0]).await;
        bench.all_sent().await;
        let many = bench.queue("b", &["1", "2"]).await;
        playing.actor.wake();
        for id in &many {
            assert_eq!(wire.sent().await.id, *id, "they go together");
        }
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let mut wire = playing.wire_up(&stage).await;
        for id in many {
            assert_eq!(wire.sent().await.id, id);
            wire.confirm(id).await;
        }
        bench.all_sent().await;
        assert!(bench.store.dead_letters(None, 10).await.unwrap().items.is_empty());
    });
}

#[test]
fn a_payload_that_waited_too_long_is_a_dead_letter() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.outbound_age_max = Duration::from_secs(3600);
        let old = bench.queue("a", &["old"]).await;
        stage.clock.advance(Duration::from_secs(3601));
        let new = bench.queue("a", &["new"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        assert_eq!(wire.sent().await.id, new[0]);
        stage.until("the old one is put away", || bench.store.health().outbox_open == 1).await;
        assert_eq!(bench.state(old[0]).await, OutboxState::Dead);
        bench.store.retry_dead_letter(old[0].as_uuid()).await.unwrap();
        playing.actor.wake();
        assert_eq!(wire.sent().await.id, old[0], "retried by hand, it is young again");
    });
}

/// Each request fails once, or is done and its answer never comes.
#[test]
fn a_failing_or_late_store_costs_time_and_nothing_else() {
    for request in ["reopen_outbox", "allowed_peers", "begin_send", "fail_send", "next_due"] {
        for late in [false, true] {
            play(|stage| async move {
                let bench = Bench::new(&stage);
                let spoil = || if late { bench.store.lose_answer(request) } else { bench.store.fail_once(request) };
                // Those two matter once a row has been refused.
                let after_refusal = matches!(request, "fail_send" | "next_due");
                if !after_refusal {
                    spoil();
                }
                let ids = bench.queue("a", &["1"]).await;
                let mut playing = bench.start();
                let mut wire = playing.wire_up(&stage).await;
                let row = wait_for_row(&stage, &mut wire).await;
                if after_refusal {
                    spoil();
                }
                wire.refuse(row.id, Code::BadUpstream).await;
                let row = wait_for_row(&stage, &mut wire).await;
                wire.confirm(row.id).await;
                bench.all_sent().await;
                assert_eq!(bench.state(ids[0]).await, OutboxState::Sent, "{request} late: {late}");
                assert_eq!(stage.supervisor.report(&id()).unwrap().restarts, 0);
            });
        }
    }
}

#[test]
fn rows_are_put_back_by_one_request_at_a_time() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let ids = bench.queue("a", &["1"]).await;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        wire.sent().await;
        bench.store.fail("reopen_outbox");
        wire.drop_link(Code::LinkDown);
        for _ in 0..3 {
            wire = playing.wire_up(&stage).await;
            wire.drop_link(Code::LinkDown);
            bench.link_is(LinkState::Down).await;
        }
        bench.store.mend("reopen_outbox");
        let mut wire = playing.wire_up(&stage).await;
        let row = wait_for_row(&stage, &mut wire).await;
        wire.confirm(row.id).await;
        bench.all_sent().await;
        stage.pass(Duration::from_secs(5)).await;
        assert!(wire.waiting().is_empty(), "nothing is sent twice on one link");
        assert_eq!(bench.state(ids[0]).await, OutboxState::Sent);
    });
}
