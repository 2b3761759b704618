//! A whole stage: a broker, the platforms of one or two accounts, and a gateway between them.

use serde_json::{Value, json};

use super::backend::{Backend, config_of};
use super::gateway::{Gateway, merge};
use super::mosquitto::{Mosquitto, Setup};
use super::socket_platform::SocketPlatform;

/// The actor of the account `default`.
pub const CHANNEL: &str = "channel:socket-chat:default";

/// The far side of one account: its backend, and whoever plays its platform.
pub struct Side {
    pub platform: SocketPlatform,
    pub backend: Backend,
}

impl Side {
    /// Makes the far side of a robot with topics and a clientId of its own.
    pub async fn of(broker: &Mosquitto, robot: &str) -> Self {
        let backend = Backend::start(config_of(broker.port, robot));
        Self { platform: SocketPlatform::join(broker.port, robot).await, backend }
    }

    /// Returns an account's settings: open, quick to come back, and with these on top.
    pub fn account(&self, more: Value) -> Value {
        let mut account = json!({
            "apiKey": "key-1", "apiBaseUrl": self.backend.url, "dmPolicy": "open", "allowFrom": ["*"],
            "reconnectBaseDelayMs": 50, "maxReconnectAttempts": 0
        });
        merge(&mut account, more);
        account
    }
}

/// A gateway with the account `default` between its broker and its platform. The gateway ends first, the broker last.
pub struct Rig {
    pub gateway: Gateway,
    pub platform: SocketPlatform,
    pub backend: Backend,
    pub broker: Mosquitto,
}

impl Rig {
    /// Starts all of it, with these settings of the account over those of [`Side::account`], and waits until the link is up.
    pub async fn start(account: Value) -> Self {
        Self::with(account, json!({})).await
    }

    /// Starts all of it with further settings of the gateway.
    pub async fn with(account: Value, settings: Value) -> Self {
        let mut rig = Self::prepare(account, settings).await;
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        rig
    }

    /// Makes all of it and does not start the gateway.
    pub async fn prepare(account: Value, mut settings: Value) -> Self {
        let broker = Mosquitto::start(&Setup::default());
        let side = Side::of(&broker, "bot").await;
        merge(&mut settings, json!({ "channels": { "socket-chat": side.account(account) } }));
        let gateway = Gateway::prepare(settings);
        Self { gateway, platform: side.platform, backend: side.backend, broker }
    }

    /// Makes all of it with a second account `side`, and returns that one's far side.
    pub async fn pair(account: Value, settings: Value) -> (Self, Side) {
        let mut rig = Self::prepare(account.clone(), settings).await;
        let side = Side::of(&rig.broker, "side").await;
        rig.change(json!({ "channels": { "socket-chat": { "accounts": { "side": side.account(account) } } } }));
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        (rig, side)
    }

    /// Makes all of it with an agent that plays this script.
    pub async fn scripted(account: Value, settings: Value, script: &str) -> Self {
        let mut rig = Self::prepare(account, settings).await;
        rig.gateway.play(script);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        rig
    }

    /// Lays settings over those in the config file.
    pub fn change(&self, settings: Value) {
        self.gateway.change(settings);
    }

    /// Returns a counter of the account `default`.
    pub async fn count(&self, name: &str) -> u64 {
        self.gateway.metric(&format!("{name}{{channel=\"socket-chat\",account=\"default\"}}")).await
    }

    /// Waits until the broker has the gateway's acknowledgement of so many messages to the account `default`.
    pub async fn acknowledged(&self, count: usize) {
        super::eventually(&format!("{count} acknowledgements"), || {
            self.broker.log().matches("Received PUBACK from callboard-bot").count() >= count
        })
        .await;
    }

    /// Waits until nothing waits to be answered or sent, and every confirmation is written down.
    pub async fn settled(&self) {
        super::until("an empty inbox and outbox", async || {
            let open = self.gateway.metric("store_inbox_open_rows").await + self.gateway.metric("store_outbox_open_rows").await;
            (open == 0).then_some(())
        })
        .await;
    }

    /// Waits until a counter of the account `default` has reached a value.
    pub async fn counted(&self, name: &str, value: u64) {
        super::until(&format!("{name} at {value}"), async || (self.count(name).await >= value).then_some(())).await;
    }
}

/// Returns who a payload of the gateway goes to and its texts and pictures, `wxid_ann: hello`.
pub fn said(payload: &Value) -> String {
    let to = payload["groupId"].as_str().or(payload["contactId"].as_str()).expect("a target");
    let parts = payload["messages"].as_array().expect("messages").iter();
    let texts: Vec<_> = parts.map(|part| part["content"].as_str().or(part["url"].as_str()).expect("a text")).collect();
    format!("{to}: {}", texts.join(" + "))
}

/// Returns what a platform has been sent, sorted, since chats are in no order to each other.
pub fn all_said(platform: &SocketPlatform) -> Vec<String> {
    let mut all: Vec<_> = platform.sent().iter().map(said).collect();
    all.sort();
    all
}
