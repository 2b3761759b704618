//! `callboard health`.

use super::context::Context;
use super::error::CliError;

/// No flags of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &Context) -> Result<(), CliError> {
    let body = context.client()?.get(&["healthz"]).await?;
    context.output.answer(body, |_| "the gateway answers".to_owned())
}
