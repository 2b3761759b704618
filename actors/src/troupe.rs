//! Who makes whom: the one place that knows every actor's type.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::agent::{Providers, Toolbox};
use crate::channel::{Account, ChannelActor, ChannelMessage, ChannelParts, ChannelSettings, Desks};
use crate::core::{
    ActorId, ActorKind, ActorRef, ActorSpec, Backoff, Behaviour, ControlError, Intensity, Live, SupervisionEvent, Supervisor,
    What,
};
use crate::message::{AccountKey, Counters, EventBody, EventName, SessionKey, SessionMessage, Switchboard, Tenure};
use crate::ports::{Archive, Briefing, MediaRoom, Steward, Store};
use crate::registry::{Board, Casting, FanoutActor, NoSession, Reconciled, RegistryActor, RouteSettings};
use crate::session::{SessionActor, SessionParts, SessionSettings, TurnGate};

/// Everything that the actors are lent.
#[derive(Clone)]
pub struct Props {
    /// Who keeps them alive.
    pub supervisor: Supervisor,
    /// Where rows are.
    pub store: Arc<dyn Store>,
    /// Where transcripts go that are begun anew.
    pub archive: Arc<dyn Archive>,
    /// Who answers.
    pub providers: Arc<dyn Providers>,
    /// What can be done on the way to an answer.
    pub tools: Arc<Toolbox>,
    /// The channel accounts of the moment.
    pub accounts: Live<Vec<Account>>,
    /// The settings of routing.
    pub routes: Live<RouteSettings>,
    /// The settings of sessions.
    pub sessions: Live<SessionSettings>,
    /// The settings that all channels share.
    pub channels: Live<ChannelSettings>,
    /// What others see of the channels.
    pub desks: Arc<Desks>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Lets turns begin.
    pub gate: TurnGate,
    /// What providers are told before everything else.
    pub briefing: Arc<dyn Briefing>,
    /// Where the bytes of pictures and files are.
    pub media: Arc<dyn MediaRoom>,
    /// Who looks after the gateway itself, for owners who order it in a chat.
    pub steward: Arc<dyn Steward>,
    /// How failures are borne.
    pub temper: Temper,
}

/// How sessions and channels bear failures.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    /// How many are too many.
    pub intensity: Intensity,
    /// How waits grow between them.
    pub backoff: Backoff,
    /// After how long without one they are forgotten.
    pub stable_after: Duration,
}

/// Makes sessions and channels for the registry, and lets the channels say goodbye.
pub struct Troupe {
    props: Props,
    switchboard: Arc<dyn Switchboard>,
    /// What every session is lent.
    lent: Arc<SessionParts>,
    channels: Mutex<BTreeMap<AccountKey, ActorRef<ChannelMessage>>>,
}

/// Starts the fan-out and the registry, which starts everything else.
///
/// # Errors
/// They are there already.
pub fn start(props: Props, board: &Arc<Board>) -> Result<Arc<Troupe>, ControlError> {
    let supervisor = props.supervisor.clone();
    let store = Arc::clone(&props.store);
    let fanout = supervisor.start(FanoutActor::spec(board))?;
    let switchboard = Arc::clone(board) as Arc<dyn Switchboard>;
    let lent = Arc::new(lent(&props, &switchboard));
    let troupe = Arc::new(Troupe { props, switchboard, lent, channels: Mutex::default() });
    let casting = Arc::clone(&troupe) as Arc<dyn Casting>;
    let registry = supervisor.start(RegistryActor::spec(board, &casting, &store))?;
    board.connect(registry, fanout);
    let (listener, listed) = (Arc::clone(board), supervisor.clone());
    supervisor.listen(move |event| {
        if let Some(session) = session_of(event)
            && listed.report(&event.id).is_err()
        {
            listener.session_ended(&session);
        }
        if event.is_no_news() || !listener.has_listeners() {
            return;
        }
        let told = serde_json::json!({
            "id": event.id, "kind": event.kind, "what": event.what.as_str(), "detail": event.detail,
        });
        listener.publish(EventBody::new(EventName::Actor, &told));
    });
    Ok(troupe)
}

/// Returns what every session is lent.
fn lent(props: &Props, switchboard: &Arc<dyn Switchboard>) -> SessionParts {
    SessionParts {
        store: Arc::clone(&props.store),
        archive: Arc::clone(&props.archive),
        providers: Arc::clone(&props.providers),
        tools: Arc::clone(&props.tools),
        switchboard: Arc::clone(switchboard),
        settings: props.sessions.clone(),
        counters: Arc::clone(&props.counters),
        gate: props.gate.clone(),
        briefing: Arc::clone(&props.briefing),
        media: Arc::clone(&props.media),
        steward: Arc::clone(&props.steward),
    }
}

impl Troupe {
    /// Has every channel say goodbye to its platform, and waits for them at most until the deadline.
    pub async fn close_channels(&self, deadline: Duration) {
        let channels: Vec<_> = self.channels().values().cloned().collect();
        let mut goodbyes = Vec::new();
        for channel in channels {
            let (done, said) = oneshot::channel();
            // One that is not running has no link to close.
            if channel.tell(ChannelMessage::Close(done)).is_ok() {
                goodbyes.push(said);
            }
        }
        let all = futures_util::future::join_all(goodbyes);
        let _ = self.props.supervisor.clock().within(deadline, all).await;
    }

    fn channels(&self) -> MutexGuard<'_, BTreeMap<AccountKey, ActorRef<ChannelMessage>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tempered<B: Behaviour>(&self, spec: ActorSpec<B>) -> ActorSpec<B> {
        let Temper { intensity, backoff, stable_after } = self.props.temper;
        spec.intensity(intensity).backoff(backoff, stable_after)
    }

    fn start_channel(&self, account: &Account, board: &Board) -> Reconciled {
        let key = account.key.clone();
        let parts = ChannelParts {
            store: Arc::clone(&self.props.store),
            media: Arc::clone(&self.props.media),
            switchboard: Arc::clone(&self.switchboard),
            settings: self.props.channels.clone(),
            accounts: self.props.accounts.clone(),
            desk: self.props.desks.desk(&key),
            counters: self.props.counters.account(&key),
        };
        match self.props.supervisor.start(self.tempered(ChannelActor::spec(&key, parts))) {
            Ok(actor) => {
                board.add_channel(key.clone(), actor.bell(), account.fingerprint);
                self.channels().insert(key, actor);
                Reconciled::Done
            }
            Err(error) => {
                tracing::warn!(event = "channel.not_started", actor = %key, "{error}; it is tried again");
                Reconciled::NotYet
            }
        }
    }
}

impl Casting for Troupe {
    fn session(&self, key: &SessionKey, tenure: Tenure) -> Result<ActorRef<SessionMessage>, NoSession> {
        let max = self.props.sessions.get().actors_max;
        if self.props.supervisor.count() >= max {
            return Err(NoSession::Crowded { max });
        }
        let spec = self.tempered(SessionActor::spec(key, tenure, Arc::clone(&self.lent)));
        self.props.supervisor.start(spec).map_err(NoSession::Leaving)
    }

    fn reconcile(&self, board: &Board) -> Reconciled {
        let mut reconciled = Reconciled::Done;
        let accounts = self.props.accounts.get();
        let mut running: BTreeMap<AccountKey, u64> = board.running_channels().into_iter().collect();
        for account in accounts.iter().filter(|account| account.enabled) {
            match running.remove(&account.key) {
                None => {
                    if self.start_channel(account, board) == Reconciled::NotYet {
                        reconciled = Reconciled::NotYet;
                    }
                }
                Some(fingerprint) if fingerprint != account.fingerprint => {
                    board.set_fingerprint(&account.key, account.fingerprint);
                    self.props.supervisor.restart_soon(&channel_id(&account.key));
                }
                Some(_) => {}
            }
        }
        for gone in running.into_keys() {
            self.props.supervisor.retire(&channel_id(&gone));
            board.remove_channel(&gone);
            self.channels().remove(&gone);
            self.props.desks.remove(&gone);
        }
        reconciled
    }
}

/// Returns the session that has just ended.
fn session_of(event: &SupervisionEvent) -> Option<SessionKey> {
    let ended = event.kind == ActorKind::Session && event.what == What::Stopped;
    ended.then(|| event.id.as_str().strip_prefix("session:").map(SessionKey::new)).flatten()
}

fn channel_id(account: &AccountKey) -> ActorId {
    ActorId::new(format!("channel:{account}"))
}

#[cfg(test)]
mod tests;
