//! Sessions come and go; no wake-up is lost on the way.

use std::time::Duration;

use tokio::sync::oneshot;

use super::cast::{Bench, Manners};
use crate::core::{ActorId, Drill, Live};
use crate::doubles::play;
use crate::message::{Activation, Code, Delta, RunId, SessionKey, Switchboard as _};
use crate::ports::conformance::make;
use crate::ports::{ACTIVATIONS_MAX, Store as _};
use crate::registry::{Board, REGISTRY, Reconciled, RouteSettings};

fn key(number: usize) -> SessionKey {
    SessionKey::new(&format!("agent:main:{number}"))
}

fn id(key: &SessionKey) -> ActorId {
    ActorId::new(format!("session:{key}"))
}

fn text(delta: Option<Delta>) -> String {
    match delta {
        Some(Delta::Text { text }) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_session_is_started_let_go_and_started_again() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        bench.wake(&key(1)).await;
        bench.wake(&key(1)).await;
        assert_eq!(bench.company.starts(&key(1)), 1);
        bench.board.session_idle(&key(1));
        stage.until("it has left", || bench.board.sessions_in_memory().is_empty()).await;
        bench.wake(&key(1)).await;
        assert_eq!(bench.company.starts(&key(1)), 2);
    });
}

#[test]
fn a_wake_up_over_any_moment_of_leaving_is_served() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        bench.wake(&key(1)).await;
        for _ in 0..200 {
            bench.board.session_idle(&key(1));
            bench.wake(&key(1)).await;
        }
    });
}

#[test]
fn a_busy_or_silent_session_stays_and_hears_what_came_meanwhile() {
    for manners in [Manners::Stays, Manners::Silent] {
        play(|stage| async move {
            let bench = Bench::new(&stage);
            *bench.company.manners.lock().unwrap() = manners;
            bench.start();
            bench.wake(&key(1)).await;
            bench.board.session_idle(&key(1));
            bench.wake(&key(1)).await;
            assert_eq!(bench.company.starts(&key(1)), 1);
        });
    }
}

#[test]
fn a_crash_of_the_registry_opens_the_ways_it_had_closed() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        *bench.company.manners.lock().unwrap() = Manners::Silent;
        bench.start();
        bench.wake(&key(1)).await;
        bench.board.session_idle(&key(1));
        stage.supervisor.fault(&ActorId::new(REGISTRY), Drill::Panic).unwrap();
        bench.wake(&key(1)).await;
        assert_eq!(bench.company.starts(&key(1)), 1);
    });
}

#[test]
fn a_crash_of_the_registry_loses_no_wake_up() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        for number in 0..20 {
            stage.supervisor.fault(&ActorId::new(REGISTRY), Drill::Panic).unwrap();
            bench.wake(&key(number)).await;
        }
    });
}

#[test]
fn open_rows_of_an_earlier_life_are_found_also_by_a_late_store() {
    for late in [false, true] {
        play(|stage| async move {
            let bench = Bench::new(&stage);
            let request = "sessions_with_open_rows";
            if late {
                bench.store.lose_answer(request)
            } else {
                bench.store.fail_once(request)
            }
            bench.store.accept(vec![make::accept("room", "1")]).await.unwrap();
            bench.start();
            stage.pass_until("its session runs", || bench.company.starts(&make::session("room")) == 1).await;
        });
    }
}

#[test]
fn no_more_sessions_are_started_than_there_is_room_for_and_the_others_wait() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        *bench.company.room.lock().unwrap() = 2;
        bench.start();
        bench.wake(&key(1)).await;
        bench.wake(&key(2)).await;
        bench.board.wake_session(&key(3));
        stage.pass(Duration::from_secs(5)).await;
        assert_eq!(bench.company.starts(&key(3)), 0);
        let refused = bench.heard(&mut bench.ask(&key(4), "hello")).await;
        assert!(matches!(refused, Some(Delta::Failed(failure)) if failure.code == Code::Overloaded));
        bench.board.session_idle(&key(1));
        stage.pass_until("the next one has its place", || bench.company.starts(&key(3)) == 1).await;
        assert!(stage.supervisor.count() <= 2 + 2, "with registry and fan-out");
    });
}

/// Each wake-up added a timer that renewed itself for as long as one session had to wait.
#[test]
fn many_wake_ups_that_have_to_wait_share_one_timer() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        *bench.company.room.lock().unwrap() = 1;
        bench.start();
        bench.wake(&key(0)).await;
        let calm = stage.clock.waiters();
        for number in 1..100 {
            bench.board.wake_session(&key(number));
            bench.wake(&key(0)).await;
        }
        assert!(stage.clock.waiters() <= calm + 5, "{} waits, {calm} before", stage.clock.waiters());
    });
}

#[test]
fn questions_for_a_leaving_session_wait_for_the_next_one_in_order() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        *bench.company.manners.lock().unwrap() = Manners::Silent;
        bench.start();
        bench.wake(&key(1)).await;
        bench.board.session_idle(&key(1));
        let mut clients: Vec<_> = ["one", "two", "three"].iter().map(|text| bench.ask(&key(1), text)).collect();
        for (client, expected) in clients.iter_mut().zip(["one", "two", "three"]) {
            assert_eq!(text(bench.heard(client).await), expected);
        }
        *bench.company.manners.lock().unwrap() = Manners::Leaves;
        for number in 0..100 {
            bench.board.session_idle(&key(1));
            let mut client = bench.ask(&key(1), &number.to_string());
            assert_eq!(text(bench.heard(&mut client).await), number.to_string());
        }
    });
}

/// It kept its place on the board, and was deaf there.
#[test]
fn a_session_that_ended_by_itself_is_started_anew_for_its_rows() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        bench.wake(&key(1)).await;
        // An order is lost with the life that had it, where the supervisor begins another meanwhile.
        let is_gone = || {
            let _ = stage.supervisor.fault(&id(&key(1)), Drill::Stop);
            stage.supervisor.report(&id(&key(1))).is_err()
        };
        stage.until("it is forgotten", is_gone).await;
        bench.board.session_ended(&key(1));
        stage.pass_until("it is there again", || bench.company.starts(&key(1)) == 2).await;
        bench.board.session_ended(&key(1));
        bench.wake(&key(1)).await;
        assert_eq!(bench.company.starts(&key(1)), 2, "one that runs is left alone");
    });
}

#[test]
fn channels_that_could_not_be_started_yet_are_tried_again() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.company.reconciled.lock().unwrap().extend([Reconciled::NotYet, Reconciled::NotYet]);
        bench.start();
        stage.pass_until("they are", || *bench.company.reconciles.lock().unwrap() == 3).await;
        stage.pass(Duration::from_secs(5)).await;
        assert_eq!(*bench.company.reconciles.lock().unwrap(), 3);
    });
}

/// Between the look at what runs and the word to stop it, a turn's row may be taken in hand: it does not begin then.
#[test]
fn an_abort_by_name_calls_a_turn_off_that_has_not_begun() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.start();
        let runs = bench.board.runs();
        let named = |name: &str| RunId::named(name).unwrap();
        for (name, session) in [("here", key(1)), ("there", key(2)), ("spared", key(1))] {
            runs.open(&named(name), &session, 0);
        }
        for name in ["here", "there"] {
            let (done, aborted) = oneshot::channel();
            bench.board.abort(&key(1), Some(named(name)), "rpc", done);
            assert!(aborted.await.is_err(), "nothing runs");
        }
        let called_off = ["here", "there", "spared"].map(|name| runs.called_off(&named(name)));
        assert_eq!(called_off, [Some("rpc"), None, None], "only the one named, and only in its own session");
    });
}

#[test]
fn a_thread_goes_by_its_own_word_and_else_by_that_of_its_room() {
    let board = Board::new(Live::fixed(RouteSettings::default()));
    let (room, thread) = (SessionKey::new("agent:main:chat:group:g"), SessionKey::new("agent:main:chat:group:g:thread:1"));
    assert_eq!(board.activation(&thread), None);
    board.set_activation(&room, Some(Activation::Always));
    assert_eq!((board.activation(&room), board.activation(&thread)), (Some(Activation::Always), Some(Activation::Always)));
    board.set_activation(&thread, Some(Activation::Mention));
    assert_eq!((board.activation(&room), board.activation(&thread)), (Some(Activation::Always), Some(Activation::Mention)));
    board.set_activation(&thread, None);
    board.set_activation(&room, None);
    assert_eq!(board.activation(&thread), None);
}

#[test]
fn so_many_own_words_are_kept_and_no_more() {
    let board = Board::new(Live::fixed(RouteSettings::default()));
    let key = |n: usize| SessionKey::new(&format!("agent:main:chat:group:{n}"));
    (0..=ACTIVATIONS_MAX).for_each(|n| board.set_activation(&key(n), Some(Activation::Always)));
    assert_eq!(board.activation(&key(ACTIVATIONS_MAX)), None);
    board.set_activation(&key(0), Some(Activation::Mention));
    assert_eq!(board.activation(&key(0)), Some(Activation::Mention), "one that is known can be changed");
}
