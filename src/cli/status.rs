//! `callboard status`.

use serde_json::Value;

use super::client::Body;
use super::context::Context;
use super::error::CliError;
use super::output::{field, items};

/// No flags of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let ready = client.get(&["readyz"]).await?;
    // Only this one wants the token: a wrong one is told here and not by what is missing.
    let channels = client.get(&["admin", "channels"]).await?.checked()?;
    // Not being ready is a state to show, not a failure of the question.
    let answered = if ready.json.get("ready").is_some() { Body { status: reqwest::StatusCode::OK, ..ready } } else { ready };
    context.output.answer(answered, |ready| human(ready, &channels.json))
}

fn human(ready: &Value, channels: &Value) -> String {
    let is_ready = ready.get("ready").and_then(Value::as_bool) == Some(true);
    let mut lines = vec![if is_ready { "ready".to_owned() } else { "not ready".to_owned() }];
    for reason in items(ready, "reasons") {
        let [id, state, link, code] = ["/id", "/state", "/link", "/code"].map(|pointer| field(reason, pointer));
        let text = reason.get("text").and_then(Value::as_str).map(|text| format!(": {text}")).unwrap_or_default();
        lines.push(format!("  {id} state {state} link {link} code {code}{text}"));
    }
    lines.push(super::channels::status(channels));
    lines.join("\n")
}
