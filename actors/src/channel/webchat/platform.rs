//! One account, as the channel's shell sees it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, Value, json};

use super::connector::WebChatConnector;
use super::desk::WebChatDesk;
use super::send::TextShaper;
use super::target;
use crate::channel::{Access, Connector, DmPolicy, GroupPolicy, Platform, Probe, Reconnect, TargetAddress, TargetError};
use crate::message::{AccountKey, ChatKind, ChatRef, Shaper, Target};
use crate::ports::SendOrder;

/// How long a link that has ended waits for its next life.
const RECONNECT: Duration = Duration::from_millis(100);

/// How long a link may be silent; it never is watched, since it has no far end that could fall silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// One account and the desk that its clients come to.
#[derive(Debug)]
pub(super) struct WebChat {
    account: AccountKey,
    /// One of its own until it is lent the process's.
    desk: WebChatDesk,
}

impl WebChat {
    /// Returns an account at a desk that nobody else knows.
    pub(super) fn new(account: AccountKey) -> Self {
        Self { account, desk: WebChatDesk::default() }
    }
}

impl Platform for WebChat {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(WebChatConnector { account: self.account.clone(), desk: self.desk.clone() })
    }

    fn at_desk(&self, desk: &WebChatDesk) -> Option<Arc<dyn Platform>> {
        Some(Arc::new(Self { account: self.account.clone(), desk: desk.clone() }))
    }

    /// Open: whoever gets as far as the desk has shown the gateway's credential or is a paired device.
    fn access(&self) -> Access {
        Access { dm: DmPolicy::Open, allow_from: vec!["*".to_owned()], group: GroupPolicy::Disabled, ..Access::default() }
    }

    fn reconnect(&self) -> Reconnect {
        Reconnect { base: RECONNECT, max: RECONNECT, attempts_max: 0, slow: RECONNECT }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    /// Rows are written in the order they come.
    fn send_order(&self) -> SendOrder {
        SendOrder::Pipelined
    }

    fn shaper(&self) -> Arc<dyn Shaper> {
        Arc::new(TextShaper)
    }

    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        let chat = ChatRef { kind: ChatKind::Direct, id: target::parse(text)?.to_string() };
        let target = Target { account: self.account.clone(), chat, thread: None };
        Ok(TargetAddress { target, mentions: Vec::new() })
    }

    /// Nobody is offered a code here: who may not talk does not reach the desk.
    fn pairing_notice(&self, peer: &str, code: &str) -> String {
        format!("This assistant does not know you yet.\n\nYour client id: {peer}\nPairing code: {code}")
    }

    fn probe(&self) -> BoxFuture<'static, Probe> {
        ready(Probe { ok: true, error: None, facts: Map::new() }).boxed()
    }

    fn status(&self) -> Map<String, Value> {
        let entries = [("configured", json!(true)), ("dmPolicy", json!(DmPolicy::Open))];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
