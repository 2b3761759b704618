//! A broker, the platform's backends, and the settings of a gateway between them.

use serde_json::{Value, json};

use crate::harness::backend::{Backend, config};
use crate::harness::gateway::{Gateway, merge};
use crate::harness::mosquitto::{Log, Mosquitto, Setup};
use crate::load::{Load, Topics};
use crate::provider::StandIn;

/// A broker with so many accounts on it.
pub struct Stage {
    /// The broker; neither side's window is bounded.
    pub broker: Mosquitto,
    backends: Vec<Backend>,
}

impl Stage {
    /// Starts a broker and a backend an account.
    pub fn with_accounts(count: usize) -> Self {
        let broker = Mosquitto::start(&Setup { log: Log::Errors, ..Setup::default() });
        let backends = (0..count).map(|account| backend(broker.port, account)).collect();
        Self { broker, backends }
    }

    /// Returns an account's topics.
    pub fn topics(account: usize) -> Topics {
        Topics { inbound: format!("bot{account}/in"), answers: format!("bot{account}/out") }
    }

    /// Returns the settings of a gateway with every account open to everybody, and more laid over them.
    pub fn settings(&self, more: Value) -> Value {
        let account = |backend: &Backend| json!({ "apiKey": "key", "apiBaseUrl": backend.url, "dmPolicy": "open" });
        let accounts: serde_json::Map<_, _> =
            self.backends.iter().enumerate().map(|(at, backend)| (account_id(at), account(backend))).collect();
        let mut settings = quiet();
        merge(&mut settings, json!({ "channels": { "socket-chat": { "accounts": accounts } } }));
        merge(&mut settings, more);
        settings
    }

    /// Starts a gateway and waits until every link stands.
    pub async fn gateway(&self, more: Value) -> Gateway {
        let gateway = Gateway::start(self.settings(more)).await;
        gateway.ready("all").await;
        gateway
    }

    /// Connects a load driver to an account's topics.
    pub async fn load(&self, account: usize, run: &str, chats: usize) -> Load {
        Load::connect(self.broker.port, &Self::topics(account), run, chats).await
    }
}

/// Starts a gateway whose agents ask a stand-in.
pub async fn asking(stand_in: &StandIn) -> Gateway {
    let mut settings = quiet();
    let provider =
        json!({ "api": "openai-completions", "baseUrl": format!("http://127.0.0.1:{}/v1", stand_in.port), "models": ["m"] });
    merge(&mut settings, json!({ "models": { "providers": { "standin": provider } } }));
    Gateway::start(settings).await
}

/// Returns the name of an account.
pub fn account_id(account: usize) -> String {
    format!("robot{account}")
}

/// Returns the settings that every gateway here has: what an operator runs, not what a test does, but for the mode of the queue:
/// answers are counted, so each message has one.
pub fn quiet() -> Value {
    json!({ "logging": { "level": "info" }, "messages": { "queue": { "mode": "followup" } } })
}

fn backend(port: u16, account: usize) -> Backend {
    let mut answer = config(port);
    let topics = Stage::topics(account);
    answer["clientId"] = account_id(account).into();
    answer["reciveTopic"] = topics.inbound.into();
    answer["sendTopic"] = topics.answers.into();
    Backend::start(answer)
}
