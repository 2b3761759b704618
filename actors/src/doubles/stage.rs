//! Where actors are played: real threads, a clock moved by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::{ActorRef, ActorSpec, Backoff, Behaviour, Clock, Intensity, Supervision, Supervisor};
use crate::ports::conformance::START_MS;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How far the clock is moved at each look: less than what any deadline of a task allows.
const STEP: Duration = Duration::from_millis(100);

pub(crate) struct Stage {
    pub(crate) supervisor: Supervisor,
    pub(crate) clock: Clock,
}

/// Plays a test.
pub(crate) fn play<F: Future<Output = ()>>(test: impl FnOnce(Arc<Stage>) -> F) {
    actix::System::new().block_on(async {
        let clock = Clock::manual(START_MS);
        let settings = Supervision { threads: 1, stuck_after: Duration::from_secs(100_000) };
        let stage = Arc::new(Stage { supervisor: Supervisor::new(settings, clock.clone()), clock });
        test(Arc::clone(&stage)).await;
        stage.supervisor.shut_down();
    });
}

impl Stage {
    /// Starts an actor that is back at once after a failure.
    pub(crate) fn start<B: Behaviour>(&self, spec: ActorSpec<B>) -> ActorRef<B::Message> {
        let at_once = Backoff { base: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 };
        let often = Intensity { restarts_max: 100, window: Duration::from_secs(300) };
        self.supervisor.start(spec.backoff(at_once, Duration::from_secs(30)).intensity(often)).expect("it starts")
    }

    /// Waits until something is so, while no time passes on the clock.
    pub(crate) async fn until(&self, what: &str, so: impl Fn() -> bool) {
        self.look(what, Duration::ZERO, so).await;
    }

    /// Waits until something is so, while time passes on the clock.
    pub(crate) async fn pass_until(&self, what: &str, so: impl Fn() -> bool) {
        self.look(what, STEP, so).await;
    }

    /// Lets time pass on the clock, slowly enough for everybody to act on it.
    pub(crate) async fn pass(&self, time: Duration) {
        let end = self.clock.elapsed() + time;
        self.pass_until("time passes", || self.clock.elapsed() >= end).await;
    }

    async fn look(&self, what: &str, step: Duration, so: impl Fn() -> bool) {
        until(what, || {
            let is_so = so();
            if !is_so {
                self.clock.advance(step);
            }
            is_so
        })
        .await;
    }
}

/// Waits until something is so; fails when it is not in time.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "in time: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
