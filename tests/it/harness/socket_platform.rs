//! Plays the chat platform on the other side of the broker.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet, QoS};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::eventually;
use super::mosquitto::PLATFORM_USER;

const PACKET_BYTES_MAX: usize = 40 * 1024 * 1024;

#[derive(Default)]
struct Seen {
    /// What the gateway sent, in order, repeats included.
    sent: Mutex<Vec<Value>>,
    subscribed: AtomicUsize,
    confirmed: AtomicUsize,
}

/// The platform; it connects again by itself when the broker was away, and ends with its value.
pub struct SocketPlatform {
    client: AsyncClient,
    inbound: String,
    seen: Arc<Seen>,
    published: AtomicUsize,
    task: JoinHandle<()>,
}

impl SocketPlatform {
    /// Connects to the broker on this port of the loopback: publishes to `bot/in`, collects what comes to `bot/out`.
    pub async fn connect(port: u16) -> Self {
        Self::join(port, "bot").await
    }

    /// Does the same for a robot with topics of its own, `robot/in` and `robot/out`.
    pub async fn join(port: u16, robot: &str) -> Self {
        let out = format!("{robot}/out");
        let mut options = MqttOptions::new(format!("platform-{robot}"), "127.0.0.1", port);
        options.set_credentials(PLATFORM_USER, format!("{PLATFORM_USER}-pw"));
        options.set_clean_session(false).set_inflight(1000).set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        let (client, mut events) = AsyncClient::new(options, 1000);
        let seen = Arc::new(Seen::default());
        let (told, subscriber) = (Arc::clone(&seen), client.clone());
        let task = tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        subscriber.try_subscribe(&out, QoS::AtLeastOnce).expect("room for a subscription");
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        told.subscribed.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(Event::Incoming(Packet::PubAck(_))) => {
                        told.confirmed.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let payload = serde_json::from_slice(&publish.payload).expect("JSON from the gateway");
                        told.sent.lock().expect("the list").push(payload);
                    }
                    Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
                    Ok(_) => {}
                    // The broker is away: the next poll connects again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let platform = Self { client, inbound: format!("{robot}/in"), seen, published: AtomicUsize::new(0), task };
        eventually("the platform's subscription", || platform.seen.subscribed.load(Ordering::SeqCst) > 0).await;
        platform
    }

    /// Publishes a payload at QoS 1 without waiting for its confirmation.
    pub async fn publish(&self, payload: impl Into<Vec<u8>>) {
        self.publish_to(&self.inbound, Retain::No, payload).await;
    }

    /// Publishes a payload to any topic.
    pub async fn publish_to(&self, topic: &str, retain: Retain, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, retain == Retain::Yes, payload).await.expect("a running platform");
        self.published.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until the broker has confirmed everything published so far.
    pub async fn confirmed(&self) {
        let published = self.published.load(Ordering::SeqCst);
        eventually("the broker's confirmations", || self.seen.confirmed.load(Ordering::SeqCst) >= published).await;
    }

    /// Returns what the gateway has sent so far, in order.
    pub fn sent(&self) -> Vec<Value> {
        self.seen.sent.lock().expect("the list").clone()
    }

    /// Waits until the gateway has sent so many payloads; returns all of them.
    pub async fn wait_for_sent(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} payloads from the gateway"), || self.seen.sent.lock().expect("the list").len() >= count)
            .await;
        self.sent()
    }
}

impl SocketPlatform {
    /// Waits until each of these was said, `wxid_ann: hello`, in any order, repeats or not.
    pub async fn wait_for_all(&self, wanted: impl Iterator<Item = String>) {
        let wanted: Vec<_> = wanted.collect();
        eventually(&format!("{} answers", wanted.len()), || {
            let said: HashSet<_> = self.sent().iter().map(super::rig::said).collect();
            wanted.iter().all(|text| said.contains(text))
        })
        .await;
    }

    /// Returns what was said to somebody, in the order of the first time, without repeats.
    pub fn first_said(&self, to: &str) -> Vec<String> {
        let mut seen = HashSet::new();
        let said = self.sent().iter().map(super::rig::said).collect::<Vec<_>>();
        let texts = said.iter().filter_map(|text| text.strip_prefix(to)?.strip_prefix(": ").map(str::to_owned));
        texts.filter(|text| seen.insert(text.clone())).collect()
    }
}

impl Drop for SocketPlatform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether the broker keeps a message for those who come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// It does not.
    No,
    /// It does.
    Yes,
}

/// Returns a message to the robot with these fields over those of a direct one by `wxid_ann`.
pub fn frame(message_id: &str, fields: Value) -> Vec<u8> {
    let mut frame = json!({
        "content": "hello", "robotId": "wxid_robot", "senderId": "wxid_ann", "messageId": message_id, "isGroup": false
    });
    super::gateway::merge(&mut frame, fields);
    frame.to_string().into_bytes()
}

/// Returns a direct message to the robot.
pub fn direct(message_id: &str, sender: &str, content: &str) -> Vec<u8> {
    json!({ "content": content, "robotId": "wxid_robot", "senderId": sender, "messageId": message_id, "isGroup": false })
        .to_string()
        .into_bytes()
}
