//! The link: comes back, blocks, says goodbye.

use std::sync::Arc;
use std::time::Duration;

use super::bench::{Bench, id, message};
use crate::channel::{Account, DmPolicy, GroupPolicy, LinkCommand};
use crate::core::Drill;
use crate::doubles::{Stability, account_of, play};
use crate::message::{ChatKind, Code, LinkState};
use crate::ports::Store as _;
use crate::ports::conformance::{START_MS, make};

#[test]
fn a_refused_login_blocks_the_link_which_is_tried_again_slowly_for_ever() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        for _ in 0..3 {
            let wire = playing.wire(&stage).await;
            let before = stage.clock.elapsed();
            wire.drop_link(Code::BadCredentials);
            bench.link_is(LinkState::Blocked).await;
            let wire = playing.wire(&stage).await;
            assert!(stage.clock.elapsed() - before >= Duration::from_secs(300));
            wire.drop_link(Code::BadCredentials);
        }
        assert_eq!(stage.supervisor.report(&id()).unwrap().restarts, 0);
    });
}

#[test]
fn a_spent_reconnect_budget_blocks_the_link_and_a_stable_one_begins_anew() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.reconnect.attempts_max = 2;
        let mut playing = bench.start();
        for _ in 0..2 {
            playing.wire(&stage).await.drop_link(Code::LinkDown);
            bench.link_is(LinkState::Down).await;
        }
        playing.wire(&stage).await.drop_link(Code::LinkDown);
        bench.link_is(LinkState::Blocked).await;
        assert_eq!(bench.desk.facts().last_error.as_deref(), Some("it is played"));
        let wire = playing.wire_up(&stage).await;
        bench.link_is(LinkState::Up).await;
        wire.end_with(Code::LinkDown, Stability::Stable);
        bench.link_is(LinkState::Down).await;
        assert_eq!(bench.desk.facts().reconnect_attempts, 1);
    });
}

#[test]
fn a_link_says_goodbye_and_stays_down() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        bench.link_is(LinkState::Up).await;
        let said = playing.close();
        assert!(matches!(wire.command().await, LinkCommand::Close));
        wire.end_with(Code::LinkDown, Stability::Stable);
        said.await.expect("it says when it is done");
        stage.pass(Duration::from_secs(30)).await;
        assert!(playing.no_wire(), "and is not made again");
    });
}

#[test]
fn a_link_that_is_not_there_has_said_goodbye_already() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        playing.wire(&stage).await.drop_link(Code::LinkDown);
        bench.link_is(LinkState::Down).await;
        playing.close().await.expect("there is nothing to wait for");
        stage.pass(Duration::from_secs(30)).await;
        assert!(playing.no_wire(), "and is not made again");
    });
}

#[test]
fn what_comes_late_from_an_earlier_link_is_dropped() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let old = playing.wire_up(&stage).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let mut wire = playing.wire_up(&stage).await;
        drop(old);
        wire.message(message("a", "1"), 1).await;
        assert_eq!(wire.acks(1).await, [1]);
        assert_eq!(bench.store.health().inbox_open, 1);
    });
}

#[test]
fn a_crash_does_not_leave_the_status_up() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let _wire = playing.wire_up(&stage).await;
        bench.link_is(LinkState::Up).await;
        bench.store.fail("reopen_outbox");
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        bench.link_is(LinkState::Down).await;
    });
}

#[test]
fn settings_that_need_no_new_link_are_followed_over_the_live_one() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        playing.platform.access.lock().unwrap().group = GroupPolicy::Disabled;
        let account: Account = account_of(Arc::clone(&playing.platform));
        *bench.accounts.lock().unwrap() = Arc::new(vec![account]);
        let shapers = *bench.notebook.shapers.lock().unwrap();
        playing.actor.wake();
        stage.until("how text is cut is told", || *bench.notebook.shapers.lock().unwrap() > shapers).await;
        wire.message(message("a", "1"), 1).await;
        assert_eq!(wire.acks(1).await, [1]);
        assert_eq!((bench.store.health().inbox_open, bench.counters.inbound_dropped.get()), (0, 1));
    });
}

/// Ids are compared lower-cased everywhere; the approval keeps the platform's own spelling.
#[test]
fn an_approved_peer_is_let_in_whatever_the_case_of_its_id() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.access.dm = DmPolicy::Pairing;
        let mut playing = bench.start();
        let mut wire = playing.wire_up(&stage).await;
        let from_ann = |platform_id: &str| {
            let mut inbound = message("Ann", platform_id);
            inbound.route.chat.kind = ChatKind::Direct;
            inbound.route.peer.id = "Ann".into();
            inbound
        };
        wire.message(from_ann("1"), 1).await;
        stage.until("a notice waits", || !bench.notebook.woken_channels.lock().unwrap().is_empty()).await;
        playing.actor.wake();
        let notice = wire.sent().await;
        let code = notice.outbound.text.strip_prefix("Ann: ").expect("the notice tells id and code").to_owned();
        let channel = make::account().channel().to_owned();
        bench.store.approve_pairing(channel, code, "welcome".into(), START_MS).await.unwrap().expect("it is open");
        bench.desk.approvals_changed();
        playing.actor.wake();
        stage.until("the list is read", || bench.store.asked("allowed_peers") == 2).await;
        stage.pass(Duration::from_millis(200)).await;
        wire.message(from_ann("2"), 2).await;
        stage.until("it is let in", || bench.store.health().inbox_open == 1).await;
    });
}
