//! Servers of the Model Context Protocol, as the outside lends them: processes and addresses that offer tools.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::message::{Code, Media};

/// A server as the configuration names it.
#[derive(Clone, Debug)]
pub struct McpServer {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub way: McpWay,
    /// How long a call may take.
    pub call_time_max: Duration,
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub enum McpWay {
    /// As a process of its own, over its standard input and output.
    Process {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its variables, beside the few that every program needs.
        env: BTreeMap<String, SecretString>,
        /// The folder that it begins in; `None` is the gateway's own.
        cwd: Option<PathBuf>,
    },
    /// By streamable HTTP.
    Http {
        /// Where; may hold a secret.
        url: SecretString,
        /// What goes with every request.
        headers: BTreeMap<String, SecretString>,
    },
}

/// A tool as its server describes it; a stranger's word.
#[derive(Clone, Debug, PartialEq)]
pub struct McpToolSpec {
    /// Its name there.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub schema: Map<String, Value>,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct McpAnswer {
    /// For a model to read, cut to a bound.
    pub text: String,
    /// For a program to read.
    pub details: Value,
    /// Pictures, sound and files that came with it, their bytes in hand.
    pub media: Vec<Media>,
    /// Whether the server calls it a failure.
    pub verdict: McpVerdict,
}

/// What a server says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpVerdict {
    /// It was done.
    Done,
    /// It could not be done.
    Failed,
}

/// Why a server gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct McpFault {
    /// The stable code.
    pub code: Code,
    /// The reason for people; carries no secret.
    pub reason: String,
}

impl McpFault {
    /// Returns a fault.
    #[must_use]
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// Where a server tells how far a call is.
pub type McpProgress = Arc<dyn Fn(String) + Send + Sync>;

/// What a server tells without being asked: its tools are others now.
pub type McpChanged = Arc<dyn Fn() + Send + Sync>;

/// A connection to a server. Closed by [`McpLink::close`] or with its last holder; a process that was started for it ends with it.
pub trait McpLink: Send + Sync + 'static {
    /// Returns the tools that the server has now, at most `max` of them.
    fn tools(&self, max: usize) -> BoxFuture<'static, Result<Vec<McpToolSpec>, McpFault>>;

    /// Calls a tool. Dropping the future tells the server that nobody waits.
    fn call(
        &self,
        tool: &str,
        args: Map<String, Value>,
        progress: McpProgress,
    ) -> BoxFuture<'static, Result<McpAnswer, McpFault>>;

    /// Asks whether the server is there.
    fn ping(&self) -> BoxFuture<'static, Result<(), McpFault>>;

    /// Waits until the connection is over; answers with the reason.
    fn closed(&self) -> BoxFuture<'static, String>;

    /// Ends the connection, and the process with everything that it started.
    fn close(&self);
}

/// Makes connections to servers.
pub trait McpDialer: Send + Sync + 'static {
    /// Connects and agrees on the protocol. What was begun is undone when the future is dropped.
    fn dial(&self, server: Arc<McpServer>, changed: McpChanged) -> BoxFuture<'static, Result<Arc<dyn McpLink>, McpFault>>;
}
