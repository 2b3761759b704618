//! `callboard gateway call`, `health` and `status`.

use std::time::Duration;

use callboard_actors::client::Scope;
use serde_json::Value;

use super::shown;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::wire::Face;

/// With which token to ask.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(in crate::cli) struct Args {
    /// The gateway's token, as --gateway-token.
    #[arg(long = "token", id = "ask-token", value_name = "TOKEN")]
    pub(super) token: Option<String>,
}

/// What to call.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CallArgs {
    /// The method, for example health; `callboard gateway probe --json` lists them under `hello`.
    #[arg(value_name = "METHOD")]
    method: String,
    /// Its parameters, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = params)]
    params: Value,
    /// How long the gateway may take to answer, in milliseconds. A turn of an agent may take longer once it has begun.
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    timeout: u64,
    #[command(flatten)]
    pub(super) ask: Args,
}

/// Reads parameters: an object, or null for none at all.
fn params(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(params @ (Value::Object(_) | Value::Null)) => Ok(params),
        Ok(_) => Err("parameters are a JSON object, for example '{\"limit\":5}'".to_owned()),
        Err(error) => Err(format!("no JSON: {error}")),
    }
}

pub(super) async fn call(args: CallArgs, context: &Context) -> Result<(), CliError> {
    let mut link = context.link(Face::cli(scopes_for(&args.method))).await?;
    let patience = Duration::from_millis(args.timeout);
    let outcome = link.call_to_the_end(&args.method, args.params, patience).await?;
    link.close().await;
    context.output.payload(outcome, |payload| serde_json::to_string_pretty(payload).unwrap_or_default())
}

pub(super) async fn health(context: &Context) -> Result<(), CliError> {
    let outcome = context.ask(&[Scope::Read], "health", Value::Null).await?;
    context.output.payload(outcome, shown::health)
}

pub(super) async fn status(context: &Context) -> Result<(), CliError> {
    let outcome = context.ask(&[Scope::Read], "status", Value::Null).await?;
    context.output.payload(outcome, shown::status)
}

/// Returns the scopes that a method needs; all that there are for one that is not known here and may be known there.
pub(super) fn scopes_for(method: &str) -> &'static [Scope] {
    match crate::ws::scope_of(method) {
        Some(Scope::Read) => &[Scope::Read],
        Some(Scope::Write) => &[Scope::Write],
        Some(Scope::Approvals) => &[Scope::Approvals],
        Some(Scope::Pairing) => &[Scope::Pairing],
        Some(Scope::Admin) | None => &[Scope::Admin],
    }
}
