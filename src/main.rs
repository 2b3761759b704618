//! The command line: parse, run, exit code.

use std::process::ExitCode;

use callboard::cli::Cli;
use clap::Parser as _;

fn main() -> ExitCode {
    // One provider for every TLS client; only a second call could fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A usage error exits with 2 here.
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            error.exit_code()
        }
    }
}
