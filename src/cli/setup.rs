//! `callboard setup`.

use super::context::Context;
use super::error::CliError;
use crate::config::setup::{Made, setup};

/// No flags of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &Context) -> Result<(), CliError> {
    let made = setup(&context.paths, &context.env)?;
    let file = context.paths.config_file.display().to_string();
    let (word, text) = match made {
        Made::Config => ("config", format!("made {file} with a token of its own, readable by you only")),
        Made::Token => ("token", format!("put a token into {file}")),
        Made::Nothing => ("nothing", format!("{file} is there and has a token: nothing to do")),
    };
    let flag = instance_flag(context);
    let next = format!("start the gateway with: callboard{flag} gateway");
    let json = serde_json::json!({ "made": word, "file": file, "next": next });
    context.output.local(&json, || format!("{text}\n{next}"));
    Ok(())
}

/// Returns the flag that names the same instance in a command line.
pub(super) fn instance_flag(context: &Context) -> String {
    match &context.paths.instance {
        crate::config::Instance::Default => String::new(),
        crate::config::Instance::Dev => " --dev".to_owned(),
        crate::config::Instance::Profile(name) => format!(" --profile {name}"),
    }
}
