//! What the registry knows, kept apart from the actor so that it outlives its crashes; and the way to it for everybody else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio::sync::oneshot;

use super::actor::RegistryMessage;
use super::fanout::{FanoutMessage, LIGHT_EVENTS_BYTES_MAX, LIGHT_EVENTS_MAX, Waiting};
use super::routes::RouteTable;
use super::settings::RouteSettings;
use crate::core::{ActorRef, Bell, Live, State, TellError};
use crate::message::{
    AccountKey, Activation, Ask, AskError, Delivery, Event, EventBody, EventName, Heard, LinkStatus, Listener, Outbound, Route,
    RunId, Runs, SessionKey, SessionMessage, Shaper, Switchboard,
};
use crate::ports::ACTIVATIONS_MAX;

/// The registry's knowledge. Cheap to share; every part has its own short lock, never held over another.
pub struct Board {
    settings: Live<RouteSettings>,
    routes: RwLock<(Arc<RouteSettings>, Arc<RouteTable>)>,
    registry: OnceLock<ActorRef<RegistryMessage>>,
    fanout: OnceLock<ActorRef<FanoutMessage>>,
    /// How many bytes of events wait for the fan-out.
    waiting_bytes: Arc<AtomicUsize>,
    /// Sessions with rows that wait, not yet passed on.
    woken_sessions: Mutex<HashSet<SessionKey>>,
    /// Accounts with rows that wait, not yet passed on.
    woken_channels: Mutex<HashSet<AccountKey>>,
    sessions: Mutex<HashMap<SessionKey, Slot>>,
    channels: Mutex<BTreeMap<AccountKey, Line>>,
    listeners: Mutex<Vec<Arc<dyn Listener>>>,
    listener_count: AtomicUsize,
    runs: Runs,
    /// When sessions answer in a group, by their own words; at most [`ACTIVATIONS_MAX`].
    activations: Mutex<HashMap<SessionKey, Activation>>,
}

/// Where a session is.
pub(super) enum Found {
    /// In memory.
    Here(ActorRef<SessionMessage>),
    /// In memory, and asked to leave it.
    Leaving,
    /// Not in memory.
    Nowhere,
}

/// A session in memory.
struct Slot {
    actor: ActorRef<SessionMessage>,
    way: Way,
}

/// Whether a session may be told things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It may.
    Open,
    /// It was asked to leave memory; wake-ups wait for what it answers.
    Closed,
}

/// A channel account that runs.
#[derive(Clone, Default)]
struct Line {
    bell: Option<Bell>,
    shaper: Option<Arc<dyn Shaper>>,
    fingerprint: u64,
}

impl Board {
    /// Returns an empty board; [`Board::connect`] gives it its actors.
    #[must_use]
    pub fn new(settings: Live<RouteSettings>) -> Self {
        let current = settings.get();
        let table = Arc::new(RouteTable::new(&current));
        Self {
            settings,
            routes: RwLock::new((current, table)),
            registry: OnceLock::new(),
            fanout: OnceLock::new(),
            waiting_bytes: Arc::default(),
            woken_sessions: Mutex::default(),
            woken_channels: Mutex::default(),
            sessions: Mutex::default(),
            channels: Mutex::default(),
            listeners: Mutex::default(),
            listener_count: AtomicUsize::new(0),
            runs: Runs::default(),
            activations: Mutex::default(),
        }
    }

    /// Gives the board its actors; only the first call counts.
    pub fn connect(&self, registry: ActorRef<RegistryMessage>, fanout: ActorRef<FanoutMessage>) {
        let _ = self.registry.set(registry);
        let _ = self.fanout.set(fanout);
    }

    /// Returns the keys of the sessions in memory.
    #[must_use]
    pub fn sessions_in_memory(&self) -> Vec<SessionKey> {
        lock(&self.sessions).keys().cloned().collect()
    }

    /// Asks the registry to bring the running channels in step with the settings.
    ///
    /// # Errors
    /// The registry is not there.
    pub fn reconcile(&self) -> Result<(), TellError> {
        self.registry.get().ok_or(TellError::Stopped)?.tell(RegistryMessage::Reconcile)
    }

    /// Returns where a session is.
    pub(super) fn find(&self, session: &SessionKey) -> Found {
        match lock(&self.sessions).get(session) {
            Some(Slot { actor, way: Way::Open }) => Found::Here(actor.clone()),
            Some(Slot { way: Way::Closed, .. }) => Found::Leaving,
            None => Found::Nowhere,
        }
    }

    /// Records a session that was started.
    pub(super) fn add_session(&self, session: SessionKey, actor: ActorRef<SessionMessage>) {
        lock(&self.sessions).insert(session, Slot { actor, way: Way::Open });
    }

    /// Closes the way to a session; answers with it when the way was open.
    pub(super) fn close_way(&self, session: &SessionKey) -> Option<ActorRef<SessionMessage>> {
        let mut sessions = lock(&self.sessions);
        let slot = sessions.get_mut(session).filter(|slot| slot.way == Way::Open)?;
        slot.way = Way::Closed;
        Some(slot.actor.clone())
    }

    /// Opens the way to a session again.
    pub(super) fn open_way(&self, session: &SessionKey) {
        if let Some(slot) = lock(&self.sessions).get_mut(session) {
            slot.way = Way::Open;
        }
    }

    /// Opens every way again.
    pub(super) fn open_ways(&self) {
        lock(&self.sessions).values_mut().for_each(|slot| slot.way = Way::Open);
    }

    /// Forgets a session that is leaving; one whose way is open has come after it.
    pub(super) fn remove_session(&self, session: &SessionKey) {
        let mut sessions = lock(&self.sessions);
        if sessions.get(session).is_some_and(|slot| slot.way == Way::Closed) {
            sessions.remove(session);
        }
    }

    /// Forgets a session whose actor has ended and is off the supervisor's list. One that nobody had asked to leave may have
    /// left rows behind: it is woken anew.
    pub fn session_ended(&self, session: &SessionKey) {
        let way = {
            let mut sessions = lock(&self.sessions);
            match sessions.get(session) {
                // Another one of that key may be there by now.
                Some(slot) if slot.actor.vitals().state() == State::Stopped => sessions.remove(session).map(|slot| slot.way),
                _ => None,
            }
        };
        if way == Some(Way::Open) {
            self.wake_session(session);
        }
    }

    pub(super) fn take_woken_sessions(&self) -> HashSet<SessionKey> {
        std::mem::take(&mut *lock(&self.woken_sessions))
    }

    pub(super) fn take_woken_channels(&self) -> HashSet<AccountKey> {
        std::mem::take(&mut *lock(&self.woken_channels))
    }

    /// Puts wake-ups back, to be passed on later.
    pub(super) fn defer_sessions(&self, sessions: Vec<SessionKey>) {
        lock(&self.woken_sessions).extend(sessions);
    }

    pub(super) fn ring_channel(&self, account: &AccountKey) {
        let bell = lock(&self.channels).get(account).and_then(|line| line.bell.clone());
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Has every channel account that runs look at its settings and rows.
    pub(super) fn ring_channels(&self) {
        let bells: Vec<_> = lock(&self.channels).values().filter_map(|line| line.bell.clone()).collect();
        bells.iter().for_each(Bell::ring);
    }

    /// Records a channel account that runs, with the fingerprint of the settings it was started with.
    pub fn add_channel(&self, account: AccountKey, bell: Bell, fingerprint: u64) {
        let mut channels = lock(&self.channels);
        let line = channels.entry(account).or_default();
        line.bell = Some(bell);
        line.fingerprint = fingerprint;
    }

    /// Records that a channel account is being restarted with other settings.
    pub fn set_fingerprint(&self, account: &AccountKey, fingerprint: u64) {
        if let Some(line) = lock(&self.channels).get_mut(account) {
            line.fingerprint = fingerprint;
        }
    }

    /// Forgets a channel account.
    pub fn remove_channel(&self, account: &AccountKey) {
        lock(&self.channels).remove(account);
    }

    /// Returns the accounts that run, each with the fingerprint of the settings it was last started with.
    pub fn running_channels(&self) -> Vec<(AccountKey, u64)> {
        // One without a bell was retired in the moment it said that it was up.
        let runs = |(account, line): (&AccountKey, &Line)| line.bell.is_some().then(|| (account.clone(), line.fingerprint));
        lock(&self.channels).iter().filter_map(runs).collect()
    }

    /// Hands an event to every listener; one that is gone is forgotten.
    pub(super) fn deliver(&self, event: &Arc<Event>) {
        let mut listeners = lock(&self.listeners);
        listeners.retain(|listener| listener.hear(event) == Heard::Here);
        self.listener_count.store(listeners.len(), Ordering::Release);
    }

    fn wake_registry(&self) {
        if let Some(registry) = self.registry.get() {
            registry.wake();
        }
    }

    /// Returns the table of routes, made anew when the settings have changed since.
    fn routes(&self) -> Arc<RouteTable> {
        let current = self.settings.get();
        {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&routes.0, &current) {
                return Arc::clone(&routes.1);
            }
        }
        let table = Arc::new(RouteTable::new(&current));
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = (current, Arc::clone(&table));
        table
    }
}

impl Switchboard for Board {
    fn resolve(&self, route: &Route) -> SessionKey {
        self.routes().resolve(route)
    }

    fn wake_session(&self, session: &SessionKey) {
        let fresh = {
            let mut woken = lock(&self.woken_sessions);
            !woken.contains(session) && woken.insert(session.clone())
        };
        if fresh {
            self.wake_registry();
        }
    }

    fn wake_channel(&self, account: &AccountKey) {
        let fresh = {
            let mut woken = lock(&self.woken_channels);
            !woken.contains(account) && woken.insert(account.clone())
        };
        if fresh {
            self.wake_registry();
        }
    }

    fn ask(&self, ask: Ask) -> Result<(), AskError> {
        let registry = self.registry.get().ok_or(AskError::Unavailable)?;
        registry.tell(RegistryMessage::Ask(Box::new(ask))).map_err(|error| match error {
            TellError::Full => AskError::Overloaded,
            TellError::Stopped | TellError::Failed | TellError::Blocked => AskError::Unavailable,
        })
    }

    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        match self.shaper(&outbound.target.account) {
            Some(shaper) => shaper.shape(outbound),
            None => vec![outbound],
        }
    }

    fn shaper(&self, account: &AccountKey) -> Option<Arc<dyn Shaper>> {
        lock(&self.channels).get(account).and_then(|line| line.shaper.clone())
    }

    fn channel_up(&self, account: &AccountKey, shaper: Arc<dyn Shaper>) {
        lock(&self.channels).entry(account.clone()).or_default().shaper = Some(shaper);
    }

    fn link_changed(&self, account: &AccountKey, status: LinkStatus) {
        let told = serde_json::json!({
            "channel": account.channel(), "accountId": account.account(), "state": status.state, "code": status.code, "text": status.text,
        });
        self.publish(EventBody::new(EventName::Channel, &told));
    }

    fn session_idle(&self, session: &SessionKey) {
        if let Some(registry) = self.registry.get() {
            // With a full mailbox the session stays in memory and says so again later.
            let _ = registry.tell(RegistryMessage::Idle(session.clone()));
        }
    }

    fn publish(&self, body: EventBody) {
        if !self.has_listeners() {
            return;
        }
        let Some(fanout) = self.fanout.get() else { return };
        let behind = || {
            fanout.vitals().depth() >= LIGHT_EVENTS_MAX || self.waiting_bytes.load(Ordering::Relaxed) >= LIGHT_EVENTS_BYTES_MAX
        };
        // The fan-out drops the oldest without a look at it: a burst of text must not put the end of a turn out.
        if body.delivery == Delivery::Droppable && behind() {
            return;
        }
        // Only a fan-out that has failed drops this one, and its state says so.
        let _ = fanout.tell(FanoutMessage::Tell(Waiting::new(body, &self.waiting_bytes)));
    }

    fn heard(&self, done: oneshot::Sender<()>) {
        if let Some(fanout) = self.fanout.get() {
            // One that cannot be asked drops the sender, which says that nobody hears any more.
            let _ = fanout.tell(FanoutMessage::Mark(done));
        }
    }

    fn abort(&self, session: &SessionKey, run: Option<RunId>, why: &'static str, done: oneshot::Sender<Option<RunId>>) {
        // One whose row still waits, or is about to be taken in hand, is not to begin.
        if let Some(run) = &run
            && self.runs.find(run).is_some_and(|(of, _)| of == *session)
        {
            self.runs.call_off(run, why);
        }
        if let Some(slot) = lock(&self.sessions).get(session) {
            // A session that cannot be told has no turn; the dropped sender says so.
            let _ = slot.actor.tell(SessionMessage::Abort { run, why, done });
        }
    }

    fn session_changed(&self, session: &SessionKey) {
        if let Some(slot) = lock(&self.sessions).get(session) {
            // One that cannot be told is being rebuilt or is not there: it reads what it needs when it starts.
            let _ = slot.actor.tell(SessionMessage::Changed);
        }
    }

    fn activation(&self, session: &SessionKey) -> Option<Activation> {
        let own = lock(&self.activations);
        // A thread without a word of its own goes by that of its room.
        let room = || session.as_str().split_once(":thread:").map(|(room, _)| SessionKey::new(room));
        own.get(session).or_else(|| own.get(&room()?)).copied()
    }

    fn set_activation(&self, session: &SessionKey, activation: Option<Activation>) {
        let mut own = lock(&self.activations);
        match activation {
            Some(activation) if own.len() < ACTIVATIONS_MAX || own.contains_key(session) => {
                own.insert(session.clone(), activation);
            }
            Some(_) => tracing::warn!(
                event = "session.activation_full", %session,
                "{ACTIVATIONS_MAX} sessions have a word of their own on when they answer: this one goes by the settings of its channel"
            ),
            None => {
                own.remove(session);
            }
        }
    }

    fn runs(&self) -> &Runs {
        &self.runs
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        let mut listeners = lock(&self.listeners);
        listeners.push(listener);
        self.listener_count.store(listeners.len(), Ordering::Release);
    }

    fn has_listeners(&self) -> bool {
        self.listener_count.load(Ordering::Acquire) > 0
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Board")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
