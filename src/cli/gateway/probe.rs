//! `callboard gateway probe`: can it be reached, how quickly, and what does it say of itself.

use std::time::Duration;

use callboard_actors::client::Scope;
use callboard_actors::core::Clock;
use serde_json::{Value, json};

use super::shown;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Output, field, write_line};
use crate::cli::wire::{CALL_TIMEOUT, Face, Incoming, Link, Outcome};

/// How a probe presents itself.
const FACE: Face = Face { mode: "probe", scopes: &[Scope::Read] };
/// What is asked, all at once, each with the name of its part in the answer.
const PARTS: [(&str, &str); 4] =
    [("health", "health"), ("status", "status"), ("system-presence", "presence"), ("config.get", "config")];

/// One part of the answer.
struct Part {
    method: &'static str,
    name: &'static str,
    outcome: Outcome,
}

pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let clock = Clock::system();
    let begun = clock.elapsed();
    let mut link = context.link(FACE).await?;
    let connected = clock.elapsed().saturating_sub(begun);
    let asked = clock.within(CALL_TIMEOUT, ask(&mut link)).await;
    let parts = asked.unwrap_or_else(|| Err(CliError::failed("the gateway did not answer all questions in time")))?;
    let took = clock.elapsed().saturating_sub(begun);
    let hello = link.hello().clone();
    link.close().await;
    let failed: Vec<_> = parts.iter().filter(|part| part.outcome.is_err()).map(|part| part.method).collect();
    match context.output {
        Output::Json => write_line(&as_json(&hello, &parts, connected, took, failed.is_empty()))?,
        Output::Human => write_line(&human(&hello, &parts, connected, took))?,
    }
    if failed.is_empty() { Ok(()) } else { Err(CliError::failed(format!("the gateway did not answer {}", failed.join(", ")))) }
}

async fn ask(link: &mut Link) -> Result<Vec<Part>, CliError> {
    let mut asked = Vec::with_capacity(PARTS.len());
    for (method, name) in PARTS {
        asked.push((link.send(method, json!({})).await?, method, name));
    }
    let mut parts = Vec::with_capacity(PARTS.len());
    while parts.len() < PARTS.len() {
        let Incoming::Answer { id, outcome } = link.next().await? else { continue };
        if let Some((_, method, name)) = asked.iter().find(|(asked, ..)| *asked == id) {
            parts.push(Part { method, name, outcome });
        }
    }
    // As they were asked, however they came.
    parts.sort_by_key(|part| PARTS.iter().position(|(method, _)| *method == part.method));
    Ok(parts)
}

/// Returns everything, each part as it came.
fn as_json(hello: &Value, parts: &[Part], connected: Duration, took: Duration, ok: bool) -> String {
    let [connected, took] = [connected, took].map(|took| took.as_millis());
    let mut told = format!("{{\"ok\":{ok},\"connectMs\":{connected},\"durationMs\":{took},\"hello\":{hello}");
    for Part { name, outcome, .. } in parts {
        match outcome {
            Ok(payload) => told.push_str(&format!(",\"{name}\":{}", payload.text())),
            Err(refused) => told.push_str(&format!(",\"{name}\":{{\"error\":{}}}", refused.raw.text())),
        }
    }
    told.push('}');
    told
}

fn human(hello: &Value, parts: &[Part], connected: Duration, took: Duration) -> String {
    let [version, protocol, host] = ["/server/version", "/protocol", "/server/host"].map(|pointer| field(hello, pointer));
    let mut lines = vec![
        format!("reachable: yes ({}ms, all answers {}ms)", connected.as_millis(), took.as_millis()),
        format!("gateway: {host}, version {version}, protocol {protocol}"),
    ];
    for Part { method, outcome, .. } in parts {
        let told = match outcome {
            Ok(payload) => part(method, &payload.json()),
            Err(refused) => format!("failed: {}", refused.message),
        };
        lines.push(format!("{method}: {told}"));
    }
    lines.join("\n")
}

/// Returns the gist of a part.
fn part(method: &str, payload: &Value) -> String {
    match method {
        "health" => shown::health(payload).lines().next().unwrap_or_default().to_owned(),
        "status" => format!("{} sessions", field(payload, "/sessions/count")),
        "system-presence" => format!("{} there", payload.as_array().map_or(0, Vec::len)),
        _ => {
            let valid = payload.get("valid").and_then(Value::as_bool) != Some(false);
            format!("{}{}", field(payload, "/path"), if valid { "" } else { " (not valid)" })
        }
    }
}
