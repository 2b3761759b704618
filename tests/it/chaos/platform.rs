//! Plays the platform under load: speaks for many chats and keeps the ledger of what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::ledger::{Copy, Ledger};
use crate::harness::eventually;
use crate::harness::mosquitto::PLATFORM_USER;
use crate::harness::socket_platform::direct;

/// How many messages may wait for the broker's confirmation.
const INFLIGHT_MAX: u16 = 500;
/// How soon a lost broker is looked for again.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// One account's other side: publishes to `<name>/in`, listens to `<name>/out`, keeps its session with the broker.
pub(super) struct Platform {
    pub(super) ledger: Arc<Ledger>,
    client: AsyncClient,
    name: String,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    subscribed: AtomicUsize,
    published: AtomicUsize,
    confirmed: AtomicUsize,
}

impl Platform {
    /// Connects and subscribes.
    pub(super) async fn connect(port: u16, name: &str) -> Self {
        let mut options = MqttOptions::new(format!("platform-{name}"), "127.0.0.1", port);
        options.set_credentials(PLATFORM_USER, format!("{PLATFORM_USER}-pw"));
        options.set_clean_session(false).set_inflight(INFLIGHT_MAX);
        let (client, events) = AsyncClient::new(options, 16);
        let (ledger, counts) = (Arc::new(Ledger::new()), Arc::new(Counts::default()));
        let listening = listen(events, client.clone(), format!("{name}/out"), Arc::clone(&ledger), Arc::clone(&counts));
        let task = tokio::spawn(listening);
        eventually("the platform's subscription", || counts.subscribed.load(Ordering::SeqCst) > 0).await;
        Self { ledger, client, name: name.to_owned(), counts, task }
    }

    /// Sends a chat's next message; waits while the broker is away or behind.
    pub(super) async fn say(&self, chat: &str) {
        let text = self.ledger.say(chat);
        self.counts.published.fetch_add(1, Ordering::SeqCst);
        let payload = direct(&format!("id of {text}"), chat, &text);
        self.client.publish(format!("{}/in", self.name), QoS::AtLeastOnce, false, payload).await.expect("a running platform");
    }

    /// Sends so many messages from chats of its own in turn, at most so many a second.
    pub(super) async fn say_many(&self, count: usize, chats: usize, per_second: u32) {
        let mut pace = Pace::new(per_second);
        for number in 0..count {
            pace.wait().await;
            self.say(&format!("wxid_{}_{:02}", self.name, number % chats)).await;
        }
    }

    /// Waits until the broker has confirmed everything said so far.
    pub(super) async fn confirmed(&self) {
        let published = self.counts.published.load(Ordering::SeqCst);
        eventually("the broker's confirmations", || self.counts.confirmed.load(Ordering::SeqCst) >= published).await;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Keeps a rate over time; after a pause it does not catch up in a burst.
pub(super) struct Pace {
    every: Duration,
    next: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self { every: Duration::from_secs(1) / per_second, next: Instant::now() }
    }

    pub(super) async fn wait(&mut self) {
        let now = Instant::now();
        self.next = self.next.max(now.checked_sub(Duration::from_millis(50)).unwrap_or(now));
        tokio::time::sleep_until(self.next.into()).await;
        self.next += self.every;
    }
}

async fn listen(mut events: EventLoop, client: AsyncClient, outbound: String, ledger: Arc<Ledger>, counts: Arc<Counts>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // At the first connection only: the session keeps it, and there may be no room for it later.
                let _ = client.try_subscribe(&outbound, QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => drop(counts.subscribed.fetch_add(1, Ordering::SeqCst)),
            Ok(Event::Incoming(Packet::PubAck(_))) => drop(counts.confirmed.fetch_add(1, Ordering::SeqCst)),
            Ok(Event::Incoming(Packet::Publish(publish))) => hear(&ledger, &publish),
            Ok(_) => {}
            Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
        }
    }
}

fn hear(ledger: &Ledger, publish: &Publish) {
    let payload: Value = serde_json::from_slice(&publish.payload).expect("JSON from the gateway");
    let chat = payload["contactId"].as_str().expect("a chat");
    let text = payload["messages"][0]["content"].as_str().expect("a text");
    ledger.hear(chat, text, if publish.dup { Copy::Redelivered } else { Copy::Sent });
}
