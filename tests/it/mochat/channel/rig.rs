//! A platform with an agent and a person, and a gateway that is the agent.

use serde_json::{Value, json};

use crate::harness::gateway::{Gateway, merge};
use crate::harness::mochat::{BOT, Mochat, TOKEN};
use crate::harness::until;

pub struct Rig {
    pub platform: Mochat,
    pub gateway: Gateway,
}

/// Returns the settings of an account that hears everything and answers at once, whose link comes back at once.
pub fn account(platform: &Mochat) -> Value {
    json!({
        "baseUrl": platform.url, "clawToken": TOKEN, "agentUserId": BOT, "sessions": ["*"], "panels": ["*"], "replyDelayMode": "never",
        "refreshIntervalMs": 1000, "watchTimeoutMs": 2000, "retryDelayMs": 100, "socketReconnectDelayMs": 100,
        "socketMaxReconnectDelayMs": 300, "socketConnectTimeoutMs": 1500, "sendSettleMs": 100, "reconnectSlowSec": 1,
    })
}

impl Rig {
    /// Starts both, with settings over those of [`account`], and waits until the link is up.
    pub async fn start(settings: Value) -> Self {
        let platform = Mochat::start().await;
        platform.session("session_1").await;
        platform.panel("p1").await;
        let mut rig = Self::on(platform, settings);
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        rig
    }

    /// Prepares a gateway for a platform, and starts nothing.
    pub fn on(platform: Mochat, settings: Value) -> Self {
        let mut account = account(&platform);
        merge(&mut account, settings);
        let gateway = Gateway::prepare(json!({ "channels": { "mochat": account } }));
        Self { platform, gateway }
    }

    /// Returns the status of the account.
    pub async fn status(&self) -> Value {
        let list = self.gateway.get("/admin/channels").await;
        let accounts = list["channels"].as_array().expect("accounts");
        accounts.iter().find(|account| account["channel"] == "mochat").expect("the account").clone()
    }

    /// Waits until messages come by a way.
    pub async fn way(&self, way: &str) {
        until(&format!("messages come over {way}"), async || {
            let list = self.gateway.get("/admin/channels").await;
            list.to_string().contains(&format!("\"transport\":\"{way}\"")).then_some(())
        })
        .await;
    }

    /// Waits until the link is in a state.
    pub async fn link(&self, state: &str) -> Value {
        until(&format!("the link is {state}"), async || Some(self.status().await).filter(|status| status["link"] == state))
            .await
    }

    /// Returns how often something of the account happened, by its metric.
    pub async fn counted(&self, metric: &str) -> usize {
        let count = self.gateway.metric(&format!("{metric}{{channel=\"mochat\",account=\"default\"}}")).await;
        usize::try_from(count).expect("a small number")
    }

    /// Says something in the session.
    pub async fn say(&self, content: &str) -> String {
        self.platform.say(json!({ "sessionId": "session_1", "content": content })).await
    }

    /// Says something in the panel.
    pub async fn say_in_panel(&self, content: &str) -> String {
        self.platform.say(json!({ "panelId": "p1", "content": content })).await
    }

    /// Returns what the agent said in a place, in order.
    pub async fn said(&self, place: &str) -> Vec<String> {
        let sent = self.platform.sent().await;
        let there = sent.iter().filter(|message| message["target"] == place);
        there.map(|message| message["content"].as_str().expect("a text").to_owned()).collect()
    }

    /// Waits until the agent has said so much in a place; returns it.
    pub async fn wait_for_said(&self, place: &str, count: usize) -> Vec<String> {
        until(&format!("{count} answers in {place}"), async || {
            let said = self.said(place).await;
            (said.len() >= count).then_some(said)
        })
        .await
    }
}
