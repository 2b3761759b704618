//! What comes with a turn and takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::bench::{Bench, abort, ask};
use crate::doubles::{Line, play};
use crate::message::{BlobId, Media, SessionKey, Tenure};
use crate::ports::{Briefing, Claim, MediaAnswer, MediaRoom, NoMediaRoom, OpenMedia, Opening};

/// Counts who waits for it, and lets nobody go on before it is closed.
#[derive(Clone, Debug)]
struct Gate {
    waited: Arc<AtomicUsize>,
    shut: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self { waited: Arc::default(), shut: Arc::new(Semaphore::new(0)) }
    }

    fn wait<T: Send + 'static>(&self, then: T) -> BoxFuture<'static, T> {
        let Self { waited, shut } = self.clone();
        async move {
            waited.fetch_add(1, SeqCst);
            let _ = shut.acquire().await;
            then
        }
        .boxed()
    }

    fn waited(&self) -> usize {
        self.waited.load(SeqCst)
    }

    fn lift(&self) {
        self.shut.close();
    }
}

impl Briefing for Gate {
    fn brief(&self, _: &SessionKey) -> BoxFuture<'static, Option<String>> {
        self.wait(None)
    }
}

impl MediaRoom for Gate {
    fn take(&self, claim: Claim, opening: Opening) -> MediaAnswer<Media> {
        NoMediaRoom.take(claim, opening)
    }

    fn open(&self, id: BlobId) -> MediaAnswer<OpenMedia> {
        NoMediaRoom.open(id)
    }

    fn fetch(&self, url: String, claim: Claim) -> MediaAnswer<Media> {
        NoMediaRoom.fetch(url, claim)
    }

    fn show(&self, _: &SessionKey, media: Vec<Media>) -> BoxFuture<'static, Vec<Media>> {
        self.wait(media)
    }
}

/// Stops a turn that waits at a gate which a bench was given.
fn is_stopped(give: fn(&mut Bench, Gate)) {
    play(|stage| async move {
        let (mut bench, gate) = (Bench::new(&stage), Gate::new());
        give(&mut bench, gate.clone());
        let session = bench.start(Tenure::Kept);
        let client = ask(&session, "hello");
        stage.until("the turn waits", || gate.waited() == 1).await;
        assert!(abort(&session, None).await.is_some());
        stage.until("the turn is over", || client.is_closed()).await;
        assert_eq!(bench.provider.asked(), 0);
    });
}

#[test]
fn a_turn_can_be_stopped_before_its_provider_is_asked() {
    is_stopped(|bench, gate| bench.briefing = Arc::new(gate));
    is_stopped(|bench, gate| bench.media = Arc::new(gate));
}

#[test]
fn what_comes_with_a_turn_has_its_own_time() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.turn_silence = Duration::from_secs(10);
        let (briefing, media) = (Gate::new(), Gate::new());
        (bench.briefing, bench.media) = (Arc::new(briefing.clone()), Arc::new(media.clone()));
        bench.provider.add(Line::Say("well"));
        bench.arrive(&["1"]).await;
        let _session = bench.start(Tenure::Kept);
        for gate in [&briefing, &media] {
            stage.until("the turn waits", || gate.waited() == 1).await;
            stage.pass(Duration::from_secs(7)).await;
            gate.lift();
        }
        bench.answered().await;
        assert_eq!((briefing.waited(), media.waited(), bench.provider.asked()), (1, 1, 1), "nothing was taken for stuck");
    });
}
