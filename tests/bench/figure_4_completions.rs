//! Figure 4: chat completions over a stand-in backend, beside the stand-in asked directly.

use std::time::Duration;

use crate::completions::{Mode, Target};
use crate::provider::StandIn;
use crate::report::{Bar, Line, Report};
use crate::sample::median;
use crate::stage::asking;

const IN_FLIGHT: usize = 16;
const RATE: u32 = 1_000;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let stand_in = StandIn::start();
    let gateway = asking(&stand_in).await;
    let port = gateway.port();
    for mode in [Mode::Whole, Mode::Streamed] {
        let (through, directly) = (Target { port, mode }, Target { port: stand_in.port, mode });
        throughput(through, directly, report).await;
        added(through, directly, report).await;
    }
}

async fn throughput(through: Target, directly: Target, report: &mut Report) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(through.closed_loop(IN_FLIGHT, ROUND).await);
        bare.push(directly.closed_loop(IN_FLIGHT, ROUND).await);
    }
    report.add(Line {
        figure: 4,
        what: named(through.mode, "completions together", "streamed completions together"),
        value: median(ours),
        unit: "/s",
        bar: Bar::AtLeast(5_000.0),
        beside: format!("stand-in asked directly {:.0}/s", median(bare)),
        conditions: format!("{IN_FLIGHT} in flight, a session each, median of {ROUNDS} rounds of {} s", ROUND.as_secs()),
    });
}

async fn added(through: Target, directly: Target, report: &mut Report) {
    let (mut p50, mut p99, mut bare_p50, mut bare_p99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut ours = through.paced(RATE, ROUND).await;
        let mut bare = directly.paced(RATE, ROUND).await;
        p50.push(ours.percentile_ms(50.0) - bare.percentile_ms(50.0));
        p99.push(ours.percentile_ms(99.0) - bare.percentile_ms(99.0));
        bare_p50.push(bare.percentile_ms(50.0));
        bare_p99.push(bare.percentile_ms(99.0));
    }
    let beside = format!("stand-in asked directly p50 {:.2} ms, p99 {:.2} ms", median(bare_p50), median(bare_p99));
    let conditions = format!("{RATE} requests a second, median of {ROUNDS} rounds of {} s", ROUND.as_secs());
    let lines = [
        (named(through.mode, "added time p50", "added time streamed p50"), p50, 0.3),
        (named(through.mode, "added time p99", "added time streamed p99"), p99, 2.0),
    ];
    for (what, values, bar) in lines {
        report.add(Line {
            figure: 4,
            what,
            value: median(values),
            unit: "ms",
            bar: Bar::AtMost(bar),
            beside: beside.clone(),
            conditions: conditions.clone(),
        });
    }
}

const fn named(mode: Mode, whole: &'static str, streamed: &'static str) -> &'static str {
    match mode {
        Mode::Whole => whole,
        Mode::Streamed => streamed,
    }
}
