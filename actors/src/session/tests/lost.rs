//! Ordered turns whose end was lost with a crash: whoever waits for one is told all the same.

use super::bench::{Bench, id, order};
use crate::core::Drill;
use crate::doubles::{Line, play};
use crate::message::{Code, RunVerdict, Tenure};

#[test]
fn an_order_that_is_a_dead_letter_now_has_failed() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        (0..3).for_each(|_| bench.provider.add(Line::Panic));
        bench.order("poison", order("mine")).await;
        bench.order("next", order("other")).await;
        bench.start(Tenure::Kept);
        let report = bench.report("mine").await;
        assert!(matches!(&report.outcome, RunVerdict::Failed(failure) if failure.code == Code::Internal), "{report:?}");
        assert_eq!(bench.report("other").await.outcome, RunVerdict::Done);
        assert_eq!(bench.prompts(), ["poison", "poison", "poison", "next"]);
        assert!(bench.told().iter().any(|line| line.starts_with("chat 1 error!")), "{:?}", bench.told());
        assert_eq!(bench.sessions_named("mine"), ["Room".to_owned()].into(), "as its client spelled it");
    });
}

#[test]
fn a_failure_that_was_written_down_before_the_crash_is_told_as_one() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Fail(Code::ProviderAuth));
        bench.store.lose_answer("finish_turn");
        bench.order("hello", order("mine")).await;
        bench.start(Tenure::Kept);
        stage.until("it is written", || bench.open_rows() == 0).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let report = bench.report("mine").await;
        let RunVerdict::Failed(failure) = &report.outcome else { panic!("{report:?}") };
        assert!(failure.message.contains("provider_auth"), "{failure:?}");
    });
}

#[test]
fn an_order_that_was_written_down_before_the_crash_is_told_from_the_transcript_and_not_run_again() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Say("the answer"));
        bench.store.lose_answer("finish_turn");
        bench.order("hello", order("mine")).await;
        bench.start(Tenure::Kept);
        stage.until("it is written", || bench.open_rows() == 0).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        let report = bench.report("mine").await;
        assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Done, "the answer"));
        assert_eq!(bench.provider.asked(), 1);
        assert_eq!(bench.sessions_named("mine"), ["Room".to_owned()].into(), "as its client spelled it");
    });
}
