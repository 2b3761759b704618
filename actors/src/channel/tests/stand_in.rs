//! A platform whose link the test holds in its hands, and a switchboard that only remembers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::channel::{
    Access, Account, ChannelActor, ChannelMessage, ChannelParts, ChannelSettings, Connector, Desk, Desks, Link, LinkCommand,
    LinkEnd, LinkEvent, Platform, Probe, Reconnect, TargetAddress, TargetError,
};
use crate::core::{ActorRef, Clock, Live, Progress, Supervision, Supervisor};
use crate::message::{
    AccountKey, Act, Ask, AskError, ChatKind, ChatRef, Counters, Deed, EventBody, Inbound, LinkState, LinkStatus, Listener,
    Outbound, OutboxId, Peer, Route, RunId, Runs, SessionKey, Shaper, Switchboard, Target, TraceId,
};
use crate::ports::memory::MemoryStore;
use crate::ports::{NewOutbox, NoMediaRoom, SendOrder, Store};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn account() -> AccountKey {
    AccountKey::new("stand-in", "default")
}

/// Remembers which sessions were woken.
#[derive(Default)]
pub(super) struct Woken(pub(super) Mutex<Vec<SessionKey>>, Runs);

impl Switchboard for Woken {
    fn resolve(&self, route: &Route) -> SessionKey {
        SessionKey::new(&route.chat.id)
    }

    fn wake_session(&self, session: &SessionKey) {
        self.0.lock().unwrap().push(session.clone());
    }

    fn wake_channel(&self, _: &AccountKey) {}

    fn ask(&self, _: Ask) -> Result<(), AskError> {
        Err(AskError::Unavailable)
    }

    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        vec![outbound]
    }

    fn channel_up(&self, _: &AccountKey, _: Arc<dyn Shaper>) {}

    fn link_changed(&self, _: &AccountKey, _: LinkStatus) {}

    fn session_idle(&self, _: &SessionKey) {}

    fn abort(&self, _: &SessionKey, _: Option<RunId>, _: &'static str, _: oneshot::Sender<Option<RunId>>) {}

    fn session_changed(&self, _: &SessionKey) {}

    fn runs(&self) -> &Runs {
        &self.1
    }

    fn listen(&self, _: Arc<dyn Listener>) {}

    fn publish(&self, _: EventBody) {}

    fn has_listeners(&self) -> bool {
        false
    }
}

/// Hands every link to the test.
#[derive(Debug)]
pub(super) struct StandIn(pub(super) mpsc::UnboundedSender<HeldLink>);

/// A link as the test holds it: dropped, it has ended.
#[derive(Debug)]
pub(super) struct HeldLink {
    pub(super) events: mpsc::Sender<LinkEvent>,
    pub(super) commands: mpsc::Receiver<LinkCommand>,
    _progress: Progress,
    _ended: tokio::sync::oneshot::Sender<()>,
}

struct Handing(mpsc::UnboundedSender<HeldLink>);

impl Connector for Handing {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd> {
        link.progress.pause();
        let (ended, end) = tokio::sync::oneshot::channel();
        let Link { events, commands, progress, .. } = link;
        let _ = self.0.send(HeldLink { events, commands, _progress: progress, _ended: ended });
        async move {
            let _ = end.await;
            LinkEnd { code: crate::message::Code::LinkDown, text: "dropped by the test".into(), was_stable: true }
        }
        .boxed()
    }
}

struct Whole;

impl Shaper for Whole {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        vec![outbound]
    }
}

impl Platform for StandIn {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(Handing(self.0.clone()))
    }

    fn access(&self) -> Access {
        Access { dm: crate::channel::DmPolicy::Open, ..Access::default() }
    }

    fn reconnect(&self) -> Reconnect {
        let short = Duration::from_millis(1);
        Reconnect { base: short, max: short, attempts_max: 0, slow: short }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn send_order(&self) -> SendOrder {
        SendOrder::Pipelined
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        Arc::new(Whole)
    }

    fn deeds(&self) -> &'static [Deed] {
        &[Deed::React, Deed::Edit]
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        Err(TargetError(text.to_owned()))
    }

    fn pairing_notice(&self, _: &str, _: &str) -> String {
        String::new()
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        async { Probe { ok: true, error: None, facts: serde_json::Map::new() } }.boxed()
    }

    fn status(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }
}

/// A channel actor that runs, and everything around it.
pub(super) struct Scene {
    pub(super) actor: ActorRef<ChannelMessage>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) desk: Desk,
    links: mpsc::UnboundedReceiver<HeldLink>,
}

/// Plays a test.
pub(super) fn play<F: Future<Output = ()>>(test: impl FnOnce(Scene) -> F) {
    actix::System::new().block_on(async {
        let clock = Clock::system();
        let supervisor = Supervisor::new(Supervision { threads: 1, stuck_after: PATIENCE }, clock.clone());
        let (hand, links) = mpsc::unbounded_channel();
        let store = MemoryStore::new(&clock);
        let platform = Arc::new(StandIn(hand));
        let login = Account { key: account(), label: String::new(), enabled: true, fingerprint: 1, platform };
        let desk = Desks::default().desk(&account());
        let parts = ChannelParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            media: Arc::new(NoMediaRoom),
            switchboard: Arc::new(Woken::default()),
            settings: Live::fixed(ChannelSettings::default()),
            accounts: Live::fixed(vec![login]),
            desk: desk.clone(),
            counters: Counters::default().account(&account()),
        };
        let actor = supervisor.start(ChannelActor::spec(&account(), parts)).unwrap();
        test(Scene { actor, store, desk, links }).await;
        supervisor.shut_down();
    });
}

impl Scene {
    /// Returns the next link, up.
    pub(super) async fn link(&mut self) -> HeldLink {
        let link = in_time("a link", self.links.recv()).await.unwrap();
        link.events.send(LinkEvent::Status(LinkStatus::plain(LinkState::Up))).await.unwrap();
        link
    }

    /// Writes a payload and wakes the actor.
    pub(super) async fn enqueue(&self, text: &str) -> OutboxId {
        self.enqueue_act(text, Act::Post).await
    }

    /// Writes what is to be done with a message and wakes the actor.
    pub(super) async fn enqueue_act(&self, text: &str, act: Act) -> OutboxId {
        let target = Target { account: account(), chat: chat(), thread: None };
        let outbound = Outbound { act, ..Outbound::text(target, text.to_owned()) };
        let row = NewOutbox { id: OutboxId::new(), outbound, trace: TraceId::new(), idempotency_key: None };
        let id = self.store.enqueue(row).await.unwrap().id;
        self.actor.wake();
        id
    }
}

impl HeldLink {
    /// Returns the text of the next payload that the actor orders, passing over acknowledgements.
    pub(super) async fn next_sent(&mut self) -> (OutboxId, String) {
        loop {
            if let LinkCommand::Send(row) = in_time("a payload", self.commands.recv()).await.unwrap() {
                return (row.id, row.outbound.text);
            }
        }
    }
}

/// Waits for something that has to happen.
pub(super) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in time: {what}"))
}

fn chat() -> ChatRef {
    ChatRef { kind: ChatKind::Direct, id: "ann".into() }
}

pub(super) fn inbound(id: &str) -> Inbound {
    Inbound {
        order: None,
        platform_id: id.to_owned(),
        route: Route { account: account(), chat: chat(), thread: None, peer: Peer { id: "ann".into(), name: "Ann".into() } },
        chat_label: "Ann".into(),
        text: "hello".into(),
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media: Vec::new(),
        mentioned: true,
        at_ms: 0,
        trace: TraceId::new(),
    }
}
