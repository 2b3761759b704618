//! Mailbox events.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard_actors::core::{
    ActorId, ActorKind, ActorReport, ActorSpec, AgeReport, Behaviour, Clock, Live, MailboxReport, Scope, State, Supervision,
    Supervisor, Vitals,
};

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::logs::LogSettings;
use crate::logs::handle::build;
use crate::logs::mailbox::{MailboxSettings, Reporter, Whose, run};

fn report(id: &str, kind: ActorKind, depth: u32, handled: u64) -> ActorReport {
    let mailbox = MailboxReport {
        depth,
        high_water: depth,
        capacity: 100,
        handled,
        rejected: 0,
        age_ms: AgeReport { p50: 0.0, p99: 0.0 },
        ages: Vitals::default().snapshot().ages,
    };
    let id = ActorId::new(id.to_owned());
    ActorReport { id, kind, state: State::Running, since: 0, restarts: 0, last_exit: None, last_error: None, mailbox }
}

fn names(sights: &[crate::logs::mailbox::Sight]) -> Vec<String> {
    let name = |whose: &Whose| match whose {
        Whose::Actor(id) => id.to_string(),
        Whose::Kind(kind, actors) => format!("{} {actors}", kind.as_str()),
    };
    sights.iter().map(|sight| format!("{} {}", name(&sight.whose), sight.handled)).collect()
}

#[test]
fn those_with_traffic_are_told_the_busiest_first_and_every_kind_is_summed() {
    let settings = MailboxSettings { actors_max: 2, ..MailboxSettings::default() };
    let mut reporter = Reporter::default();
    let at = |a: u64, b: u64, c: u64, d: u64| {
        [
            report("channel:a", ActorKind::Channel, 0, a),
            report("session:b", ActorKind::Session, 0, b),
            report("session:c", ActorKind::Session, 0, c),
            report("registry", ActorKind::Registry, 0, d),
        ]
    };
    assert_eq!(
        names(&reporter.interval(&at(5, 1, 0, 0), &settings)),
        ["channel:a 5", "session:b 1", "channel 1 5", "session 1 1"]
    );
    let second = reporter.interval(&at(6, 11, 7, 0), &settings);
    assert_eq!(names(&second), ["session:b 10", "session:c 7", "channel 1 1", "session 2 17"]);
    assert_eq!(names(&reporter.interval(&at(6, 11, 7, 0), &settings)), Vec::<String>::new());
    // One that waits and handles nothing is not quiet.
    let stuck = [report("channel:a", ActorKind::Channel, 9, 6)];
    assert_eq!(names(&reporter.interval(&stuck, &settings)), ["channel:a 0", "channel 1 0"]);
}

#[test]
fn a_crossing_is_told_once_until_it_was_well_below() {
    let settings = MailboxSettings::default();
    let mut reporter = Reporter::default();
    let told: Vec<_> = [79, 80, 99, 60, 85, 39, 81]
        .map(|depth| reporter.crossings(&[report("a", ActorKind::Channel, depth, 0)], &settings).len())
        .to_vec();
    assert_eq!(told, [0, 1, 0, 0, 0, 0, 1]);
}

/// Handles one message for each time that it is let go.
struct Held(Arc<Mutex<Receiver<()>>>);

impl Behaviour for Held {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Scope<'_, Self>) {
        self.0.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
    }
}

async fn until(what: impl Fn() -> bool) {
    let begun = Clock::system();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never came to it");
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_message_that_waited_too_long_is_told_with_its_age() {
    let clock = Clock::manual(0);
    let supervisor = Supervisor::new(Supervision { threads: 1, ..Supervision::default() }, clock.clone());
    let (let_go, held): (SyncSender<()>, _) = sync_channel(8);
    let held = Arc::new(Mutex::new(held));
    let id = ActorId::new("session:slow");
    let actor = supervisor.start(ActorSpec::new(id.clone(), ActorKind::Session, move || Ok(Held(held.clone())))).unwrap();
    until(|| supervisor.report(&id).unwrap().state == State::Running).await;
    let (mut reporter, settings) = (Reporter::default(), MailboxSettings::default());
    assert!(reporter.crossings(&supervisor.reports(), &settings).is_empty());
    for _ in 0..2 {
        actor.tell(()).unwrap();
    }
    clock.advance(Duration::from_secs(2));
    for _ in 0..2 {
        let_go.send(()).unwrap();
    }
    until(|| supervisor.report(&id).unwrap().mailbox.handled == 2).await;
    let crossed = reporter.crossings(&supervisor.reports(), &settings);
    assert!(crossed.first().is_some_and(|sight| sight.age_p99_ms >= 2000.0), "{crossed:?}");
    // The next second was quiet, so the alarm is over, and nothing is told of it.
    assert!(reporter.crossings(&supervisor.reports(), &settings).is_empty());
    supervisor.shut_down();
}

/// Does nothing with what it is told.
struct Deaf;

impl Behaviour for Deaf {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Scope<'_, Self>) {}
}

#[actix_web::test]
async fn the_log_gets_a_line_for_the_actor_and_one_for_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(0);
    let settings = LogSettings { dir: Some(dir.path().into()), console_level: LevelFilter::OFF, ..LogSettings::default() };
    let (layer, logs) = build(&settings, clock.clone(), TimeZone::UTC).unwrap();
    let _log = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let supervisor = Supervisor::new(Supervision { threads: 1, ..Supervision::default() }, clock.clone());
    let id = ActorId::new("session:busy");
    let actor = supervisor.start(ActorSpec::new(id.clone(), ActorKind::Session, || Ok(Deaf))).unwrap();
    actor.tell(()).unwrap();
    until(|| supervisor.report(&id).unwrap().mailbox.handled == 1).await;

    let telling = actix_web::rt::spawn(run(supervisor.clone(), Live::fixed(MailboxSettings::default()), clock.clone()));
    let lines = || {
        logs.flush(Duration::from_secs(10));
        let text = std::fs::read_to_string(dir.path().join("gateway.log")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["event"] == "mailbox").collect::<Vec<_>>()
    };
    let begun = Clock::system();
    while lines().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing was told");
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(1));
    }
    let lines = lines();
    for name in ["depth", "highWater", "handled", "rejected", "ageP50Ms", "ageP99Ms"] {
        assert!(lines.iter().all(|line| line[name].is_number()), "{name} in {lines:?}");
    }
    assert_eq!(
        (&lines[0]["actor"], &lines[0]["handled"], &lines[0]["level"]),
        (&"session:busy".into(), &1.into(), &"info".into())
    );
    assert_eq!(
        (&lines[1]["actor"], &lines[1]["kind"], &lines[1]["actors"]),
        (&serde_json::Value::Null, &"session".into(), &1.into())
    );
    telling.abort();
    supervisor.shut_down();
}
