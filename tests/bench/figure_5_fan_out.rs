//! Figure 5: events to a thousand clients, some of which never read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::watch;

use crate::completions::{Mode, Target};
use crate::control::Driver;
use crate::harness::gateway::Gateway;
use crate::provider::StandIn;
use crate::report::{Bar, Line, Report};
use crate::sample::Sample;
use crate::stage::asking;

const CLIENTS: usize = 1_000;
/// How many of them ask and never read.
const DEAF: usize = 20;
/// Turns a second: a hundred events, since each is told in seven, of which two are for the sessions' lists.
const TURNS: u32 = 14;
const TIME: Duration = Duration::from_secs(20);
/// How much each of those asks.
const QUESTIONS: usize = 4_000;
/// How much the system keeps for each of those, so that not reading is felt at the gateway and not only in buffers between.
const KEPT_BYTES: u32 = 16 * 1024;
/// How long they may take to ask.
const ASK_WITHIN: Duration = Duration::from_secs(10);
/// How many clients connect at a time.
const AT_A_TIME: usize = 50;
/// How long the last events may take to come.
const LAST_WITHIN: Duration = Duration::from_secs(2);
/// How long those that do not read are looked at after the events.
const CUT_WITHIN: Duration = Duration::from_secs(60);
/// How often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What a reader heard.
#[derive(Default)]
struct Heard {
    /// How long each step of a turn took to come; to the millisecond, since events are stamped in them.
    latency: Sample,
    /// Starts and ends of turns, which are never left out.
    kept: usize,
    /// The stamps of the first and the last event.
    stamps: Option<(u64, u64)>,
    /// Whether it was closed.
    is_cut: bool,
}

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let descriptors = descriptors();
    let stand_in = StandIn::start();
    let gateway = asking(&stand_in).await;
    let port = gateway.port();
    let mut deaf = join_all((0..DEAF).map(|_| Driver::connect_keeping(port, KEPT_BYTES))).await;
    // Who can ask no more has asked enough.
    let _ = actix_web::rt::time::timeout(ASK_WITHIN, join_all(deaf.iter_mut().map(ask_without_reading))).await;
    let (enough, wanted) = watch::channel(usize::MAX);
    // Their first requests are turns too, all at once, and not those that are measured.
    let crew = Target { port, mode: Mode::Whole }.crew().await;
    let readers = connect(port, CLIENTS - DEAF).await;
    let reading = readers.into_iter().map(|reader| actix_web::rt::spawn(read(reader, wanted.clone())));
    let mut reading = join_all(reading.collect::<Vec<_>>());
    let turns = crew.paced(TURNS, TIME).await.len();
    enough.send(2 * turns).expect("they read");
    let heard = match actix_web::rt::time::timeout(LAST_WITHIN, &mut reading).await {
        Ok(heard) => heard,
        // Whoever misses something is asked for what it has.
        Err(_) => {
            enough.send(0).expect("some still read");
            reading.await
        }
    };
    let mut all = Heard::default();
    let (mut cut, mut least) = (0, usize::MAX);
    for heard in heard {
        let heard = heard.expect("a reader");
        cut += usize::from(heard.is_cut);
        least = least.min(heard.kept);
        all.latency.join(heard.latency);
        all.stamps = all.stamps.or(heard.stamps);
    }
    let left = left(&gateway).await;
    drop(deaf);
    let (first, last) = all.stamps.expect("events");
    let unheard = (2 * turns).saturating_sub(least);
    for (what, count) in [
        ("readers that were cut", cut),
        ("clients that never read and are still there", left),
        ("starts and ends that some reader missed", unheard),
    ] {
        let conditions = format!("{CLIENTS} clients, {DEAF} of which never read, {turns} turns");
        let beside = String::new();
        report.add(Line { figure: 5, what, value: count as f64, unit: "", bar: Bar::AtMost(0.0), beside, conditions });
    }
    report.add(Line {
        figure: 5,
        what: "an event to a thousand clients, p99",
        value: all.latency.percentile_ms(99.0),
        unit: "ms",
        bar: Bar::AtMost(50.0),
        beside: format!(
            "p50 {:.0} ms; each reader heard at least {least} starts and ends of {turns} turns",
            all.latency.percentile_ms(50.0)
        ),
        conditions: format!(
            "{CLIENTS} clients, {DEAF} of which never read, {:.0} events a second over {} s, all clients in one thread, {descriptors} descriptors allowed",
            (last - first) as f64 / TIME.as_secs_f64(),
            TIME.as_secs()
        ),
    });
}

/// Lets this process have as many descriptors as the system allows it; the gateway does so itself.
fn descriptors() -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a bound");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the bound");
    assert!(hard > 3 * CLIENTS as u64, "{hard} descriptors are too few: raise the hard bound of open files");
    hard
}

async fn connect(port: u16, count: usize) -> Vec<Driver> {
    let mut drivers = Vec::with_capacity(count);
    while drivers.len() < count {
        let next = AT_A_TIME.min(count - drivers.len());
        drivers.extend(join_all((0..next).map(|_| Driver::connect(port))).await);
    }
    drivers
}

/// Asks and never reads: the answers fill what the system keeps for a connection, so that the events meet a full one.
async fn ask_without_reading(driver: &mut Driver) {
    for _ in 0..QUESTIONS {
        if !driver.offer(r#"{"type":"req","id":"q","method":"health"}"#.to_owned()).await {
            return;
        }
    }
}

/// Reads until so many starts and ends of turns were heard as are wanted.
async fn read(mut reader: Driver, mut wanted: watch::Receiver<usize>) -> Heard {
    let mut heard = Heard::default();
    loop {
        let text = tokio::select! {
            text = reader.text() => text,
            _ = wanted.wait_for(|wanted| heard.kept >= *wanted) => return heard,
        };
        let Some(text) = text else { return Heard { is_cut: true, ..heard } };
        if let Some(seq) = number_after(&text, "\"seq\":") {
            heard.stamps = Some((heard.stamps.map_or(seq, |(first, _)| first), seq));
        }
        if !text.contains("\"event\":\"agent\"") {
            continue;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        let sent = number_after(&text, "\"ts\":").expect("a time");
        heard.latency.add(now.saturating_sub(Duration::from_millis(sent)));
        heard.kept += usize::from(text.contains("\"stream\":\"lifecycle\""));
    }
}

/// Returns the number after the last of such a name.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(name)?;
    rest.split(|mark: char| !mark.is_ascii_digit()).next()?.parse().ok()
}

/// Waits a while for those that do not read to be cut; answers how many are still there. By now there are no others.
async fn left(gateway: &Gateway) -> usize {
    let begun = std::time::Instant::now();
    let mut looks = actix_web::rt::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let list = gateway.get("/admin/actors").await;
        let actors = list["actors"].as_array().expect("a list");
        let there = actors.iter().filter(|actor| actor["id"].as_str().is_some_and(|id| id.starts_with("client:"))).count();
        if there == 0 || begun.elapsed() > CUT_WITHIN {
            return there;
        }
    }
}
