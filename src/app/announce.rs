//! What a person at a terminal is told once the gateway runs.

use std::net::SocketAddr;

use crate::config::{Instance, Paths};

/// Prints where the gateway is and the next command to paste. On standard output, so that logs can be put elsewhere.
pub(super) fn ready(address: SocketAddr, paths: &Paths) {
    let program = std::env::current_exe().map_or_else(|_| "callboard".to_owned(), |path| path.display().to_string());
    let which = match &paths.instance {
        Instance::Default => String::new(),
        Instance::Dev => " --dev".to_owned(),
        Instance::Profile(name) => format!(" --profile {name}"),
    };
    anstream::println!("callboard {} is listening on http://{address}", env!("CARGO_PKG_VERSION"));
    anstream::println!("Now paste this into another terminal:");
    anstream::println!("  {program}{which} --url http://{address} agent --message \"Hello, Callboard\"");
}
