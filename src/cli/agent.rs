//! `callboard agent`: one turn, its answer as it is written.

use eventsource_stream::Eventsource as _;
use futures_util::StreamExt as _;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::client::{Body, Client};
use super::context::Context;
use super::error::CliError;
use super::output::{Output, Spinner, write};

/// Names the session that a request belongs to.
const SESSION_HEADER: &str = "x-callboard-session-key";
/// The last event of an answer.
const DONE: &str = "[DONE]";

/// What to say, and to whom.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to say.
    #[arg(long, short = 'm', value_name = "TEXT")]
    message: String,
    /// The conversation; without it a new one.
    #[arg(long, value_name = "KEY")]
    session_key: Option<String>,
    /// The agent; without it the default one.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let headers: Vec<_> = args.session_key.iter().map(|key| (SESSION_HEADER, key.clone())).collect();
    let stream = context.output == Output::Human;
    let request = json!({
        "model": args.agent.as_ref().map_or_else(|| "callboard".to_owned(), |agent| format!("callboard:{agent}")),
        "stream": stream,
        "messages": [{ "role": "user", "content": args.message }],
    });
    let spinner = context.output.spinner("waiting for the agent");
    let answered = client.stream(&["v1", "chat", "completions"], &headers, request).await?;
    let is_stream = answered.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if stream && is_stream && answered.status().is_success() {
        return print(answered, &client, spinner).await;
    }
    let status = answered.status();
    let text = client.read(answered).await?;
    drop(spinner);
    let body = Body { json: serde_json::from_str(&text).unwrap_or_default(), text, status };
    context.output.answer(body, |body| super::output::field(body, "/choices/0/message/content"))
}

/// Prints an answer as it comes.
async fn print(answered: Response, client: &Client, spinner: Spinner) -> Result<(), CliError> {
    let mut events = answered.bytes_stream().eventsource();
    let mut spinner = Some(spinner);
    let mut finished = false;
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| match error {
            eventsource_stream::EventStreamError::Transport(error) => client.unreachable(&error),
            other => CliError::failed(format!("the gateway's answer cannot be read: {other}")),
        })?;
        if event.data == DONE {
            finished = true;
            break;
        }
        let delta: Value = serde_json::from_str(&event.data).unwrap_or_default();
        if let Some(told) = delta.pointer("/error/message").and_then(Value::as_str) {
            return Err(CliError::failed(format!("the agent failed: {told}")));
        }
        if let Some(text) = delta.pointer("/choices/0/delta/content").and_then(Value::as_str) {
            // The spinner goes before the first letter comes.
            drop(spinner.take());
            write(text)?;
        }
    }
    write("\n")?;
    if finished { Ok(()) } else { Err(CliError::failed("the answer broke off before its end")) }
}
