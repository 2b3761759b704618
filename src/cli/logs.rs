//! `callboard logs`.

use std::time::Duration;

use callboard_actors::client::Scope;
use callboard_actors::core::Clock;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::error::CliError;
use super::output::{Output, field, items, write_line};
use super::wire::{CALL_TIMEOUT, Face, Link};
use crate::logs::tail::{BYTES, BYTES_MAX, LINES_MAX};

/// How often it is looked for new lines.
const POLL: Duration = Duration::from_secs(1);

/// Which part of the log.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Go on with what is written from now on, until a signal ends it.
    #[arg(long, short = 'f')]
    follow: bool,
    /// How many lines at the most to begin with.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=LINES_MAX as u64))]
    limit: u64,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let first = json!({ "limit": args.limit, "maxBytes": BYTES });
    if !args.follow {
        let outcome = context.ask(&[Scope::Read], "logs.tail", first).await?;
        return context.output.payload(outcome, lines);
    }
    let mut ended = signal(SignalKind::terminate()).map_err(anyhow::Error::from)?;
    tokio::select! {
        told = follow(first, context) => told,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| CliError::Failed(error.into())),
        _ = ended.recv() => Ok(()),
    }
}

/// Prints what comes, for ever.
async fn follow(first: Value, context: &Context) -> Result<(), CliError> {
    let clock = Clock::system();
    let mut link = context.link(Face::cli(&[Scope::Read])).await?;
    let mut cursor = page(&mut link, first, context).await?;
    loop {
        clock.sleep(POLL).await;
        let params = json!({ "cursor": cursor, "limit": LINES_MAX, "maxBytes": BYTES_MAX });
        cursor = page(&mut link, params, context).await?;
    }
}

/// Prints a page, where it has anything new; returns where the next one begins.
async fn page(link: &mut Link, params: Value, context: &Context) -> Result<Value, CliError> {
    let goes_on = params.get("cursor").is_some();
    let payload = link.call("logs.tail", params, CALL_TIMEOUT).await??;
    let read = payload.json();
    if goes_on && read.get("reset").and_then(Value::as_bool) == Some(true) {
        context.output.note("the log begins anew, or too much came at once: lines may be missing here");
    }
    if !items(&read, "lines").is_empty() {
        match context.output {
            Output::Json => write_line(payload.text())?,
            Output::Human => write_line(&lines(&read))?,
        }
    }
    read.get("cursor").cloned().ok_or_else(|| CliError::failed("the gateway did not say where its log goes on"))
}

fn lines(told: &Value) -> String {
    items(told, "lines").iter().filter_map(Value::as_str).map(line).collect::<Vec<_>>().join("\n")
}

/// Returns a line of the log as people read it: time, level, what it is about, text. A line that is no JSON stays as it is.
fn line(raw: &str) -> String {
    let Ok(read @ Value::Object(_)) = serde_json::from_str::<Value>(raw) else { return raw.to_owned() };
    let first = |pointers: &[&str]| pointers.iter().map(|pointer| field(&read, pointer)).find(|text| text != "-");
    let level = first(&["/level", "/_meta/logLevelName"]).map(|level| level.to_lowercase());
    let parts =
        [first(&["/time", "/_meta/date"]), level, first(&["/event"]), first(&["/actor"]), first(&["/message", "/1", "/0"])];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn lines_are_shown_as_people_read_them() {
        for (raw, shown) in [
            (r#"{"time":"T","level":"INFO","event":"x.y","actor":"registry","message":"hello"}"#, "T info x.y registry hello"),
            (r#"{"0":"text","_meta":{"logLevelName":"WARN","date":"D"},"time":"T"}"#, "T warn text"),
            ("plain", "plain"),
            ("7", "7"),
            ("", ""),
        ] {
            assert_eq!(line(raw), shown);
        }
    }
}
