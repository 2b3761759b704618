//! Figure 7: resident memory, idle, by session, and over many messages.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Form;
use crate::harness::gateway::{Gateway, merge};
use crate::load::Until;
use crate::process::memory_kib;
use crate::report::{Bar, Line, Report};
use crate::sample::Sample;
use crate::stage::{Stage, quiet};

/// How long a gateway is left alone before it is looked at.
const REST: Duration = Duration::from_secs(5);
const SESSIONS: usize = 10_000;
const TRIAL_SESSIONS: usize = 300;
/// Slow enough that few sessions are in memory at a time where they do not stay.
const SESSIONS_PER_SECOND: f64 = 1_000.0;
/// How many of the idle sessions are written to again.
const AWAKENED_PER_SECOND: f64 = 200.0;
const AWAKENING: Duration = Duration::from_secs(5);
const CHATS: usize = 50;
const IN_FLIGHT: usize = 200;
const WARM_UP: usize = 20_000;

/// Measures the figure.
pub async fn measure(form: Form, report: &mut Report) {
    idle(report).await;
    linked(form, report).await;
    let count = if form == Form::Trial { TRIAL_SESSIONS } else { SESSIONS };
    sessions(count, report).await;
}

/// Three accounts that nothing is linked to: their backend does not answer.
async fn idle(report: &mut Report) {
    let account = json!({ "apiKey": "key", "apiBaseUrl": "http://127.0.0.1:9" });
    let accounts = json!({ "a": account, "b": account, "c": account });
    let mut settings = quiet();
    merge(&mut settings, json!({ "channels": { "socket-chat": { "accounts": accounts } } }));
    let gateway = Gateway::start(settings).await;
    rest().await;
    let resident = resident_mib(&gateway);
    report.add(Line {
        figure: 7,
        what: "resident memory idle",
        value: resident,
        unit: "MiB",
        bar: Bar::AtMost(20.0),
        beside: beside(&gateway),
        conditions: format!("3 accounts that cannot link, {} s after the start", REST.as_secs()),
    });
}

/// Three accounts on a broker, idle and then after many messages.
async fn linked(form: Form, report: &mut Report) {
    let stage = Stage::with_accounts(3);
    let gateway = stage.gateway(json!({})).await;
    rest().await;
    report.add(Line {
        figure: 7,
        what: "resident memory idle, linked",
        value: resident_mib(&gateway),
        unit: "MiB",
        bar: Bar::AtMost(20.0),
        beside: beside(&gateway),
        conditions: format!("3 accounts on a broker, {} s after the start", REST.as_secs()),
    });
    let (warm_up, messages) = match form {
        Form::Trial => (200, 1_000),
        Form::Short => (WARM_UP, 100_000),
        Form::Full => (WARM_UP, 1_000_000),
    };
    let mut load = stage.load(0, "memory", CHATS).await;
    load.closed_loop(IN_FLIGHT, Until::Answers(warm_up)).await;
    load.settle().await;
    rest().await;
    let before = resident_mib(&gateway);
    load.closed_loop(IN_FLIGHT, Until::Answers(messages)).await;
    load.settle().await;
    rest().await;
    report.add(Line {
        figure: 7,
        what: "growth over many messages",
        value: resident_mib(&gateway) - before,
        unit: "MiB",
        bar: Bar::AtMost(2.0),
        beside: format!("{before:.1} MiB after the first {warm_up}; then {}", beside(&gateway)),
        conditions: format!("{messages} messages, {IN_FLIGHT} in flight, {CHATS} chats"),
    });
}

/// The same messages to as many chats, with the sessions kept and not kept, and to a few.
async fn sessions(count: usize, report: &mut Report) {
    let passing = || json!({ "session": { "passivateSec": 1 } });
    let (kept, mut near) = after_sessions(json!({ "session": { "passivateSec": 3600 } }), count, count, count).await;
    let (passive, mut far) = after_sessions(passing(), count, count, 0).await;
    let (few, _) = after_sessions(passing(), count, CHATS, 0).await;
    report.add(Line {
        figure: 7,
        what: "memory of an idle session",
        value: kept.saturating_sub(passive) as f64 * 1024.0 / count as f64,
        unit: "bytes",
        bar: Bar::AtMost(2048.0),
        beside: format!("{kept} KiB anonymous with them, {passive} KiB without"),
        conditions: format!("{count} sessions, one message each, {SESSIONS_PER_SECOND:.0} a second"),
    });
    report.add(Line {
        figure: 7,
        what: "memory of a session that is in the store alone",
        value: (passive as f64 - few as f64) * 1024.0 / count as f64,
        unit: "bytes",
        // What one run takes more than another by chance is about that much.
        bar: Bar::AtMost(256.0),
        beside: format!("{passive} KiB anonymous after {count} sessions, {few} KiB after the same messages in {CHATS}"),
        conditions: format!("{count} messages, {SESSIONS_PER_SECOND:.0} a second, no session in memory"),
    });
    report.add(Line {
        figure: 7,
        what: "answer of a session that is in the store alone, p50",
        value: far.percentile_ms(50.0),
        unit: "ms",
        bar: Bar::AtMost(5.0),
        beside: format!(
            "p99 {:.1} ms; in memory p50 {:.1} ms, p99 {:.1} ms",
            far.percentile_ms(99.0),
            near.percentile_ms(50.0),
            near.percentile_ms(99.0)
        ),
        conditions: format!("{count} idle sessions, {AWAKENED_PER_SECOND:.0} of them a second are written to again"),
    });
}

/// Answers anonymous memory, KiB, after so many messages to so many chats, once so many sessions are left, and how long answers of
/// some of them take then.
async fn after_sessions(settings: Value, messages: usize, chats: usize, left: usize) -> (u64, Sample) {
    let stage = Stage::with_accounts(1);
    let gateway = stage.gateway(settings).await;
    let mut load = stage.load(0, "sessions", chats).await;
    load.paced(SESSIONS_PER_SECOND, Duration::from_secs_f64(messages as f64 / SESSIONS_PER_SECOND)).await;
    rest().await;
    let running = sessions_in_memory(&gateway).await;
    assert!(running.abs_diff(left) <= messages / 100, "{running} sessions are in memory, not {left}");
    let memory = memory_kib(gateway.pid(), "RssAnon");
    (memory, load.paced(AWAKENED_PER_SECOND, AWAKENING).await)
}

async fn sessions_in_memory(gateway: &Gateway) -> usize {
    let url = format!("{}/metrics", gateway.url);
    let page = reqwest::Client::new().get(url).bearer_auth(crate::harness::gateway::TOKEN).send().await.expect("metrics");
    let page = page.text().await.expect("metrics");
    let line = page.lines().find_map(|line| line.strip_prefix("callboard_actors_running{kind=\"session\"} "));
    line.map_or(0, |count| count.parse().expect("a count"))
}

async fn rest() {
    actix_web::rt::time::sleep(REST).await;
}

fn resident_mib(gateway: &Gateway) -> f64 {
    memory_kib(gateway.pid(), "VmRSS") as f64 / 1024.0
}

fn beside(gateway: &Gateway) -> String {
    let (anonymous, file) = (memory_kib(gateway.pid(), "RssAnon"), memory_kib(gateway.pid(), "RssFile"));
    format!("{anonymous} KiB anonymous, {file} KiB of files")
}
