//! A session with doubles around it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::core::{ActorId, ActorRef, Live};
use crate::doubles::{Notebook, Only, Scripted, ShakyStore, Stage};
use crate::message::{Ask, Counters, Delta, Retired, RunId, SessionKey, SessionMessage, Tenure, TraceId};
use crate::ports::conformance::make;
use crate::ports::{Accept, SendOrder, Store as _};
use crate::session::{SessionActor, SessionParts, SessionSettings, TurnGate};

pub(super) struct Bench {
    pub(super) stage: Arc<Stage>,
    pub(super) store: Arc<ShakyStore>,
    pub(super) provider: Arc<Scripted>,
    pub(super) notebook: Arc<Notebook>,
    pub(super) counters: Arc<Counters>,
    pub(super) gate: TurnGate,
    pub(super) settings: SessionSettings,
}

pub(super) fn key() -> SessionKey {
    make::session("room")
}

pub(super) fn id() -> ActorId {
    ActorId::new(format!("session:{}", key()))
}

impl Bench {
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        Self {
            store: ShakyStore::new(&stage.clock),
            provider: Arc::default(),
            notebook: Arc::default(),
            counters: Arc::default(),
            gate: TurnGate::default(),
            settings: SessionSettings { turn_silence: Duration::from_secs(100_000), ..SessionSettings::default() },
            stage: Arc::clone(stage),
        }
    }

    pub(super) fn start(&self, tenure: Tenure) -> ActorRef<SessionMessage> {
        let parts = SessionParts {
            store: Arc::clone(&self.store) as _,
            providers: Arc::new(Only(Arc::clone(&self.provider))),
            switchboard: Arc::clone(&self.notebook) as _,
            settings: Live::fixed(self.settings.clone()),
            counters: Arc::clone(&self.counters),
            gate: self.gate.clone(),
        };
        self.stage.start(SessionActor::spec(&key(), tenure, parts))
    }

    /// Puts rows with these texts into the inbox.
    pub(super) async fn arrive(&self, texts: &[&str]) {
        let accept = |text: &&str| {
            let mut accept: Accept = make::accept("room", text);
            accept.inbound.text = (*text).to_owned();
            accept
        };
        self.store.inner.accept(texts.iter().map(accept).collect()).await.unwrap();
    }

    pub(super) fn open_rows(&self) -> u64 {
        self.store.health().inbox_open
    }

    /// Waits until no row is open, while time passes.
    pub(super) async fn answered(&self) {
        self.stage.pass_until("all rows are answered", || self.open_rows() == 0).await;
    }

    /// Returns the texts that wait in the outbox, in order.
    pub(super) async fn outbox(&self) -> Vec<String> {
        let rows = self.store.inner.begin_send(make::account(), 100, SendOrder::Pipelined).await.unwrap();
        rows.into_iter().map(|row| row.outbound.text).collect()
    }

    pub(super) fn prompts(&self) -> Vec<String> {
        self.provider.prompts().into_iter().map(|prompt| prompt.text).collect()
    }
}

/// Asks as a client that waits.
pub(super) fn ask(session: &ActorRef<SessionMessage>, text: &str) -> mpsc::Receiver<Delta> {
    let (deltas, receiver) = mpsc::channel(8);
    let ask = Ask {
        session: key(),
        tenure: Tenure::Kept,
        run: RunId::new(),
        system: None,
        text: text.to_owned(),
        media: Vec::new(),
        model: None,
        deltas,
        trace: TraceId::new(),
    };
    session.tell(SessionMessage::Ask(Box::new(ask))).expect("it takes the question");
    receiver
}

/// Returns everything that a client hears.
pub(super) async fn heard(mut deltas: mpsc::Receiver<Delta>) -> Vec<Delta> {
    let mut heard = Vec::new();
    while let Some(delta) = deltas.recv().await {
        heard.push(delta);
    }
    heard
}

/// Asks a session to leave.
pub(super) fn retire(session: &ActorRef<SessionMessage>) -> oneshot::Receiver<Retired> {
    let (sender, leaves) = oneshot::channel();
    session.tell(SessionMessage::Retire(sender)).expect("it hears");
    leaves
}
