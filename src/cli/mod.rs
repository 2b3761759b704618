//! The command line: one file a command, each with `Args` and a `run`.
//!
//! # Layout
//!
//! - here: what is parsed and which command runs
//! - [`context`]: what every command needs, from the global flags
//! - [`client`]: calls to a running gateway over HTTP; `wire`: over its socket
//! - [`output`]: tables, JSON, spinners
//! - [`error`]: exit codes

mod actors;
mod agent;
mod channel_notes;
mod channels;
mod channels_add;
mod chat;
pub mod client;
mod config;
pub mod context;
mod deadletters;
mod devices;
pub mod error;
mod force;
mod gateway;
mod health;
mod logs;
mod mcp_guard;
mod message;
mod mochat_setup;
pub mod output;
mod pairing;
mod plugins;
mod sessions;
mod setup;
mod status;
mod wire;

#[cfg(test)]
mod tests;

use clap::{Args, Parser, Subcommand};

use context::Context;
use error::CliError;

/// A resident gateway that joins chat channels to AI agent sessions.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, arg_required_else_help = true, propagate_version = false)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags that stand before or after the command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Print the gateway's answer as it came.
    #[arg(long, global = true)]
    pub json: bool,
    /// The gateway to use: http(s) or ws(s). Without it the one of the config file.
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// The gateway's token. Without it CALLBOARD_GATEWAY_TOKEN, else the one of the config file.
    #[arg(long, global = true, value_name = "TOKEN")]
    pub gateway_token: Option<String>,
    /// The same as --gateway-token, except where a command has a --token of its own.
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Use the config and state in ~/.callboard-NAME.
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "dev")]
    pub profile: Option<String>,
    /// Use a config and state of its own in ~/.callboard-dev, and port 19001.
    #[arg(long, global = true)]
    pub dev: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway, or ask the one that runs.
    Gateway(gateway::Args),
    /// Make the config file and a token.
    Setup(setup::Args),
    /// Show whether the gateway is ready, and its channels.
    Status(status::Args),
    /// Show whether the gateway answers.
    Health(health::Args),
    /// Show, restart, stop and start actors.
    Actors(actors::Args),
    /// Add, remove and look after channel accounts.
    Channels(channels::Args),
    /// Send messages to chats.
    Message(message::Args),
    /// The same as `message send`.
    Send(message::SendArgs),
    /// Let people in who asked with a code.
    Pairing(pairing::Args),
    /// Show, retry and discard messages that were given up.
    Deadletters(deadletters::Args),
    /// Read and change the config file.
    Config(config::Args),
    /// Talk to an agent.
    Agent(agent::Args),
    /// Talk to an agent in a conversation that goes on.
    Chat(chat::Args),
    /// Show and change conversations.
    Sessions(sessions::Args),
    /// Show the gateway's log.
    Logs(logs::Args),
    /// Let devices in and out.
    Devices(devices::Args),
    /// Show the integrations that are built in.
    Plugins(plugins::Args),
    /// Guard the process of an MCP server; called by the gateway itself.
    #[command(hide = true)]
    McpGuard(mcp_guard::Args),
}

impl Command {
    /// Returns whether the command has a `--token` of its own, which then is not the gateway's.
    const fn owns_token(&self) -> bool {
        match self {
            Self::Gateway(args) => args.runs(),
            Self::Channels(args) => args.owns_token(),
            _ => false,
        }
    }
}

impl Cli {
    /// Leaves of the flags' tokens the one that is for the gateway that is asked.
    fn settle_token(&mut self) {
        if self.command.owns_token() {
            self.globals.token = None;
        }
        if let Command::Gateway(args) = &self.command
            && let Some(token) = args.token()
        {
            self.globals.token = Some(token.to_owned());
        }
    }

    /// Runs the command that was parsed.
    ///
    /// # Errors
    /// What went wrong, with its exit code.
    pub fn run(mut self) -> Result<(), CliError> {
        self.settle_token();
        let Self { globals, command } = self;
        if let Command::McpGuard(args) = &command {
            // Not for people: it needs neither a home nor a configuration.
            return mcp_guard::run(args);
        }
        let context = &Context::new(&globals)?;
        match command {
            Command::Gateway(args) => gateway::run(args, context),
            Command::Setup(args) => block_on(setup::run(args, context)),
            Command::Status(args) => block_on(status::run(args, context)),
            Command::Health(args) => block_on(health::run(args, context)),
            Command::Actors(args) => block_on(actors::run(args, context)),
            Command::Channels(args) => block_on(channels::run(args, context)),
            Command::Message(args) => block_on(message::run(args, context)),
            Command::Send(args) => block_on(message::send(args, context)),
            Command::Pairing(args) => block_on(pairing::run(args, context)),
            Command::Deadletters(args) => block_on(deadletters::run(args, context)),
            Command::Config(args) => block_on(config::run(args, context)),
            Command::Agent(args) => block_on(agent::run(args, context)),
            Command::Chat(args) => block_on(chat::run(args, context)),
            Command::Sessions(args) => block_on(sessions::run(args, context)),
            Command::Logs(args) => block_on(logs::run(args, context)),
            Command::Devices(args) => block_on(devices::run(args, context)),
            Command::Plugins(args) => block_on(plugins::run(args, context)),
            Command::McpGuard(args) => mcp_guard::run(&args),
        }
    }
}

/// Runs a short command to its end on this thread.
fn block_on(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(anyhow::Error::from)?.block_on(command)
}
