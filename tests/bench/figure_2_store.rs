//! Figure 2: durable inbox puts, beside plain appends to a file of the same disk.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use callboard::storage::{Options, SqliteStore};
use callboard_actors::message::{AccountKey, ChatKind, ChatRef, Inbound, Peer, Route, SessionKey, TraceId};
use callboard_actors::ports::{Accept, Accepted, Store as _};
use futures_util::future::join_all;

use crate::message::message;
use crate::report::{Bar, Line, Report};
use crate::sample::{Sample, median};

const CALLERS: usize = 512;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const ALONE: usize = 2_000;
/// About what a row and its index entries come to.
const APPEND_BYTES: usize = 1024;
const CHATS: usize = 50;

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    let home = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&home.path().join("callboard.db"), Options::default()).expect("a store");
    let number = AtomicUsize::new(0);
    let mut file = File::create(home.path().join("appends")).expect("a file");
    let (mut alone, mut appends) = (Sample::default(), Sample::default());
    for _ in 0..ALONE {
        // In turns, so that what disturbs the disk disturbs both.
        alone.add(put_alone(&store, &number).await);
        appends.add(append(&mut file));
    }
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(put_together(&store, &number).await);
    }
    let raw = 1000.0 / appends.percentile_ms(50.0);
    report.add(Line {
        figure: 2,
        what: "durable inbox puts together",
        value: median(rates),
        unit: "/s",
        bar: Bar::AtLeast(25_000.0),
        beside: format!("raw append and fsync one by one {raw:.0}/s"),
        conditions: format!("{CALLERS} callers, 300-byte messages, median of {ROUNDS} rounds of {} s", ROUND.as_secs()),
    });
    report.add(Line {
        figure: 2,
        what: "one durable put alone, p99",
        value: alone.percentile_ms(99.0),
        unit: "ms",
        bar: Bar::AtMost(3.0),
        beside: format!(
            "p50 {:.2} ms; raw append and fsync p50 {:.2} ms, p99 {:.2} ms",
            alone.percentile_ms(50.0),
            appends.percentile_ms(50.0),
            appends.percentile_ms(99.0)
        ),
        conditions: format!("{ALONE} puts, in turns with as many appends of {APPEND_BYTES} bytes"),
    });
}

/// Makes one put, in a commit of its own.
async fn put_alone(store: &Arc<SqliteStore>, number: &AtomicUsize) -> Duration {
    let accept = accept(number.fetch_add(1, Ordering::Relaxed));
    let begun = Instant::now();
    put(store, accept).await;
    begun.elapsed()
}

/// Puts from many callers, each waiting for its own; answers how many a second were on the disk.
async fn put_together(store: &Arc<SqliteStore>, number: &AtomicUsize) -> f64 {
    let (begun, first) = (Instant::now(), number.load(Ordering::Relaxed));
    let caller = async || {
        while begun.elapsed() < ROUND {
            put(store, accept(number.fetch_add(1, Ordering::Relaxed))).await;
        }
    };
    join_all((0..CALLERS).map(|_| caller())).await;
    (number.load(Ordering::Relaxed) - first) as f64 / begun.elapsed().as_secs_f64()
}

async fn put(store: &Arc<SqliteStore>, accept: Accept) {
    let accepted = store.accept(vec![accept]).await.expect("a commit");
    assert!(matches!(accepted[..], [Accepted::New { .. }]), "a message was taken for a duplicate");
}

fn append(file: &mut File) -> Duration {
    let begun = Instant::now();
    file.write_all(&[7; APPEND_BYTES]).expect("an append");
    file.sync_data().expect("a flush");
    begun.elapsed()
}

fn accept(number: usize) -> Accept {
    let sender = format!("wxid_{:06}", number % CHATS);
    let text = String::from_utf8(message("store", number, number % CHATS)).expect("UTF-8");
    let session = SessionKey::new(&format!("agent:main:socket-chat:dm:{sender}"));
    let route = Route {
        account: AccountKey::new("socket-chat", "default"),
        chat: ChatRef { kind: ChatKind::Direct, id: sender.clone() },
        thread: None,
        peer: Peer { id: sender.clone(), name: sender.clone() },
    };
    let inbound = Inbound {
        order: None,
        platform_id: format!("store-{number}"),
        route,
        chat_label: sender,
        text,
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media: Vec::new(),
        mentioned: true,
        at_ms: 1_700_000_000_000,
        trace: TraceId::new(),
    };
    Accept { inbound, session }
}
