//! A channel actor with doubles around it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::channel::{Access, Account, ChannelActor, ChannelMessage, ChannelParts, ChannelSettings, Desk, DmPolicy, Reconnect};
use crate::core::{ActorId, ActorRef, Live};
use crate::doubles::{Notebook, Played, ShakyStore, Stage, Wire, account_of};
use crate::message::{AccountCounters, Inbound, LinkState, OutboxId};
use crate::ports::conformance::make;
use crate::ports::{OutboxState, SendOrder, Store as _};

pub(super) struct Bench {
    pub(super) stage: Arc<Stage>,
    pub(super) store: Arc<ShakyStore>,
    pub(super) notebook: Arc<Notebook>,
    pub(super) counters: Arc<AccountCounters>,
    pub(super) desk: Desk,
    pub(super) settings: ChannelSettings,
    pub(super) reconnect: Reconnect,
    pub(super) order: SendOrder,
    pub(super) access: Access,
    /// What the accounts are at the moment; empty before the start.
    pub(super) accounts: Arc<Mutex<Arc<Vec<Account>>>>,
}

pub(super) struct Playing {
    pub(super) actor: ActorRef<ChannelMessage>,
    pub(super) platform: Arc<Played>,
    wires: mpsc::UnboundedReceiver<Wire>,
}

pub(super) fn id() -> ActorId {
    ActorId::new(format!("channel:{}", make::account()))
}

/// Returns a message of a group chat.
pub(super) fn message(chat: &str, platform_id: &str) -> Inbound {
    make::accept(chat, platform_id).inbound
}

impl Bench {
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        let seconds = Duration::from_secs;
        Self {
            store: ShakyStore::new(&stage.clock),
            notebook: Arc::default(),
            counters: Arc::default(),
            desk: Desk::default(),
            settings: ChannelSettings::default(),
            reconnect: Reconnect { base: seconds(1), max: seconds(4), attempts_max: 0, slow: seconds(300) },
            order: SendOrder::Pipelined,
            access: Access { dm: DmPolicy::Pairing, ..Access::default() },
            accounts: Arc::default(),
            stage: Arc::clone(stage),
        }
    }

    pub(super) fn start(&self) -> Playing {
        let (wires, played) = mpsc::unbounded_channel();
        let access = Mutex::new(self.access.clone());
        let platform = Arc::new(Played { wires, access, reconnect: self.reconnect, order: self.order });
        *self.accounts.lock().unwrap() = Arc::new(vec![account_of(Arc::clone(&platform))]);
        let accounts = Arc::clone(&self.accounts);
        let parts = ChannelParts {
            store: Arc::clone(&self.store) as _,
            media: Arc::new(crate::ports::NoMediaRoom),
            switchboard: Arc::clone(&self.notebook) as _,
            settings: Live::fixed(self.settings.clone()),
            accounts: Live::new(move || Arc::clone(&accounts.lock().unwrap())),
            desk: self.desk.clone(),
            counters: Arc::clone(&self.counters),
        };
        let actor = self.stage.start(ChannelActor::spec(&make::account(), parts));
        Playing { actor, platform, wires: played }
    }

    /// Puts payloads into the outbox; returns their ids.
    pub(super) async fn queue(&self, chat: &str, texts: &[&str]) -> Vec<OutboxId> {
        let mut ids = Vec::new();
        for text in texts {
            ids.push(self.store.inner.enqueue(make::outbox(chat, text)).await.unwrap().id);
        }
        ids
    }

    pub(super) async fn state(&self, id: OutboxId) -> OutboxState {
        self.store.inner.outbox_state(id).await.unwrap().expect("it is there")
    }

    /// Waits until no payload is open, while time passes.
    pub(super) async fn all_sent(&self) {
        self.stage.pass_until("the outbox is empty", || self.store.health().outbox_open == 0).await;
    }

    pub(super) async fn link_is(&self, state: LinkState) {
        self.stage.until(&format!("the link is {state:?}"), || self.desk.facts().status.state == state).await;
    }
}

impl Playing {
    /// Returns the next life of the link, while time passes.
    pub(super) async fn wire(&mut self, stage: &Stage) -> Wire {
        let wires = Mutex::new(&mut self.wires);
        let got = Mutex::new(None);
        stage
            .pass_until("the link is made", || {
                let mut got = got.lock().unwrap();
                *got = got.take().or_else(|| wires.lock().unwrap().try_recv().ok());
                got.is_some()
            })
            .await;
        got.into_inner().unwrap().expect("it is there")
    }

    /// Returns the next life of the link, up.
    pub(super) async fn wire_up(&mut self, stage: &Stage) -> Wire {
        let wire = self.wire(stage).await;
        wire.up().await;
        wire
    }

    pub(super) fn no_wire(&mut self) -> bool {
        self.wires.try_recv().is_err()
    }

    pub(super) fn close(&self) -> oneshot::Receiver<()> {
        let (done, said) = oneshot::channel();
        self.actor.tell(ChannelMessage::Close(done)).expect("it hears");
        said
    }
}
