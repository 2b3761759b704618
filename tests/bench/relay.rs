//! The bare relay: rumqttc in, rumqttc out, nothing stored. What any gateway would be without its work.

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use crate::harness::mosquitto::GATEWAY_USER;
use crate::load::Topics;

/// How many messages may be unconfirmed, and wait to be sent.
const WINDOW: u16 = 1000;

/// A relay on a thread of its own; it ends with its value.
pub struct Relay {
    client: AsyncClient,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Relay {
    /// Connects and waits until it is subscribed.
    pub fn start(port: u16, topics: &Topics) -> Self {
        let mut options = MqttOptions::new("relay", "127.0.0.1", port);
        options.set_credentials(GATEWAY_USER, format!("{GATEWAY_USER}-pw"));
        options.set_inflight(WINDOW);
        let (client, mut events) = AsyncClient::new(options, usize::from(WINDOW));
        client.try_subscribe(&topics.inbound, QoS::AtLeastOnce).expect("room for a subscription");
        let (sender, answers) = (client.clone(), topics.answers.clone());
        let (tell, subscribed) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                loop {
                    match events.poll().await {
                        Ok(Event::Incoming(Packet::Publish(publish))) => sender
                            .try_publish(&answers, QoS::AtLeastOnce, false, publish.payload)
                            .expect("a load below the window"),
                        Ok(Event::Incoming(Packet::SubAck(_))) => tell.send(()).expect("whoever waits"),
                        Ok(_) => {}
                        // Told to disconnect, the only end there is.
                        Err(_) => return,
                    }
                }
            });
        });
        subscribed.recv().expect("a relay that subscribes");
        Self { client, thread: Some(thread) }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.client.try_disconnect();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
