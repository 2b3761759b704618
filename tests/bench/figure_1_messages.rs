//! Figure 1: MQTT to inbox to echo agent to outbox to MQTT, durable at QoS 1, beside a relay that only passes on.

use std::time::Duration;

use serde_json::json;

use crate::load::{Balance, Load, Until};
use crate::message::MESSAGE_BYTES;
use crate::process::cpu;
use crate::relay::Relay;
use crate::report::{Bar, Line, Report};
use crate::sample::{Sample, median};
use crate::stage::Stage;

const CHATS: usize = 50;
const IN_FLIGHT: usize = 200;
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(4);

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    // Both stand at the same broker, each with topics of its own, and take turns: what disturbs the machine disturbs both.
    let stage = Stage::with_accounts(2);
    let gateway =
        stage.gateway(json!({ "channels": { "socket-chat": { "accounts": { "robot1": { "enabled": false } } } } })).await;
    let relay = Relay::start(stage.broker.port, &Stage::topics(1));
    let (mut to_gateway, mut to_relay) = (stage.load(0, "gateway", CHATS).await, stage.load(1, "relay", CHATS).await);
    let (mut ours, mut bare, mut cpu_us) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu(gateway.pid());
        let rate = round(&mut to_gateway).await;
        cpu_us.push((cpu(gateway.pid()) - before).as_secs_f64() * 1e6 / (rate * (WARM_UP + ROUND).as_secs_f64()));
        ours.push(rate);
        bare.push(round(&mut to_relay).await);
    }
    let ours = median(ours);
    let (mut latency, mut bare_latency) = (Sample::default(), Sample::default());
    for _ in 0..ROUNDS {
        latency.join(to_gateway.paced(ours / 2.0, ROUND).await);
        bare_latency.join(to_relay.paced(ours / 2.0, ROUND).await);
    }
    assert_eq!(to_gateway.settle().await, Balance::default(), "messages were lost, doubled or out of order");
    drop((gateway, relay));

    let bare = median(bare);
    let conditions = format!(
        "{MESSAGE_BYTES} bytes, {IN_FLIGHT} in flight, {CHATS} chats, median of {ROUNDS} rounds of {} s",
        ROUND.as_secs()
    );
    report.add(Line {
        figure: 1,
        what: "durable messages, ratio to a bare relay",
        value: ours / bare,
        unit: "ratio",
        bar: Bar::AtLeast(0.3),
        beside: format!("gateway {ours:.0}/s at {:.0} µs of processor a message, relay {bare:.0}/s", median(cpu_us)),
        conditions,
    });
    report.add(Line {
        figure: 1,
        what: "p99 at half our own rate",
        value: latency.percentile_ms(99.0),
        unit: "ms",
        bar: Bar::AtMost(50.0),
        beside: format!(
            "p50 {:.1} ms; relay at the same rate p50 {:.1} ms, p99 {:.1} ms",
            latency.percentile_ms(50.0),
            bare_latency.percentile_ms(50.0),
            bare_latency.percentile_ms(99.0)
        ),
        conditions: format!("{:.0} messages a second, {CHATS} chats, {} messages", ours / 2.0, latency.len()),
    });
}

/// Answers how many came back a second, after a while in which everything gets warm, and waits for the last of them.
async fn round(load: &mut Load) -> f64 {
    load.closed_loop(IN_FLIGHT, Until::Time(WARM_UP)).await;
    let rate = load.closed_loop(IN_FLIGHT, Until::Time(ROUND)).await;
    load.settle().await;
    rate
}
