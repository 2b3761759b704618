//! What failed, with what was done until then.

use callboard_actors::channel::mochat::SetupFault;
use callboard_actors::message::Code;

/// How it is done without a registration.
pub const BY_HAND: &str = "callboard channels add mochat --token CLAW_TOKEN --agent-user-id BOT_USER_ID";

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The server was asked.
    #[error(transparent)]
    Server(#[from] SetupFault),
    /// The name would be a variable in the config file.
    #[error("the name holds `${{`, which would name a variable in the config file")]
    Name,
    /// There can be no such account.
    #[error("`{0}` is no id of an account: letters, digits, `-`, `_` and `.`, 64 at the most")]
    Account(String),
    /// A file of the gateway's own cannot be read or written.
    #[error("{0}")]
    Config(String),
}

/// A step that failed. No text of it holds a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {trouble}. Done so far: {done}. To mend it: {}. By hand: {BY_HAND}", self.mend())]
pub struct Failure {
    doing: &'static str,
    trouble: Trouble,
    done: String,
}

impl Failure {
    /// Tells what failed, while what was being done, and what is done.
    pub fn new(doing: &'static str, trouble: impl Into<Trouble>, done: impl Into<String>) -> Self {
        Self { doing, trouble: trouble.into(), done: done.into() }
    }

    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match &self.trouble {
            Trouble::Server(SetupFault::Email(_)) | Trouble::Name | Trouble::Account(_) => Code::InvalidRequest,
            Trouble::Server(SetupFault::Network(_) | SetupFault::Unsure(_)) | Trouble::Config(_) => Code::Unavailable,
            Trouble::Server(SetupFault::Token(_)) => Code::BadCredentials,
            Trouble::Server(SetupFault::Refused(_)) => Code::Refused,
        }
    }

    const fn mend(&self) -> &'static str {
        match &self.trouble {
            Trouble::Server(SetupFault::Email(_)) => "correct the address and do the same again",
            Trouble::Server(SetupFault::Network(_)) => {
                "check the network and the server's address (channels.mochat.baseUrl, --http-url), and do the same again"
            }
            Trouble::Server(SetupFault::Unsure(_)) => "look whether the server is well, and do the same again",
            Trouble::Server(SetupFault::Token(_)) => {
                "take the account out (callboard channels remove mochat) or give it a token that counts"
            }
            Trouble::Server(SetupFault::Refused(_)) => "ask the server's operator, or register by hand",
            Trouble::Name => "take another name and do the same again",
            Trouble::Account(_) => "name another account and do the same again",
            Trouble::Config(_) => "mend what is named and do the same again",
        }
    }
}
