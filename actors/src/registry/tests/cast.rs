//! A registry with sessions that do what a test tells them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::core::{ActorId, ActorKind, ActorRef, ActorSpec, Behaviour, Live, Restart, Scope};
use crate::doubles::{ShakyStore, Stage};
use crate::message::{
    Ask, Delta, EventBody, EventName, Retired, RunId, SessionKey, SessionMessage, Switchboard as _, Tenure, TraceId,
};
use crate::registry::{Board, Casting, FanoutActor, NoSession, Reconciled, RegistryActor, RouteSettings};

/// How a session answers when it is asked to leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manners {
    Leaves,
    Stays,
    /// It keeps the question.
    Silent,
}

/// What sessions share with the test.
pub(super) struct Company {
    pub(super) manners: Mutex<Manners>,
    /// How many sessions may be there.
    pub(super) room: Mutex<usize>,
    pub(super) reconciled: Mutex<VecDeque<Reconciled>>,
    pub(super) reconciles: Mutex<usize>,
    /// How often each session was started.
    starts: Mutex<HashMap<SessionKey, usize>>,
    /// How often each was woken, its starts included.
    looks: Mutex<HashMap<SessionKey, usize>>,
    stage: Arc<Stage>,
}

impl Company {
    pub(super) fn starts(&self, key: &SessionKey) -> usize {
        self.starts.lock().unwrap().get(key).copied().unwrap_or_default()
    }

    pub(super) fn looks(&self, key: &SessionKey) -> usize {
        self.looks.lock().unwrap().get(key).copied().unwrap_or_default()
    }
}

struct Extra {
    key: SessionKey,
    company: Arc<Company>,
    kept: Vec<tokio::sync::oneshot::Sender<Retired>>,
}

impl Extra {
    fn look(&self) {
        *self.company.looks.lock().unwrap().entry(self.key.clone()).or_default() += 1;
    }
}

impl Behaviour for Extra {
    type Message = SessionMessage;

    fn started(&mut self, _scope: &mut Scope<'_, Self>) {
        *self.company.starts.lock().unwrap().entry(self.key.clone()).or_default() += 1;
        self.look();
    }

    fn receive(&mut self, message: SessionMessage, scope: &mut Scope<'_, Self>) {
        let manners = *self.company.manners.lock().unwrap();
        match message {
            SessionMessage::Ask(ask) => {
                let text = ask.text.clone();
                let _ = ask.deltas.try_send(Delta::Text { text });
            }
            SessionMessage::Abort { .. } | SessionMessage::Changed => {}
            SessionMessage::Retire(leaves) => match manners {
                Manners::Silent => self.kept.push(leaves),
                Manners::Stays => drop(leaves.send(Retired::Busy)),
                Manners::Leaves => {
                    if leaves.send(Retired::Leaving).is_ok() {
                        scope.stop();
                    }
                }
            },
        }
    }

    fn woken(&mut self, _scope: &mut Scope<'_, Self>) {
        self.look();
    }
}

pub(super) struct Agency(pub(super) Arc<Company>);

impl Casting for Agency {
    fn session(&self, key: &SessionKey, _tenure: Tenure) -> Result<ActorRef<SessionMessage>, NoSession> {
        let there =
            self.0.stage.supervisor.reports().iter().filter(|report| report.id.as_str().starts_with("session:")).count();
        let max = *self.0.room.lock().unwrap();
        if there >= max {
            return Err(NoSession::Crowded { max });
        }
        let (key, company) = (key.clone(), Arc::clone(&self.0));
        let id = ActorId::new(format!("session:{key}"));
        let build = move || Ok(Extra { key: key.clone(), company: Arc::clone(&company), kept: Vec::new() });
        let spec = ActorSpec::new(id, ActorKind::Session, build).restart(Restart::Transient);
        self.0.stage.supervisor.start(spec).map_err(NoSession::Leaving)
    }

    fn reconcile(&self, _board: &Board) -> Reconciled {
        *self.0.reconciles.lock().unwrap() += 1;
        self.0.reconciled.lock().unwrap().pop_front().unwrap_or(Reconciled::Done)
    }
}

pub(super) struct Bench {
    pub(super) stage: Arc<Stage>,
    pub(super) store: Arc<ShakyStore>,
    pub(super) board: Arc<Board>,
    pub(super) company: Arc<Company>,
}

impl Bench {
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        let company = Arc::new(Company {
            manners: Mutex::new(Manners::Leaves),
            room: Mutex::new(100),
            reconciled: Mutex::default(),
            reconciles: Mutex::default(),
            starts: Mutex::default(),
            looks: Mutex::default(),
            stage: Arc::clone(stage),
        });
        let board = Arc::new(Board::new(Live::fixed(RouteSettings::default())));
        Self { stage: Arc::clone(stage), store: ShakyStore::new(&stage.clock), board, company }
    }

    pub(super) fn start(&self) {
        let casting: Arc<dyn Casting> = Arc::new(Agency(Arc::clone(&self.company)));
        let store: Arc<dyn crate::ports::Store> = Arc::clone(&self.store) as _;
        let fanout = self.stage.start(FanoutActor::spec(&self.board));
        let registry = self.stage.start(RegistryActor::spec(&self.board, &casting, &store));
        self.board.connect(registry, fanout);
    }

    /// Wakes a session and waits until it has looked.
    pub(super) async fn wake(&self, key: &SessionKey) {
        let looks = self.company.looks(key);
        self.board.wake_session(key);
        self.stage.pass_until(&format!("{key} has looked"), || self.company.looks(key) > looks).await;
    }

    /// Asks a session; the answer repeats the text.
    pub(super) fn ask(&self, key: &SessionKey, text: &str) -> mpsc::Receiver<Delta> {
        let (deltas, receiver) = mpsc::channel(4);
        let ask = Ask {
            session: key.clone(),
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
        self.board.ask(ask).expect("the registry takes it");
        receiver
    }

    /// Returns the first thing that a client hears, while time passes.
    pub(super) async fn heard(&self, deltas: &mut mpsc::Receiver<Delta>) -> Option<Delta> {
        let passing = self.stage.pass(Duration::from_secs(2000));
        tokio::select! {
            biased;
            delta = deltas.recv() => delta,
            () = passing => panic!("in time: an answer"),
        }
    }
}

pub(super) fn body(reason: &str) -> EventBody {
    EventBody::new(EventName::Shutdown, &serde_json::json!({ "reason": reason }))
}
