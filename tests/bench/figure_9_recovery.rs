//! Figure 9: a kill with many open rows, and the way back.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::gateway::{Gateway, TOKEN};
use crate::report::{Bar, Line, Report};
use crate::stage::Stage;

const ROWS: usize = 10_000;
const CHATS: usize = 50;
/// An agent that never comes to an answer.
const STALL: &str = "steps:\n  - do:\n      - stall\n";

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let stage = Stage::with_accounts(1);
    let stalled = json!({ "models": { "providers": { "stall": { "api": "script", "scriptFile": "stall.yaml" } } } });
    let mut gateway = Gateway::prepare(stage.settings(stalled));
    std::fs::write(gateway.state().join("stall.yaml"), STALL).expect("the script");
    gateway.again().await;
    gateway.ready("all").await;
    let mut load = stage.load(0, "recovery", CHATS).await;
    load.post(ROWS).await;
    open_rows(&gateway).await;
    gateway.kill();

    let mut settings = gateway.settings();
    settings["models"] = json!({});
    gateway.configure(&settings);
    let begun = Instant::now();
    gateway.spawn();
    let first = load.first_answer().await.duration_since(begun);
    let balance = load.settle().await;
    let all = begun.elapsed();
    let conditions = format!("{ROWS} open rows over {CHATS} chats, kill -9");
    report.add(Line {
        figure: 9,
        what: "start after a kill to the first answer",
        value: first.as_secs_f64(),
        unit: "s",
        bar: Bar::AtMost(2.0),
        beside: format!("all {ROWS} answered after {:.2} s", all.as_secs_f64()),
        conditions: conditions.clone(),
    });
    report.add(Line {
        figure: 9,
        what: "messages lost",
        value: balance.lost as f64,
        unit: "messages",
        bar: Bar::AtMost(0.0),
        beside: format!("{} answered twice, {} out of order", balance.doubled, balance.out_of_order),
        conditions,
    });
}

/// Waits until the gateway has a row for every message.
async fn open_rows(gateway: &Gateway) {
    let url = format!("{}/metrics", gateway.url);
    let (client, wanted) = (reqwest::Client::new(), format!("callboard_store_inbox_open_rows {ROWS}\n"));
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = client.get(&url).bearer_auth(TOKEN).send().await.expect("metrics").text().await.expect("metrics");
        if page.contains(&wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "the inbox does not fill");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}
