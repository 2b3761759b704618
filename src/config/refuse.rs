//! When a gateway does not start, and what to do about it.

use std::path::PathBuf;

use super::model::{Bind, Mode};
use super::{Config, Paths};

/// Folders of gateways whose users come to us, the most likely first.
const OTHERS: [&str; 4] = [".clawdbot", ".moltbot", ".openclaw", ".nanobot"];

/// Whether a gateway may start without a config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconfigured {
    /// It may (`--allow-unconfigured`).
    Allowed,
    /// It may not.
    Refused,
}

/// Why a gateway does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no config file of ours.
    #[error("there is no config file at {}: run `callboard setup` to make one, or start with --allow-unconfigured{}", file.display(), others_hint(.others))]
    NoConfig {
        /// Where it would be.
        file: PathBuf,
        /// Folders of other gateways that were found.
        others: Vec<PathBuf>,
    },
    /// The file says that the gateway runs elsewhere.
    #[error(
        "gateway.mode is \"remote\": this machine uses the gateway at gateway.remote.url; set gateway.mode to \"local\" to run one here"
    )]
    Remote,
    /// Listening beyond this machine, and nobody is asked who they are.
    #[error(
        "gateway.bind is not loopback and there is no token or password: run `callboard setup`, or set CALLBOARD_GATEWAY_TOKEN"
    )]
    Open,
    /// Nobody is asked who they are.
    #[error("there is no token or password: run `callboard setup` to make one, or set CALLBOARD_GATEWAY_TOKEN")]
    NoSecret,
}

impl Refusal {
    /// Returns the key that has to change; empty when it is none.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NoConfig { .. } => "",
            Self::Remote => "gateway.mode",
            Self::Open | Self::NoSecret => "gateway.auth.token",
        }
    }
}

/// Looks whether a gateway may start.
///
/// # Errors
/// The reason why not, with the mend.
pub fn check_start(config: &Config, paths: &Paths, unconfigured: Unconfigured) -> Result<(), Refusal> {
    let gateway = &config.slices.gateway;
    let secret = gateway.auth.secret().is_some();
    if config.files.is_empty() && unconfigured == Unconfigured::Refused {
        return Err(Refusal::NoConfig { file: paths.config_file.clone(), others: others(paths) });
    }
    match (gateway.mode, gateway.bind) {
        (Some(Mode::Remote), _) => Err(Refusal::Remote),
        (_, Bind::Loopback) if !secret => Err(Refusal::NoSecret),
        (_, Bind::Loopback) => Ok(()),
        _ if !secret => Err(Refusal::Open),
        _ => Ok(()),
    }
}

fn others(paths: &Paths) -> Vec<PathBuf> {
    let home = paths.home.iter();
    home.flat_map(|home| OTHERS.iter().map(|name| home.join(name))).filter(|folder| folder.is_dir()).collect()
}

fn others_hint(others: &[PathBuf]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let found = others.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    format!(" (found {found}: its config file can be named with CALLBOARD_CONFIG_PATH)")
}
