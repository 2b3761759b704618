//! `callboard gateway`: runs it, or asks the one that runs.

mod ask;
mod probe;
mod run;
mod shown;

use clap::Subcommand;

use super::block_on;
use super::context::Context;
use super::error::CliError;

/// How to run the gateway, or what to ask it. Without a command it runs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: run::Args,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the gateway, as without a command.
    Run(run::Args),
    /// Call a method of the running gateway and print what it answers.
    Call(ask::CallArgs),
    /// Show whether the gateway is of use, and its channels.
    Health(ask::Args),
    /// Show channels, sessions, queues and actors.
    Status(ask::Args),
    /// Show whether the gateway can be reached, how quickly, and what it says of itself.
    Probe(ask::Args),
}

impl Args {
    /// Returns whether its `--token` is the one of a gateway that is started here.
    pub(super) const fn runs(&self) -> bool {
        matches!(self.action, None | Some(Action::Run(_)))
    }

    /// Returns the token to show to the gateway that is asked.
    pub(super) fn token(&self) -> Option<&str> {
        let own = match self.action.as_ref()? {
            Action::Run(_) => return None,
            Action::Call(args) => args.ask.token.as_ref(),
            Action::Health(args) | Action::Status(args) | Action::Probe(args) => args.token.as_ref(),
        };
        own.or(self.run.token.as_ref()).map(String::as_str)
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let Args { action, run } = args;
    let asked = match action {
        // The gateway brings its own runtime.
        None => return run::run(run, context),
        Some(Action::Run(own)) => return run::run(own.over(run), context),
        Some(asked) => asked,
    };
    if let Some(flag) = run.flag_of_a_run() {
        return Err(CliError::Usage(format!("{flag} is for running a gateway, not for asking one")));
    }
    match asked {
        Action::Call(args) => block_on(ask::call(args, context)),
        Action::Health(_) => block_on(ask::health(context)),
        Action::Status(_) => block_on(ask::status(context)),
        Action::Probe(_) => block_on(probe::run(context)),
        Action::Run(_) => Ok(()),
    }
}
