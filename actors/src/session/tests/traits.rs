//! A session's own settings.

use super::bench::{Bench, ask, failure, heard, order};
use crate::doubles::play;
use crate::message::{Code, Order, Role, SessionMessage, Tenure};

fn traits(model: &str) -> serde_json::Value {
    serde_json::json!({ "model": model, "thinkingLevel": "low" })
}

#[test]
fn an_orders_model_goes_before_the_sessions_and_that_before_the_settings() {
    // The order's, the session's, the settings', which is asked.
    let cases = [
        (Some("order"), Some("own"), Some("set"), "order"),
        (None, Some("own"), Some("set"), "own"),
        (None, None, Some("set"), "set"),
        (None, None, None, "model"),
    ];
    for (ordered, own, set, asked) in cases {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            bench.settings.model = set.map(str::to_owned);
            if let Some(own) = own {
                bench.set(traits(own)).await;
            }
            let order = Order { model: ordered.map(str::to_owned), thinking: ordered.map(|_| "high".into()), ..order("mine") };
            bench.order("hello", order).await;
            bench.start(Tenure::Kept);
            bench.report("mine").await;
            let prompt = &bench.provider.prompts()[0];
            assert_eq!(prompt.model, asked);
            let thinking = ordered.map(|_| "high").or(own.map(|_| "low"));
            assert_eq!(prompt.thinking.as_deref(), thinking, "{asked}");
        });
    }
}

#[test]
fn settings_are_read_once_and_again_when_they_have_changed() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.set(traits("one")).await;
        let session = bench.start(Tenure::Kept);
        for text in ["1", "2"] {
            heard(ask(&session, text)).await;
        }
        assert_eq!(bench.store.asked("session"), 1);
        bench.set(traits("two")).await;
        session.tell(SessionMessage::Changed).unwrap();
        for text in ["3", "4"] {
            heard(ask(&session, text)).await;
        }
        assert_eq!(bench.store.asked("session"), 2);
        let models: Vec<_> = bench.provider.prompts().into_iter().map(|prompt| prompt.model).collect();
        assert_eq!(models, ["one", "one", "two", "two"]);
    });
}

/// Lines of a client's turn are written behind its answer: a transcript read anew must not miss them.
#[test]
fn a_transcript_that_is_read_anew_has_all_lines() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let session = bench.start(Tenure::Kept);
        stage.until("it has looked for rows", || bench.store.asked("begin_turn") == 1).await;
        heard(ask(&session, "1")).await;
        let flushes = bench.store.asked("flush");
        session.tell(SessionMessage::Changed).unwrap();
        heard(ask(&session, "2")).await;
        assert_eq!(bench.store.asked("flush"), flushes + 1, "what is on its way is waited for");
        assert_eq!(bench.provider.prompts()[1].history.len(), 2);
    });
}

#[test]
fn settings_that_cannot_be_read_are_as_they_were_read_last() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.set(traits("own")).await;
        let session = bench.start(Tenure::Kept);
        heard(ask(&session, "1")).await;
        bench.store.fail("session");
        session.tell(SessionMessage::Changed).unwrap();
        heard(ask(&session, "2")).await;
        bench.store.mend("session");
        heard(ask(&session, "3")).await;
        assert_eq!(bench.store.asked("session"), 3, "they are read again");
        let models: Vec<_> = bench.provider.prompts().into_iter().map(|prompt| prompt.model).collect();
        assert_eq!(models, ["own", "own", "own"]);
    });
}

/// A turn with settings that nobody has read would send the answer of a session whose policy is deny.
#[test]
fn no_turn_runs_with_settings_that_were_never_read() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.set(serde_json::json!({ "sendPolicy": "deny" })).await;
        bench.store.fail("session");
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.pass_until("it is tried again", || bench.store.asked("session") > 2).await;
        assert_eq!((bench.provider.asked(), bench.open_rows()), (0, 1), "the row waits");
        bench.store.mend("session");
        bench.answered().await;
        assert_eq!(bench.outbox().await, Vec::<String>::new());
    });
}

#[test]
fn a_client_is_told_that_the_settings_cannot_be_read() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.store.fail("session");
        let session = bench.start(Tenure::Kept);
        assert_eq!(failure(&heard(ask(&session, "1")).await), Some(Code::StoreUnavailable));
        assert_eq!(bench.provider.asked(), 0);
    });
}

/// What was read before a change must not be what the turn goes by.
#[test]
fn settings_that_change_while_they_are_read_are_read_anew() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let open = bench.store.hold_answer("session");
        bench.arrive(&["1"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("they are being read", || bench.store.asked("session") == 1).await;
        bench.set(serde_json::json!({ "sendPolicy": "deny" })).await;
        session.tell(SessionMessage::Changed).unwrap();
        stage.until("it has heard so", || session.vitals().depth() == 0).await;
        drop(open);
        bench.answered().await;
        assert_eq!(bench.store.asked("session"), 2);
        assert_eq!(bench.outbox().await, Vec::<String>::new());
    });
}

#[test]
fn a_session_for_one_turn_reads_no_settings() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.set(traits("own")).await;
        let session = bench.start(Tenure::Once);
        heard(ask(&session, "1")).await;
        assert_eq!((bench.store.asked("session"), bench.store.asked("flush")), (0, 0));
    });
}

#[test]
fn a_denied_answer_is_kept_and_not_sent() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.set(serde_json::json!({ "sendPolicy": "deny" })).await;
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, Vec::<String>::new());
        assert_eq!(bench.transcript().await, [(Role::User, "1".into()), (Role::Assistant, "1".into())]);
        bench.until_told(5).await;
        assert_eq!(bench.told()[4], "chat 3 final! 1");
    });
}
