//! A session with doubles around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::agent::{Ending, Piece, Toolbox};
use crate::core::{ActorId, ActorRef, Live};
use crate::doubles::{Butler, Line, Notebook, Only, Scripted, ShakyStore, Shelf, Stage, toolbox};
use crate::message::{
    Ask, ChatKind, Code, Counters, Delivery, Delta, EventBody, Order, Retired, Role, RunId, RunReport, RunStand, SessionKey,
    SessionMessage, Tenure, TraceId, Usage,
};
use crate::ports::conformance::make;
use crate::ports::{Accept, Briefing, MediaRoom, NoBriefing, NoMediaRoom, SendOrder, Store as _};
use crate::session::{QueueMode, QueuePolicy, QueueRules, SessionActor, SessionParts, SessionSettings, TurnGate};

pub(super) struct Bench {
    pub(super) stage: Arc<Stage>,
    pub(super) store: Arc<ShakyStore>,
    pub(super) archive: Arc<Shelf>,
    pub(super) provider: Arc<Scripted>,
    pub(super) notebook: Arc<Notebook>,
    pub(super) counters: Arc<Counters>,
    pub(super) gate: TurnGate,
    pub(super) settings: SessionSettings,
    pub(super) tools: Arc<Toolbox>,
    pub(super) steward: Arc<Butler>,
    pub(super) briefing: Arc<dyn Briefing>,
    pub(super) media: Arc<dyn MediaRoom>,
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
            archive: Arc::default(),
            provider: Arc::default(),
            notebook: Arc::default(),
            counters: Arc::default(),
            gate: TurnGate::default(),
            settings: SessionSettings {
                turn_silence: Duration::from_secs(100_000),
                queue: one_by_one(),
                ..SessionSettings::default()
            },
            tools: toolbox(&[], &stage.clock),
            steward: Arc::default(),
            briefing: Arc::new(NoBriefing),
            media: Arc::new(NoMediaRoom),
            stage: Arc::clone(stage),
        }
    }

    pub(super) fn start(&self, tenure: Tenure) -> ActorRef<SessionMessage> {
        let parts = SessionParts {
            store: Arc::clone(&self.store) as _,
            archive: Arc::clone(&self.archive) as _,
            providers: Arc::new(Only(Arc::clone(&self.provider))),
            tools: Arc::clone(&self.tools),
            switchboard: Arc::clone(&self.notebook) as _,
            settings: Live::fixed(self.settings.clone()),
            counters: Arc::clone(&self.counters),
            gate: self.gate.clone(),
            briefing: Arc::clone(&self.briefing),
            media: Arc::clone(&self.media),
            steward: Arc::clone(&self.steward) as _,
        };
        self.stage.start(SessionActor::spec(&key(), tenure, Arc::new(parts)))
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

    /// Puts rows with these texts into the inbox, said in a group.
    pub(super) async fn arrive_in_group(&self, texts: &[&str]) {
        let accept = |text: &&str| {
            let mut accept = make::accept("room", text);
            (accept.inbound.text, accept.inbound.route.chat.kind) = ((*text).to_owned(), ChatKind::Group);
            accept
        };
        self.store.inner.accept(texts.iter().map(accept).collect()).await.unwrap();
    }

    /// Puts a row into the inbox that comes with what others said before.
    pub(super) async fn overhearing(&self, text: &str, said: &str) {
        let mut accept = make::accept("room", text);
        (accept.inbound.text, accept.inbound.overheard) = (text.to_owned(), Some(said.to_owned()));
        self.store.inner.accept(vec![accept]).await.unwrap();
    }

    pub(super) fn open_rows(&self) -> u64 {
        self.store.health().inbox_open
    }

    /// Puts a row that a control client ordered into the inbox, its page opened before as the client's room does it.
    pub(super) async fn order(&self, text: &str, order: Order) {
        self.notebook.runs.open(&order.run, &key(), self.stage.clock.now_ms());
        let mut accept = make::accept("room", order.run.as_str());
        accept.inbound.text = text.to_owned();
        accept.inbound.order = Some(Box::new(order));
        self.store.inner.accept(vec![accept]).await.unwrap();
    }

    /// Sets the session, and tells nobody.
    pub(super) async fn set(&self, patch: serde_json::Value) {
        let serde_json::Value::Object(patch) = patch else { panic!("an object sets a session") };
        self.store.inner.patch_session(key(), patch).await.unwrap();
    }

    /// Returns how an ordered turn ended, once it has.
    pub(super) async fn report(&self, run: &str) -> Arc<RunReport> {
        let run = RunId::named(run).unwrap();
        let ended = || match self.notebook.runs.find(&run) {
            Some((_, RunStand::Ended(report))) => Some(report),
            _ => None,
        };
        self.stage.pass_until("the ordered turn is over", || ended().is_some()).await;
        ended().unwrap()
    }

    /// Has the provider's next answer streamed by hand.
    pub(super) fn stream(&self) -> mpsc::UnboundedSender<Piece> {
        let (pieces, line) = mpsc::unbounded_channel();
        self.provider.add(Line::Stream(line));
        pieces
    }

    /// Returns what was told of turns: the event, its step, what it says; `!` marks what may not be left out.
    pub(super) fn told(&self) -> Vec<String> {
        self.notebook.events.lock().unwrap().iter().map(line).collect()
    }

    /// Returns how a turn's events spell its session.
    pub(super) fn sessions_named(&self, run: &str) -> BTreeSet<String> {
        let events = self.notebook.events.lock().unwrap();
        let payloads = events.iter().map(|event| serde_json::from_str::<serde_json::Value>(event.payload.get()).unwrap());
        let of_run = payloads.filter(|payload| payload["runId"] == run);
        of_run.map(|payload| payload["sessionKey"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until so much was told.
    pub(super) async fn until_told(&self, count: usize) {
        self.stage.until("it is told", || self.told().len() >= count).await;
    }

    /// Returns the transcript: who, what.
    pub(super) async fn transcript(&self) -> Vec<(Role, String)> {
        let lines = self.store.inner.history(key(), 100).await.unwrap();
        lines.into_iter().map(|line| (line.role, line.text)).collect()
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

/// Returns the rules by which every row has a turn of its own.
pub(super) fn one_by_one() -> QueueRules {
    let usual = QueuePolicy { mode: QueueMode::Followup, ..QueuePolicy::default() };
    QueueRules { usual, ..QueueRules::default() }
}

/// Returns an order with no wishes.
pub(in crate::session) fn order(run: &str) -> Order {
    Order {
        session: key(),
        spelled: "Room".into(),
        run: RunId::named(run).unwrap(),
        by: crate::message::OrderedBy::Client,
        system: None,
        model: None,
        thinking: None,
        timeout_ms: None,
        deliver: None,
    }
}

/// Ends the running turn of a session; answers with its name.
pub(super) async fn abort(session: &ActorRef<SessionMessage>, run: Option<&str>) -> Option<String> {
    let (done, aborted) = oneshot::channel();
    let run = run.map(|run| RunId::named(run).unwrap());
    session.tell(SessionMessage::Abort { run, why: "rpc", done }).expect("it hears");
    aborted.await.expect("it answers").map(|run| run.to_string())
}

pub(super) fn say(text: &str) -> Piece {
    Piece::Text(text.to_owned())
}

pub(super) fn end() -> Piece {
    Piece::End(Ending { finish_reason: "stop".into(), usage: Usage::tokens(3, 5) })
}

fn line(event: &EventBody) -> String {
    let payload: serde_json::Value = serde_json::from_str(event.payload.get()).unwrap();
    let mark = if event.delivery == Delivery::Kept { "!" } else { "" };
    let seq = &payload["seq"];
    let name = event.name.as_str();
    if name == "agent" {
        let data: BTreeMap<String, serde_json::Value> = serde_json::from_value(payload["data"].clone()).unwrap();
        let data = serde_json::to_string(&data).unwrap();
        return format!("{name} {seq} {}{mark} {data}", payload["stream"].as_str().unwrap());
    }
    let text = payload["message"]["content"][0]["text"].as_str().unwrap_or("-");
    let why = [&payload["stopReason"], &payload["errorMessage"]].map(|why| why.as_str().unwrap_or_default()).concat();
    format!("{name} {seq} {}{mark} {text} {why}", payload["state"].as_str().unwrap()).trim_end().to_owned()
}

/// Asks as a client that waits.
pub(super) fn ask(session: &ActorRef<SessionMessage>, text: &str) -> mpsc::Receiver<Delta> {
    ask_with(session, text, |_| {})
}

/// Asks with more than a text.
pub(super) fn ask_with(session: &ActorRef<SessionMessage>, text: &str, change: impl FnOnce(&mut Ask)) -> mpsc::Receiver<Delta> {
    let (deltas, receiver) = mpsc::channel(8);
    let mut ask = Ask {
        session: key(),
        tenure: Tenure::Kept,
        run: RunId::new(),
        system: None,
        text: text.to_owned(),
        media: Vec::new(),
        before: Vec::new(),
        rounds: Vec::new(),
        tools: Default::default(),
        sampling: Default::default(),
        model: None,
        deltas,
        trace: TraceId::new(),
    };
    change(&mut ask);
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

/// Returns why a client heard nothing but a failure.
pub(super) fn failure(heard: &[Delta]) -> Option<Code> {
    match heard {
        [Delta::Failed(failure)] => Some(failure.code),
        _ => None,
    }
}

/// Asks a session to leave.
pub(super) fn retire(session: &ActorRef<SessionMessage>) -> oneshot::Receiver<Retired> {
    let (sender, leaves) = oneshot::channel();
    session.tell(SessionMessage::Retire(sender)).expect("it hears");
    leaves
}
