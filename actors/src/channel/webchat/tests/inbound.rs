//! From the desk to the inbox: a client hears "got it" after the commit, once, and never otherwise.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::super::{
    PLATFORM_ID_BYTES_MAX, POSTS_BYTES_MAX, POSTS_WAITING_MAX, Post, PostError, Posted, TEXT_BYTES_MAX, default_account,
};
use super::bench::{Bench, heard, id, post, session};
use crate::core::Drill;
use crate::doubles::play;
use crate::message::{AccountKey, Code, LinkState, Peer, Retry};
use crate::ports::Store as _;

const NEW: Result<Posted, PostError> = Ok(Posted { duplicate: false });
const KNOWN: Result<Posted, PostError> = Ok(Posted { duplicate: true });

#[test]
fn a_message_has_its_row_when_its_client_hears_of_it() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        assert_eq!(heard(bench.desk.post(post("k1", "hello"))).await, NEW);
        assert_eq!(*bench.notebook.woken_sessions.lock().unwrap(), [session()], "the named session, not the one of a route");
        let rows = bench.rows().await;
        let inbound = &rows[0].inbound;
        assert_eq!((inbound.text.as_str(), inbound.platform_id.as_str()), ("hello", "chat:k1"));
        assert_eq!(inbound.route.peer.name, "Ann's laptop");
        let order = inbound.order.as_ref().unwrap();
        assert_eq!((order.run.as_str(), order.spelled.as_str()), ("k1", "main"));
        assert_eq!(bench.counters.inbound_accepted.get(), 1);
        assert!(bench.facts.facts().last_inbound_ms.is_some());
    });
}

#[test]
fn nobody_hears_of_a_message_before_the_commit() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("accept");
        let mut answer = bench.desk.post(post("k1", "hello"));
        stage.pass_until("it is tried again", || bench.store.asked("accept") > 2).await;
        assert!((&mut answer).now_or_never().is_none());
        bench.store.mend("accept");
        stage.pass_until("it is written", || bench.store.health().inbox_open == 1).await;
        assert_eq!(heard(answer).await, NEW);
    });
}

#[test]
fn the_same_message_again_has_one_row_and_its_client_hears_so() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let both = [bench.desk.post(post("k1", "hello")), bench.desk.post(post("k1", "hello"))];
        let [first, second] = both;
        assert_eq!((heard(first).await, heard(second).await), (NEW, KNOWN));
        assert_eq!(heard(bench.desk.post(post("k1", "hello"))).await, KNOWN);
        assert_eq!(bench.rows().await.len(), 1);
        assert_eq!(bench.counters.inbound_duplicate.get(), 2);
    });
}

#[test]
fn messages_of_a_session_keep_the_order_in_which_they_were_handed_in() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let answers: Vec<_> = (0..600).map(|n| bench.desk.post(post(&format!("k{n}"), &n.to_string()))).collect();
        for answer in answers {
            assert_eq!(heard(answer).await, NEW);
        }
        let texts: Vec<_> = bench.rows().await.into_iter().map(|row| row.inbound.text).collect();
        assert_eq!(texts, (0..600).map(|n| n.to_string()).collect::<Vec<_>>());
    });
}

#[test]
fn a_stopped_channel_says_so_and_takes_messages_again_when_it_is_started() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        stage.supervisor.stop(&id(), Duration::from_secs(5)).await.unwrap();
        let error = heard(bench.desk.post(post("k1", "hello"))).await.unwrap_err();
        assert_eq!(error.to_string(), "the channel webchat:default is stopped: start it with channels.start");
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(bench.store.asked("accept"), 0);
        stage.supervisor.start_again(&id(), Duration::from_secs(5)).await.unwrap();
        bench.link_up().await;
        assert_eq!(heard(bench.desk.post(post("k1", "hello"))).await, NEW);
    });
}

#[test]
fn a_channel_that_has_failed_or_is_not_there_says_so() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        for _ in 0..=100 {
            let restarts = stage.supervisor.report(&id()).unwrap().restarts;
            stage.supervisor.fault(&id(), Drill::Panic).unwrap();
            let report = || stage.supervisor.report(&id()).unwrap();
            stage.until("it has fallen", || report().restarts > restarts || report().state == crate::core::State::Failed).await;
        }
        stage.until("it has failed", || stage.supervisor.report(&id()).unwrap().state == crate::core::State::Failed).await;
        let error = heard(bench.desk.post(post("k1", "hello"))).await.unwrap_err();
        assert_eq!((error.code(), error.code().retry()), (Code::ActorFailed, Retry::Never));
        let elsewhere = Post { account: AccountKey::new("webchat", "other"), ..post("k1", "hello") };
        let error = heard(bench.desk.post(elsewhere)).await.unwrap_err();
        assert_eq!(error, PostError::Absent(AccountKey::new("webchat", "other")));
    });
}

/// "Set enabled to true" would be no help: it is, and the registry is about to start it.
#[test]
fn a_channel_that_is_configured_and_not_listed_yet_is_being_started() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        stage.supervisor.retire(&id());
        stage.until("it is off the list", || stage.supervisor.report(&id()).is_err()).await;
        let error = heard(bench.desk.post(post("k1", "hello"))).await.unwrap_err();
        assert_eq!(error, PostError::Starting(default_account()));
        let off = AccountKey::new("webchat", "off");
        let error = heard(bench.desk.post(Post { account: off.clone(), ..post("k1", "hello") })).await.unwrap_err();
        assert_eq!(error, PostError::Absent(off));
    });
}

/// Whatever the store had done by then: the client hears that it may try again, and no message is lost or there twice.
#[test]
fn a_crash_with_messages_in_flight_loses_none_and_doubles_none() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.lose_answer("accept");
        let committed = bench.desk.post(post("k1", "one"));
        stage.until("it is written", || bench.store.health().inbox_open == 1).await;
        let waiting = bench.desk.post(post("k2", "two"));
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        assert_eq!(heard(committed).await, Err(PostError::Interrupted(default_account())));
        let error = heard(waiting).await.unwrap_err();
        assert_eq!((error.code(), error.code().retry()), (Code::Unavailable, Retry::After), "{error}");
        assert!(
            bench.notebook.woken_sessions.lock().unwrap().contains(&session()),
            "the row that nobody told of is looked for"
        );
        bench.back(1).await;
        let retried = [bench.desk.post(post("k1", "one")), bench.desk.post(post("k2", "two"))];
        let [first, second] = retried;
        assert_eq!((heard(first).await, heard(second).await), (KNOWN, NEW));
        let texts: Vec<_> = bench.rows().await.into_iter().map(|row| row.inbound.text).collect();
        assert_eq!(texts, ["one", "two"]);
    });
}

#[test]
fn crashes_in_a_loop_under_load_lose_and_double_nothing() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let mut open: Vec<usize> = (0..300).collect();
        for round in 0.. {
            bench.back(round.min(5)).await;
            let answers: Vec<_> = open.iter().map(|n| (*n, bench.desk.post(post(&format!("k{n}"), &n.to_string())))).collect();
            if round < 5 {
                tokio::task::yield_now().await;
                stage.supervisor.fault(&id(), Drill::Panic).unwrap();
            }
            open.clear();
            for (n, answer) in answers {
                match heard(answer).await {
                    Ok(_) => {}
                    Err(error) if error.code() == Code::Unavailable => open.push(n),
                    Err(error) => panic!("{n}: {error}"),
                }
            }
            if open.is_empty() {
                break;
            }
        }
        let mut texts: Vec<usize> = bench.rows().await.iter().map(|row| row.inbound.text.parse().unwrap()).collect();
        texts.sort_unstable();
        assert_eq!(texts, (0..300).collect::<Vec<_>>());
    });
}

#[test]
fn a_link_that_closes_finishes_what_it_has_and_takes_no_more() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail_once("accept");
        let before = bench.desk.post(post("k1", "hello"));
        stage.until("it is tried", || bench.store.asked("accept") == 1).await;
        let said = bench.close();
        stage
            .until("no more are taken", || {
                let after = bench.desk.post(post("k2", "late"));
                futures_util::FutureExt::now_or_never(after) == Some(Err(PostError::Closing(default_account())))
            })
            .await;
        stage.pass_until("the link is down", || bench.facts.facts().status.state == LinkState::Down).await;
        said.await.expect("it has said goodbye");
        assert_eq!(heard(before).await, NEW);
        let error = heard(bench.desk.post(post("k3", "later"))).await.unwrap_err();
        assert_eq!(error, PostError::Closing(default_account()));
    });
}

#[test]
fn a_goodbye_does_not_wait_for_a_disk_for_ever() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("accept");
        let answer = bench.desk.post(post("k1", "hello"));
        stage.until("it is tried", || bench.store.asked("accept") == 1).await;
        let said = bench.close();
        stage.pass_until("the link is down", || bench.facts.facts().status.state == LinkState::Down).await;
        said.await.expect("it has said goodbye");
        assert_eq!(heard(answer).await, Err(PostError::Interrupted(default_account())));
    });
}

#[test]
fn a_full_desk_says_so_and_has_room_again() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("accept");
        let answers: Vec<_> = (0..POSTS_WAITING_MAX).map(|n| bench.desk.post(post(&format!("k{n}"), "hello"))).collect();
        let error = heard(bench.desk.post(post("more", "hello"))).await.unwrap_err();
        assert_eq!((&error, error.code()), (&PostError::Full(default_account()), Code::Overloaded));
        bench.store.mend("accept");
        stage.pass_until("all are written", || bench.store.health().inbox_open == POSTS_WAITING_MAX as u64).await;
        for answer in answers {
            assert_eq!(heard(answer).await, NEW);
        }
        assert_eq!(heard(bench.desk.post(post("more", "hello"))).await, NEW);
    });
}

#[test]
fn long_messages_fill_the_desk_sooner() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("accept");
        let long = "x".repeat(TEXT_BYTES_MAX);
        let room = POSTS_BYTES_MAX / TEXT_BYTES_MAX;
        let _answers: Vec<_> = (0..room).map(|n| bench.desk.post(post(&format!("k{n}"), &long))).collect();
        assert_eq!(heard(bench.desk.post(post("more", "x"))).await, Err(PostError::Full(default_account())));
    });
}

#[test]
fn what_cannot_be_a_message_is_refused_at_the_desk() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let with_id = |platform_id: String| Post { platform_id, ..post("k", "hello") };
        let cases = [
            (post("k", " \n"), Code::InvalidRequest),
            (post("k", &"x".repeat(TEXT_BYTES_MAX + 1)), Code::TooLarge),
            (with_id(String::new()), Code::InvalidRequest),
            (with_id("a\nb".into()), Code::InvalidRequest),
            (with_id("x".repeat(PLATFORM_ID_BYTES_MAX + 1)), Code::InvalidRequest),
        ];
        for (post, code) in cases {
            assert_eq!(heard(bench.desk.post(post)).await.unwrap_err().code(), code);
        }
        assert_eq!(bench.store.asked("accept"), 0);
    });
}

/// An empty caller id gets past no policy, here as with every other channel.
#[test]
fn policy_is_asked_and_a_client_without_an_id_is_refused() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let nobody = Post { peer: Peer { id: " ".into(), name: "Ann".into() }, ..post("k1", "hello") };
        let error = heard(bench.desk.post(nobody)).await.unwrap_err();
        assert_eq!((&error, error.code()), (&PostError::Refused(default_account()), Code::Forbidden));
        assert_eq!((bench.counters.inbound_dropped.get(), bench.store.health().inbox_open), (1, 0));
    });
}

#[test]
fn a_client_that_stops_waiting_takes_nothing_back() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        drop(bench.desk.post(post("k1", "hello")));
        stage.until("it is written", || bench.store.health().inbox_open == 1).await;
        assert_eq!(heard(bench.desk.post(post("k1", "hello"))).await, KNOWN);
    });
}

#[tokio::test]
async fn before_the_gateway_is_there_the_desk_says_that_it_is_being_started() {
    let error = heard(super::super::WebChatDesk::default().post(post("k1", "hello"))).await.unwrap_err();
    assert_eq!((&error, error.code()), (&PostError::Starting(default_account()), Code::Unavailable));
}
