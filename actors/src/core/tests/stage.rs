//! Where the probes play: a system, a supervisor, and what it said.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use crate::core::{ActorId, ActorRef, ActorReport, Clock, State, Supervision, SupervisionEvent, Supervisor, What};

use super::probe::{Do, Plan};
pub(super) use crate::doubles::{PATIENCE, until};

pub(super) struct Stage {
    pub(super) supervisor: Supervisor,
    events: Arc<Mutex<Vec<SupervisionEvent>>>,
}

/// Plays a test with the machine's clock.
pub(super) fn play<F: Future<Output = ()>>(test: impl FnOnce(Arc<Stage>) -> F) {
    play_with(Supervision { threads: 1, stuck_after: Duration::from_secs(30) }, Clock::system(), test);
}

pub(super) fn play_with<F: Future<Output = ()>>(settings: Supervision, clock: Clock, test: impl FnOnce(Arc<Stage>) -> F) {
    listen_to_log();
    actix::System::new().block_on(async {
        let supervisor = Supervisor::new(settings, clock);
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        supervisor.listen(move |event| heard.lock().unwrap().push(event.clone()));
        let stage = Arc::new(Stage { supervisor, events });
        test(Arc::clone(&stage)).await;
        stage.supervisor.shut_down();
    });
}

impl Stage {
    pub(super) fn start(&self, id: &str, plan: &Plan) -> ActorRef<Do> {
        self.supervisor.start(plan.spec(id)).expect("it starts")
    }

    pub(super) fn report(&self, id: &str) -> ActorReport {
        self.supervisor.report(&ActorId::new(id.to_owned())).expect("it is listed")
    }

    pub(super) fn state(&self, id: &str) -> State {
        self.report(id).state
    }

    pub(super) async fn until_state(&self, id: &str, state: State) {
        until(&format!("`{id}` is {state:?}"), || self.state(id) == state).await;
    }

    /// Returns what was told of one actor.
    pub(super) fn told(&self, id: &str) -> Vec<What> {
        self.events.lock().unwrap().iter().filter(|event| event.id.as_str() == id).map(|event| event.what).collect()
    }

    pub(super) fn details(&self, id: &str, what: What) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.id.as_str() == id && event.what == what).map(|e| e.detail.clone()).collect()
    }

    pub(super) fn count(&self, id: &str, what: What) -> usize {
        self.details(id, what).len()
    }
}

static LOG: Mutex<Vec<(tracing::Level, String)>> = Mutex::new(Vec::new());

/// Returns how many log lines of a level hold both texts.
pub(super) fn logged(level: tracing::Level, event: &str, actor: &str) -> usize {
    let log = LOG.lock().unwrap();
    log.iter().filter(|(at, line)| *at == level && line.contains(event) && line.contains(actor)).count()
}

fn listen_to_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Ear).expect("nobody else listens"));
}

struct Ear;

impl tracing::Subscriber for Ear {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().contains("core::") && *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LOG.lock().unwrap().push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

struct Line(String);

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}
