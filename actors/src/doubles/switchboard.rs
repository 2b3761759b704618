//! A switchboard that writes down what it is asked.

use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::message::{
    AccountKey, Activation, Ask, AskError, Draft, EventBody, Floor, InboxId, LinkState, LinkStatus, Listener, Outbound,
    OutboxId, PieceRules, Route, RunId, Runs, SessionKey, Shaper, Speech, Switchboard, TraceId,
};

/// What was asked of it, each list in order.
#[derive(Default)]
pub(crate) struct Notebook {
    pub(crate) woken_sessions: Mutex<Vec<SessionKey>>,
    pub(crate) changed_sessions: Mutex<Vec<SessionKey>>,
    pub(crate) woken_channels: Mutex<Vec<AccountKey>>,
    pub(crate) idle: Mutex<Vec<SessionKey>>,
    pub(crate) links: Mutex<Vec<LinkState>>,
    pub(crate) shapers: Mutex<usize>,
    pub(crate) events: Mutex<Vec<EventBody>>,
    pub(crate) runs: Runs,
    pub(crate) activations: Mutex<Vec<Option<Activation>>>,
    /// Whether nobody listens.
    pub(crate) alone: AtomicBool,
    /// How answers leave while their turns run; `None` for accounts that nobody knows.
    pub(crate) speech: Mutex<Option<Speech>>,
    pub(crate) stage: Arc<Shown>,
}

/// What turns showed before their end.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) drafts: Mutex<Vec<Draft>>,
    /// How many turns speak.
    pub(crate) speaking: AtomicIsize,
    /// Which rows were said to be answered, and by which last payload.
    pub(crate) answered: Mutex<Vec<(Vec<InboxId>, Option<OutboxId>)>>,
}

/// Marks what an answer begins with by `^`, and cuts nothing.
struct Marked(Speech, Arc<Shown>);

impl Shaper for Marked {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = format!("^{}", outbound.text.trim());
        vec![Outbound { text, ..outbound }]
    }

    fn shape_rest(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = outbound.text.trim().to_owned();
        vec![Outbound { text, ..outbound }]
    }

    fn speech(&self) -> Speech {
        self.0.clone()
    }

    fn whole_part(&self, text: &str, _: PieceRules) -> usize {
        text.rfind("\n\n").map_or(0, |at| at + 2)
    }

    fn show(&self, draft: Draft) {
        self.1.drafts.lock().unwrap().push(draft);
    }

    fn floor(&self, _: TraceId, floor: Floor) {
        self.1.speaking.fetch_add(if floor == Floor::Taken { 1 } else { -1 }, SeqCst);
    }

    fn answered(&self, rows: &[InboxId], last: Option<OutboxId>) {
        self.1.answered.lock().unwrap().push((rows.to_vec(), last));
    }
}

impl Switchboard for Notebook {
    fn resolve(&self, route: &Route) -> SessionKey {
        crate::ports::conformance::make::session(&route.chat.id)
    }

    fn wake_session(&self, session: &SessionKey) {
        self.woken_sessions.lock().unwrap().push(session.clone());
    }

    fn wake_channel(&self, account: &AccountKey) {
        self.woken_channels.lock().unwrap().push(account.clone());
    }

    fn ask(&self, _ask: Ask) -> Result<(), AskError> {
        Err(AskError::Unavailable)
    }

    /// Cuts at every line, where nobody says how answers leave.
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        if let Some(shaper) = self.shaper(&outbound.target.account) {
            return shaper.shape(outbound);
        }
        outbound.text.lines().map(|line| Outbound { text: line.to_owned(), ..outbound.clone() }).collect()
    }

    fn shaper(&self, _: &AccountKey) -> Option<Arc<dyn Shaper>> {
        let speech = self.speech.lock().unwrap().clone()?;
        Some(Arc::new(Marked(speech, Arc::clone(&self.stage))))
    }

    fn channel_up(&self, _account: &AccountKey, _shaper: Arc<dyn Shaper>) {
        *self.shapers.lock().unwrap() += 1;
    }

    fn link_changed(&self, _account: &AccountKey, status: LinkStatus) {
        self.links.lock().unwrap().push(status.state);
    }

    fn session_idle(&self, session: &SessionKey) {
        self.idle.lock().unwrap().push(session.clone());
    }

    fn publish(&self, body: EventBody) {
        self.events.lock().unwrap().push(body);
    }

    fn abort(&self, _: &SessionKey, _: Option<RunId>, _: &'static str, _: oneshot::Sender<Option<RunId>>) {}

    fn session_changed(&self, session: &SessionKey) {
        self.changed_sessions.lock().unwrap().push(session.clone());
    }

    fn activation(&self, _: &SessionKey) -> Option<Activation> {
        self.activations.lock().unwrap().last().copied().flatten()
    }

    fn set_activation(&self, _: &SessionKey, activation: Option<Activation>) {
        self.activations.lock().unwrap().push(activation);
    }

    fn runs(&self) -> &Runs {
        &self.runs
    }

    fn listen(&self, _: Arc<dyn Listener>) {}

    fn has_listeners(&self) -> bool {
        !self.alone.load(SeqCst)
    }
}
