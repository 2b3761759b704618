//! A platform that a test plays by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::channel::{
    Access, Account, AckToken, Connector, Link, LinkCommand, LinkEnd, LinkEvent, Normalised, Platform, Probe, Reconnect,
    TargetAddress, TargetError,
};
use crate::message::{Code, Inbound, LinkState, LinkStatus, Outbound, OutboxId, Receipt, Shaper};
use crate::ports::conformance::make;
use crate::ports::{OutboxRow, SendOrder};

/// How long the platform waits for an order.
const PATIENCE: Duration = Duration::from_secs(20);

/// One life of a link, in the test's hand.
pub(crate) struct Wire {
    events: mpsc::Sender<LinkEvent>,
    pub(crate) commands: mpsc::UnboundedReceiver<LinkCommand>,
    end: oneshot::Sender<LinkEnd>,
}

impl Wire {
    pub(crate) async fn tell(&self, event: LinkEvent) {
        self.events.send(event).await.expect("the actor listens");
    }

    pub(crate) async fn up(&self) {
        self.tell(LinkEvent::Status(LinkStatus::plain(LinkState::Up))).await;
    }

    pub(crate) async fn message(&self, inbound: Inbound, ack: AckToken) {
        self.tell(LinkEvent::Frame { frame: Normalised::Message(Box::new(inbound)), ack: Some(ack) }).await;
    }

    pub(crate) async fn frame(&self, frame: Normalised, ack: AckToken) {
        self.tell(LinkEvent::Frame { frame, ack: Some(ack) }).await;
    }

    pub(crate) async fn confirm(&self, id: OutboxId) {
        self.tell(LinkEvent::Confirmed { id, receipt: Receipt { platform_id: None } }).await;
    }

    pub(crate) async fn refuse(&self, id: OutboxId, code: Code) {
        self.tell(LinkEvent::Failed { id, code, reason: "it is played".into(), retry_after_ms: None }).await;
    }

    pub(crate) fn drop_link(self, code: Code) {
        self.end_with(code, Stability::Shaky);
    }

    pub(crate) fn end_with(self, code: Code, stability: Stability) {
        let was_stable = stability == Stability::Stable;
        let _ = self.end.send(LinkEnd { code, text: "it is played".into(), was_stable });
    }

    /// Returns the next order.
    pub(crate) async fn command(&mut self) -> LinkCommand {
        let command = tokio::time::timeout(PATIENCE, self.commands.recv()).await;
        command.expect("in time: an order to the platform").expect("the actor is there")
    }

    /// Returns the next row that is to be sent.
    pub(crate) async fn sent(&mut self) -> OutboxRow {
        loop {
            match self.command().await {
                LinkCommand::Send(row) => return *row,
                LinkCommand::Ack(_) | LinkCommand::Mark(_) => {}
                LinkCommand::Close => panic!("it was to send, not to close"),
            }
        }
    }

    /// Returns so many acknowledgements.
    pub(crate) async fn acks(&mut self, count: usize) -> Vec<AckToken> {
        let mut acks = Vec::new();
        while acks.len() < count {
            if let LinkCommand::Ack(acked) = self.command().await {
                acks.extend(acked.iter().map(|acked| acked.token));
            }
        }
        acks
    }

    /// Returns what has been ordered and not yet read.
    pub(crate) fn waiting(&mut self) -> Vec<LinkCommand> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stability {
    Stable,
    Shaky,
}

/// The settings of the played platform.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) wires: mpsc::UnboundedSender<Wire>,
    pub(crate) access: Mutex<Access>,
    pub(crate) reconnect: Reconnect,
    pub(crate) order: SendOrder,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

struct PlayedConnector(mpsc::UnboundedSender<Wire>);

impl Connector for PlayedConnector {
    fn run(self: Box<Self>, mut link: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(async move {
            link.progress.pause();
            let (end, ended) = oneshot::channel();
            let (orders, commands) = mpsc::unbounded_channel();
            let wire = Wire { events: link.events, commands, end };
            self.0.send(wire).expect("the test goes on");
            let passing = async {
                while let Some(command) = link.commands.recv().await {
                    let _ = orders.send(command);
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                end = ended => end.unwrap_or(LinkEnd { code: Code::LinkDown, text: "the test is over".into(), was_stable: true }),
                () = passing => unreachable!("it waits for ever"),
            }
        })
    }
}

struct AsIs;

impl Shaper for AsIs {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        vec![outbound]
    }
}

impl Platform for Played {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(PlayedConnector(self.wires.clone()))
    }

    fn access(&self) -> Access {
        self.access.lock().unwrap().clone()
    }

    fn reconnect(&self) -> Reconnect {
        self.reconnect
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(100_000)
    }

    fn send_order(&self) -> SendOrder {
        self.order
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        Arc::new(AsIs)
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        Err(TargetError(format!("no target can be read from {text}")))
    }

    fn pairing_notice(&self, peer: &str, code: &str) -> String {
        format!("{peer}: {code}")
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        Box::pin(async { Probe { ok: true, error: None, facts: serde_json::Map::new() } })
    }

    fn status(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }
}

/// Returns the account of everything that is made.
pub(crate) fn account_of(platform: Arc<Played>) -> Account {
    Account { key: make::account(), label: "played".into(), enabled: true, fingerprint: 1, platform }
}
