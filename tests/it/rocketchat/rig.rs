//! A server with a bot and somebody who writes, and a gateway that is the bot.

use serde_json::{Value, json};

use crate::harness::gateway::{Gateway, merge};
use crate::harness::rocketchat::record::Accepted;
use crate::harness::rocketchat::{Kind, PASSWORD, Person, RocketChat, Version};
use crate::harness::until;

/// The account's actor.
pub const CHANNEL: &str = "channel:rocketchat:default";

pub struct Rig {
    pub server: RocketChat,
    pub bot: Person,
    pub ann: Person,
    pub gateway: Gateway,
}

/// Returns the settings of an account that everybody may talk to, whose link comes back at once.
pub fn account(server: &RocketChat, bot: &Person) -> Value {
    json!({
        "baseUrl": server.url, "username": bot.username, "password": PASSWORD,
        "dmPolicy": "open", "allowFrom": ["*"], "groupPolicy": "open",
        "reconnectBaseDelayMs": 20, "reconnectMaxDelayMs": 200, "watchdogSec": 4, "reconnectSlowSec": 1,
    })
}

impl Rig {
    /// Starts both, with settings over those of [`account`], and waits until the link is up.
    pub async fn start(version: Version, settings: Value) -> Self {
        let mut rig = Self::prepare(version, settings);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        rig
    }

    /// Starts the server only.
    pub fn prepare(version: Version, settings: Value) -> Self {
        let server = RocketChat::start(version);
        let (bot, ann) = (server.person("call.bot"), server.person("ann"));
        let mut account = account(&server, &bot);
        merge(&mut account, settings);
        let gateway = Gateway::prepare(json!({ "channels": { "rocketchat": account } }));
        Self { server, bot, ann, gateway }
    }

    /// Makes a room with both in it, which the account listens to.
    pub async fn room(&self, kind: Kind, name: &str) -> String {
        let rid = match kind {
            Kind::Direct => self.server.direct(&self.ann, &self.bot),
            other => self.server.room(other, name, &[&self.ann, &self.bot]),
        };
        self.server.listening(&self.bot, &rid).await;
        rid
    }

    /// Returns what the account has posted.
    pub fn posted(&self) -> Vec<Accepted> {
        self.server.accepted().into_iter().filter(|message| message.uid == self.bot.id).collect()
    }

    /// Returns the status of the account.
    pub async fn status(&self) -> Value {
        let list = self.gateway.get("/admin/channels").await;
        let accounts = list["channels"].as_array().expect("accounts");
        accounts.iter().find(|account| account["channel"] == "rocketchat").expect("the account").clone()
    }

    /// Waits until so many messages went no further for a reason.
    pub async fn dropped(&self, reason: &str, count: u64) {
        until(&format!("{count} dropped as {reason}"), async || {
            let dropped = self.status().await["dropped"][reason].as_u64().unwrap_or(0);
            (dropped >= count).then_some(())
        })
        .await;
    }

    /// Waits until the link is in a state.
    pub async fn link(&self, state: &str) -> Value {
        until(&format!("the link is {state}"), async || Some(self.status().await).filter(|status| status["link"] == state))
            .await
    }

    /// Returns a counter of the account.
    pub async fn count(&self, name: &str) -> u64 {
        self.gateway.metric(&format!("{name}{{channel=\"rocketchat\",account=\"default\"}}")).await
    }
}
