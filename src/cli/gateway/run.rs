//! `callboard gateway` and `callboard gateway run`.

use crate::app::{self, Verbosity};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::force::end_holder;
use crate::config::model::Bind;
use crate::config::refuse::{Unconfigured, check_start};
use crate::config::setup::{new_token, setup};
use crate::config::{Config, Instance, Overrides, load};

/// How to run the gateway.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(in crate::cli) struct Args {
    /// The port; wins over CALLBOARD_GATEWAY_PORT and the config file.
    #[arg(long)]
    port: Option<u16>,
    /// The addresses to listen on.
    #[arg(long, value_enum)]
    bind: Option<Bind>,
    /// The token that clients have to show.
    #[arg(long)]
    pub(super) token: Option<String>,
    /// Show everything that goes into the log file on the console too.
    #[arg(long, short = 'v')]
    verbose: bool,
    /// End the gateway that runs on the same state folder first.
    #[arg(long)]
    force: bool,
    /// Start without a config file.
    #[arg(long)]
    allow_unconfigured: bool,
}

impl Args {
    /// Lays these flags over those that stood before `run`.
    pub(super) fn over(self, before: Self) -> Self {
        Self {
            port: self.port.or(before.port),
            bind: self.bind.or(before.bind),
            token: self.token.or(before.token),
            verbose: self.verbose || before.verbose,
            force: self.force || before.force,
            allow_unconfigured: self.allow_unconfigured || before.allow_unconfigured,
        }
    }

    /// Returns a flag that was given and has no sense but for running a gateway.
    pub(super) fn flag_of_a_run(&self) -> Option<&'static str> {
        let given = [
            (self.port.is_some(), "--port"),
            (self.bind.is_some(), "--bind"),
            (self.verbose, "--verbose"),
            (self.force, "--force"),
            (self.allow_unconfigured, "--allow-unconfigured"),
        ];
        given.into_iter().find_map(|(given, flag)| given.then_some(flag))
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let unconfigured = if args.allow_unconfigured { Unconfigured::Allowed } else { Unconfigured::Refused };
    if context.paths.instance == Instance::Dev && !context.paths.config_file.exists() {
        setup(&context.paths, &context.env)?;
        context.output.note(&format!("made {}", context.paths.config_file.display()));
    }
    let token = args.token.filter(|token| !token.trim().is_empty());
    let mut overrides = Overrides { port: args.port, bind: args.bind, token: token.map(Into::into), ..Overrides::default() };
    let config = load(&context.paths, &context.env, &overrides)?;
    let config = with_token(config, unconfigured, &mut overrides, context)?;
    check_start(&config, &context.paths, unconfigured)?;
    if args.force
        && let Some(pid) = end_holder(&context.paths.lock_file())?
    {
        context.output.note(&format!("ended the gateway with pid {pid}"));
    }
    let options = app::Options {
        config,
        paths: context.paths.clone(),
        env: context.env.clone(),
        overrides,
        verbosity: if args.verbose { Verbosity::Everything } else { Verbosity::Usual },
    };
    app::run(options).map_err(|error| CliError::Failed(error.into()))
}

/// Gives a gateway without a config file a token for this one run, so that it is never open to everybody.
fn with_token(
    config: Config,
    unconfigured: Unconfigured,
    overrides: &mut Overrides,
    context: &Context,
) -> Result<Config, CliError> {
    let needed = unconfigured == Unconfigured::Allowed && config.slices.gateway.auth.secret().is_none();
    if !needed {
        return Ok(config);
    }
    let token = new_token();
    context.output.note(&format!("no token is configured; this run's token: {}", secrecy::ExposeSecret::expose_secret(&token)));
    overrides.token = Some(token);
    Ok(load(&context.paths, &context.env, overrides)?)
}
