//! Figure 6: from the program's start to its first answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::gateway::Gateway;
use crate::report::{Bar, Line, Report};
use crate::sample::{Sample, median};
use crate::stage::quiet;

const STARTS: usize = 20;
/// How soon a connection that was refused is tried again.
const AGAIN: Duration = Duration::from_micros(200);
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/// Measures the figure.
pub async fn measure(report: &mut Report) {
    // Once through, so that the state folder is there and the program in the disk cache.
    let mut gateway = Gateway::start(quiet()).await;
    gateway.stop();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(start(&gateway).as_secs_f64() * 1000.0);
    }
    let mut bare = Sample::default();
    for _ in 0..STARTS {
        let begun = Instant::now();
        assert_eq!(gateway.cli(&["--version"]).0, 0);
        bare.add(begun.elapsed());
    }
    let (least, most) = starts.iter().fold((f64::MAX, 0.0_f64), |(least, most), &start| (least.min(start), most.max(start)));
    report.add(Line {
        figure: 6,
        what: "start to the first /healthz 200",
        value: median(starts),
        unit: "ms",
        bar: Bar::AtMost(30.0),
        beside: format!(
            "{least:.1} to {most:.1} ms; the same program only printing its version {:.1} ms",
            bare.percentile_ms(50.0)
        ),
        conditions: format!("fresh process, warm disk cache, median of {STARTS}"),
    });
}

/// Starts the program, waits for its first answer, and kills it.
fn start(gateway: &Gateway) -> Duration {
    let address = gateway.url.strip_prefix("http://").expect("an address");
    let begun = Instant::now();
    let mut child = gateway.command(&["gateway"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(AGAIN),
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the gateway does not come up");
    };
    stream.write_all(REQUEST).expect("the gateway");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let took = begun.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    child.kill().expect("a running program");
    child.wait().expect("its end");
    took
}
