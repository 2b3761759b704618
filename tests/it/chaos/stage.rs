//! Broker, backends, platforms and gateway, set up together.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::ledger::STILLNESS;
use super::platform::Platform;
use super::shelf::Shelf;
use crate::harness::backend::{Backend, config};
use crate::harness::gateway::{Gateway, merge};
use crate::harness::mosquitto::{Mosquitto, Setup};

/// How often a page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Everything that a message passes, for one account or two.
pub(super) struct Stage {
    pub(super) gateway: Gateway,
    pub(super) platforms: Vec<Platform>,
    pub(super) broker: Mosquitto,
    /// They answer as long as they are there.
    _backends: Vec<Backend>,
}

impl Stage {
    /// Sets up accounts of these names, each with its own backend, client id and topics; nothing runs but the gateway's
    /// surroundings. `settings` go over those of every test here.
    pub(super) async fn prepare(accounts: &[&str], settings: Value) -> Self {
        let broker = Mosquitto::start(&Setup::default());
        let backends: Vec<_> = accounts.iter().map(|name| Backend::start(account_config(broker.port, name))).collect();
        let mut platforms = Vec::new();
        for name in accounts {
            platforms.push(Platform::connect(broker.port, name).await);
        }
        let logins: serde_json::Map<_, _> =
            accounts.iter().zip(&backends).map(|(name, backend)| ((*name).to_owned(), login(backend))).collect();
        let mut config = json!({
            "channels": { "socket-chat": { "accounts": logins } },
            "logging": { "level": "info" }
        });
        merge(&mut config, settings);
        Self { gateway: Gateway::prepare(config), platforms, broker, _backends: backends }
    }

    /// Sets up and starts, and waits until every link is up: from then on the broker keeps what comes for the gateway.
    pub(super) async fn start(accounts: &[&str], settings: Value) -> Self {
        let mut stage = Self::prepare(accounts, settings).await;
        stage.up().await;
        stage
    }

    /// Starts the gateway and waits until every link is up.
    pub(super) async fn up(&mut self) {
        self.gateway.again().await;
        self.gateway.ready("all").await;
    }

    /// Has every turn take a while, so that there are turns to interrupt; for a gateway that does not run yet.
    pub(super) fn slow_turns(&self, wait_ms: u64) {
        self.play(&format!("steps:\n  - do: [ {{ waitMs: {wait_ms} }}, echo ]\n"));
    }

    /// Has turns play a script; for a gateway that does not run yet.
    pub(super) fn play(&self, script: &str) {
        std::fs::write(self.gateway.state().join("script.yaml"), script).expect("a script");
        let mut settings = self.gateway.settings();
        merge(
            &mut settings,
            json!({ "models": { "providers": { "play": { "api": "script", "scriptFile": "script.yaml" } } } }),
        );
        self.gateway.configure(&settings);
    }

    /// Returns the first account's platform.
    pub(super) fn platform(&self) -> &Platform {
        &self.platforms[0]
    }

    /// Returns the sum of a counter over all accounts.
    pub(super) async fn metric(&self, name: &str) -> usize {
        let page = page(&self.gateway, "/metrics").await;
        let lines = page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let values = lines.filter_map(|line| line.rsplit(' ').next()).filter_map(|value| value.parse::<f64>().ok());
        values.sum::<f64>() as usize
    }

    /// Returns the ids of the actors whose id begins so.
    pub(super) async fn actors(&self, prefix: &str) -> Vec<String> {
        let list = self.gateway.get("/admin/actors?limit=1000").await;
        let ids =
            list["actors"].as_array().expect("a list").iter().map(|actor| actor["id"].as_str().expect("an id").to_owned());
        ids.filter(|id| id.starts_with(prefix)).collect()
    }

    /// Makes an actor fail; one that is not there (any more) is left alone.
    pub(super) async fn fault(&self, id: &str, kind: &str) {
        let path = format!("/admin/actors/{}/fault", encoded(id));
        let (status, body) = self.gateway.request(Method::POST, &path, Some(json!({ "kind": kind }))).await;
        let fine = matches!(status, StatusCode::ACCEPTED | StatusCode::NOT_FOUND | StatusCode::CONFLICT);
        assert!(fine, "{path}: {status} {body}");
    }

    /// Waits until the link of every account is up, or is not.
    pub(super) async fn until_links(&self, up: Up) {
        let deadline = Instant::now() + STILLNESS;
        loop {
            let list = self.gateway.get("/admin/actors?limit=1000").await;
            // The web chat has no broker that could go.
            let far = |actor: &&Value| actor["kind"] == "channel" && actor["id"] != "channel:webchat:default";
            let links: Vec<_> = list["actors"].as_array().expect("a list").iter().filter(far).cloned().collect();
            if !links.is_empty() && links.iter().all(|actor| (actor["link"] == "up") == (up == Up::Yes)) {
                return;
            }
            assert!(Instant::now() < deadline, "links are not {up:?}: {links:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until no row is open: every answer is confirmed and that is written down.
    pub(super) async fn until_settled(&self) {
        let deadline = Instant::now() + STILLNESS;
        loop {
            let open =
                self.metric("callboard_store_inbox_open_rows").await + self.metric("callboard_store_outbox_open_rows").await;
            if open == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{open} rows stay open");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until everything said is answered, ends the gateway in good order and checks both sides.
    pub(super) async fn finish(&mut self) -> Shelf {
        for platform in &self.platforms {
            platform.ledger.until_all_answered().await;
        }
        self.until_settled().await;
        assert_eq!(self.gateway.stop(), Some(0), "an end in good order\n{}", self.gateway.output());
        let shelf = Shelf::open(&self.gateway.state());
        for platform in &self.platforms {
            platform.ledger.check();
        }
        shelf.check_settled(self.platforms.iter().map(|platform| platform.ledger.said()).sum());
        self.check_repeats(&shelf);
        shelf
    }

    /// Checks that only payloads were repeated that had been begun before and not written down as confirmed.
    fn check_repeats(&self, shelf: &Shelf) {
        let sendings = shelf.sendings();
        for (text, copies) in self.platforms.iter().flat_map(|platform| platform.ledger.repeats()) {
            let sending = sendings.get(&text);
            assert!(sending.is_some_and(|sending| sending.resent), "{text:?} came {copies} times more: {sending:?}");
        }
    }

    /// Returns how many copies came beyond the first, over all accounts.
    pub(super) fn repeats(&self) -> usize {
        self.platforms.iter().flat_map(|platform| platform.ledger.repeats().into_values()).sum()
    }
}

/// Whether a link is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Up {
    Yes,
    No,
}

/// Returns an actor's id as one part of a path.
pub(super) fn encoded(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F").replace('#', "%23").replace('?', "%3F")
}

/// Returns the settings under which injected failures are nobody's fault: no actor is given up, no row is called poison.
pub(super) fn forgiving() -> Value {
    json!({
        "supervision": { "restartsMax": 1000, "restartsWindowSec": 1, "backoffBaseMs": 10, "backoffMaxMs": 100, "stuckSec": 1 },
        "deadletters": { "crashesMax": 100 }
    })
}

async fn page(gateway: &Gateway, path: &str) -> String {
    let answer = reqwest::Client::new()
        .get(format!("{}{path}", gateway.url))
        .bearer_auth(crate::harness::gateway::TOKEN)
        .send()
        .await
        .expect("an answer");
    answer.text().await.expect("a page")
}

fn account_config(port: u16, name: &str) -> Value {
    let mut config = config(port);
    let own = json!({ "clientId": format!("gateway-{name}"), "reciveTopic": format!("{name}/in"), "sendTopic": format!("{name}/out") });
    merge(&mut config, own);
    config
}

fn login(backend: &Backend) -> Value {
    json!({
        "apiKey": "key-1", "apiBaseUrl": backend.url, "dmPolicy": "open", "allowFrom": ["*"],
        "reconnectBaseDelayMs": 20, "maxReconnectAttempts": 0
    })
}
