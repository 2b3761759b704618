//! Figure 8: one actor restarted under load, seen from the chats of another account.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::load::Balance;
use crate::report::{Bar, Line, Report};
use crate::sample::median;
use crate::stage::{Stage, account_id};

const CHATS: usize = 50;
const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(4);
/// Messages a second and account.
const RATE: f64 = 1_000.0;
/// How often the actor fails within its window.
const FAILURES: u32 = 4;
/// The slack that the design allows, milliseconds, where half as much again is less.
const SLACK_MS: f64 = 5.0;

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let stage = Stage::with_accounts(2);
    // So many failures in so short a time would be too many for an account that matters, and each would wait longer.
    let supervision = json!({ "restartsMax": 1000, "backoffMaxMs": 200 });
    let gateway = stage.gateway(json!({ "supervision": supervision })).await;
    let (mut steady, mut failing) = (stage.load(0, "steady", CHATS).await, stage.load(1, "failing", CHATS).await);
    let (mut calm, mut shaken) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut sample, _) = tokio::join!(steady.paced(RATE, WINDOW), failing.paced(RATE, WINDOW));
        calm.push(sample.percentile_ms(99.0));
        let fail = async {
            for _ in 0..FAILURES {
                actix_web::rt::time::sleep(WINDOW / (FAILURES + 1)).await;
                let path = format!("/admin/actors/channel%3Asocket-chat%3A{}/fault", account_id(1));
                let (status, body) = gateway.request(Method::POST, &path, Some(json!({ "kind": "panic" }))).await;
                assert_eq!(status, 202, "{body}");
            }
        };
        let (mut sample, _, ()) = tokio::join!(steady.paced(RATE, WINDOW), failing.paced(RATE, WINDOW), fail);
        shaken.push(sample.percentile_ms(99.0));
    }
    let (here, there) = (steady.settle().await, failing.settle().await);
    assert_eq!(here, Balance::default(), "the steady account lost, doubled or mixed messages up");
    let restarts = gateway.actor(&format!("channel:socket-chat:{}", account_id(1))).await["restarts"].as_u64();
    let (calm, shaken) = (median(calm), median(shaken));
    let conditions = format!(
        "{RATE:.0} messages a second and account, {CHATS} chats each, {FAILURES} panics in {} s of the other account's actor, median of {ROUNDS} windows",
        WINDOW.as_secs()
    );
    report.add(Line {
        figure: 8,
        what: "p99 of others while an actor restarts",
        value: shaken,
        unit: "ms",
        bar: Bar::AtMost((1.5 * calm).max(calm + SLACK_MS)),
        beside: format!("{calm:.1} ms in the calm windows of the same run"),
        conditions: conditions.clone(),
    });
    report.add(Line {
        figure: 8,
        what: "messages lost",
        value: (here.lost + there.lost) as f64,
        unit: "messages",
        bar: Bar::AtMost(0.0),
        beside: format!(
            "{} restarts; {} answers of the failing account came twice",
            restarts.unwrap_or_default(),
            there.doubled
        ),
        conditions,
    });
}
