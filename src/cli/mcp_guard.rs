//! `callboard mcp-guard`: what the gateway puts between itself and the process of an MCP server. Not for people.

use super::error::CliError;
use crate::mcp::guard::{self, Post};

/// For whom, and the server's command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Guard the command for the gateway with this process id.
    #[arg(long, value_name = "PID", conflicts_with = "server", required_unless_present = "server")]
    guard: Option<i32>,
    /// Become the command, under the guard with this process id.
    #[arg(long, value_name = "PID")]
    server: Option<i32>,
    /// The command.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let Args { guard, server, command } = args;
    let post = match (guard, server) {
        (Some(gateway), _) => Post::Guard(*gateway),
        (None, Some(guard)) => Post::Server(*guard),
        (None, None) => return Err(CliError::Usage("--guard or --server is needed".to_owned())),
    };
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".to_owned() } else { own_name() };
    std::process::exit(guard::run(post, &program, command).into());
}

fn own_name() -> String {
    std::env::current_exe().map_or_else(|_| "callboard".to_owned(), |path| path.display().to_string())
}
