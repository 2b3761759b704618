//! Figure 3: `health` over a socket, one client, beside a socket that only echoes.

use std::time::Duration;

use crate::control::Driver;
use crate::echo;
use crate::harness::gateway::Gateway;
use crate::report::{Bar, Line, Report};
use crate::sample::{Sample, median};
use crate::stage::quiet;

const IN_FLIGHT: usize = 16;
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(3);

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let gateway = Gateway::start(quiet()).await;
    let mut client = Driver::connect(gateway.port()).await;
    let mut bare = Driver::open(echo::start()).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut latency, mut bare_latency) = (Sample::default(), Sample::default());
    client.closed_loop("health", IN_FLIGHT, WARM_UP).await;
    bare.closed_loop("health", IN_FLIGHT, WARM_UP).await;
    for _ in 0..ROUNDS {
        // In turns, so that what disturbs the machine disturbs both.
        let (rate, sample) = client.closed_loop("health", IN_FLIGHT, ROUND).await;
        ours.push(rate);
        latency.join(sample);
        let (rate, sample) = bare.closed_loop("health", IN_FLIGHT, ROUND).await;
        theirs.push(rate);
        bare_latency.join(sample);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let conditions = format!("one client, {IN_FLIGHT} in flight, median of {ROUNDS} rounds of {} s", ROUND.as_secs());
    report.add(Line {
        figure: 3,
        what: "calls of health over a socket",
        value: ours,
        unit: "/s",
        bar: Bar::AtLeast(30_000.0),
        beside: format!("a bare echo {theirs:.0}/s: ratio {:.2}", ours / theirs),
        conditions: conditions.clone(),
    });
    report.add(Line {
        figure: 3,
        what: "a call of health, p99",
        value: latency.percentile_ms(99.0),
        unit: "ms",
        bar: Bar::AtMost(2.0),
        beside: format!(
            "p50 {:.2} ms; echo p50 {:.2} ms, p99 {:.2} ms",
            latency.percentile_ms(50.0),
            bare_latency.percentile_ms(50.0),
            bare_latency.percentile_ms(99.0)
        ),
        conditions,
    });
}
