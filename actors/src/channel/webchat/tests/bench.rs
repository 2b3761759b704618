//! A webchat account that runs, with doubles around it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::oneshot;

use super::super::accounts::read;
use super::super::{DeskParts, Post, PostError, Posted, WebChatDesk, default_account};
use crate::channel::{ChannelActor, ChannelMessage, ChannelParts, ChannelSettings, Desk};
use crate::core::{ActorId, ActorRef, Live, State};
use crate::doubles::{Notebook, ShakyStore, Stage};
use crate::message::{
    AccountCounters, ChatKind, ChatRef, LinkState, Order, Outbound, OutboxId, Peer, RunId, SessionKey, Target, TraceId,
};
use crate::ports::{InboxRow, NewOutbox, OutboxState, Store as _};

pub(super) struct Bench {
    pub(super) stage: Arc<Stage>,
    pub(super) store: Arc<ShakyStore>,
    pub(super) notebook: Arc<Notebook>,
    pub(super) counters: Arc<AccountCounters>,
    pub(super) facts: Desk,
    pub(super) desk: WebChatDesk,
    pub(super) actor: ActorRef<ChannelMessage>,
}

pub(super) type Answer = BoxFuture<'static, Result<Posted, PostError>>;

pub(super) fn id() -> ActorId {
    ActorId::new(format!("channel:{}", default_account()))
}

pub(super) fn session() -> SessionKey {
    SessionKey::new("agent:main:main")
}

/// Returns a message of a client.
pub(super) fn post(key: &str, text: &str) -> Post {
    let order = Order {
        session: session(),
        spelled: "main".into(),
        run: RunId::named(key).unwrap_or_default(),
        by: crate::message::OrderedBy::Client,
        system: None,
        model: None,
        thinking: None,
        timeout_ms: None,
        deliver: None,
    };
    Post {
        account: default_account(),
        order,
        text: text.into(),
        media: Vec::new(),
        peer: Peer { id: "clawdbot-control-ui".into(), name: "Ann's laptop".into() },
        platform_id: format!("chat:{key}"),
        trace: TraceId::new(),
    }
}

impl Bench {
    /// Returns an account whose link is up.
    pub(super) async fn up(stage: &Arc<Stage>) -> Self {
        let bench = Self::start(stage);
        bench.link_up().await;
        bench
    }

    pub(super) fn start(stage: &Arc<Stage>) -> Self {
        let (store, notebook) = (ShakyStore::new(&stage.clock), Arc::<Notebook>::default());
        let desk = WebChatDesk::default();
        let section = serde_json::json!({ "accounts": { "off": { "enabled": false } } });
        desk.connect(DeskParts {
            store: Arc::clone(&store) as _,
            switchboard: Arc::clone(&notebook) as _,
            supervisor: stage.supervisor.clone(),
            accounts: Live::fixed(read(&section).expect("the accounts")),
        });
        let accounts = read(&Value::Null).expect("the default account");
        let counters = Arc::<AccountCounters>::default();
        let facts = Desk::default();
        let parts = ChannelParts {
            store: Arc::clone(&store) as _,
            media: Arc::new(crate::ports::NoMediaRoom),
            switchboard: Arc::clone(&notebook) as _,
            settings: Live::fixed(ChannelSettings::default()),
            accounts: Live::fixed(accounts.into_iter().map(|account| account.at_desk(&desk)).collect()),
            desk: facts.clone(),
            counters: Arc::clone(&counters),
        };
        let actor = stage.start(ChannelActor::spec(&default_account(), parts));
        Self { stage: Arc::clone(stage), store, notebook, counters, facts, desk, actor }
    }

    pub(super) async fn link_up(&self) {
        self.stage.pass_until("the link is up", || self.facts.facts().status.state == LinkState::Up).await;
    }

    /// Waits until the link is up again after so many restarts.
    pub(super) async fn back(&self, restarts: u32) {
        let running = || {
            let report = self.stage.supervisor.report(&id()).expect("it is listed");
            report.restarts >= restarts && report.state == State::Running
        };
        self.stage.pass_until("it runs again", running).await;
        self.link_up().await;
    }

    /// Returns the rows of the session, in order.
    pub(super) async fn rows(&self) -> Vec<InboxRow> {
        self.store.inner.begin_turn(session(), 10_000).await.expect("the rows")
    }

    /// Puts a payload into the outbox and wakes the account.
    pub(super) async fn queue(&self, chat: &str, text: &str) -> OutboxId {
        let chat = ChatRef { kind: ChatKind::Direct, id: chat.into() };
        let target = Target { account: default_account(), chat, thread: None };
        let outbound = Outbound::text(target, text.into());
        let row = NewOutbox { id: OutboxId::new(), outbound, trace: TraceId::new(), idempotency_key: None };
        let id = self.store.inner.enqueue(row).await.expect("it is queued").id;
        self.actor.wake();
        id
    }

    pub(super) async fn state(&self, id: OutboxId) -> OutboxState {
        self.store.inner.outbox_state(id).await.expect("the state").expect("it is there")
    }

    pub(super) async fn all_sent(&self) {
        self.stage.pass_until("the outbox is empty", || self.store.health().outbox_open == 0).await;
    }

    /// Returns the texts of the session's transcript.
    pub(super) async fn lines(&self) -> Vec<String> {
        let lines = self.store.inner.history(session(), 1000).await.expect("the transcript");
        lines.into_iter().map(|line| line.text).collect()
    }

    /// Has the link say goodbye.
    pub(super) fn close(&self) -> oneshot::Receiver<()> {
        let (done, said) = oneshot::channel();
        self.actor.tell(ChannelMessage::Close(done)).expect("it hears");
        said
    }
}

/// Waits for what a client hears.
pub(super) async fn heard(answer: Answer) -> Result<Posted, PostError> {
    tokio::time::timeout(std::time::Duration::from_secs(20), answer).await.expect("in time: an answer")
}
