//! A server's process, behind its guard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The command of our program that is the guard.
pub(super) const COMMAND: &str = "mcp-guard";

/// The variables that a server gets of the gateway's own; all others, tokens among them, are not its affair.
const VARIABLES: &[&str] =
    &["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME"];

/// The longest line of a server's errors that is logged, bytes; what is longer comes as several.
const ERROR_LINE_BYTES_MAX: u64 = 4_096;

/// A server's process. Asked to end with its value.
pub(super) struct Process {
    child: Child,
}

/// Its ends.
pub(super) struct Pipes {
    pub(super) input: ChildStdin,
    pub(super) output: ChildStdout,
}

/// What is started.
pub(super) struct Order<'a> {
    pub(super) name: &'a str,
    pub(super) command: &'a str,
    pub(super) args: &'a [String],
    pub(super) env: &'a BTreeMap<String, SecretString>,
    pub(super) cwd: Option<&'a Path>,
}

impl Process {
    /// Starts a server. Its errors go to the log, at debug.
    ///
    /// # Errors
    /// The guard cannot be started; that the server cannot shows in the end of its output.
    pub(super) fn start(order: &Order<'_>) -> std::io::Result<(Self, Pipes)> {
        let mut command = Command::new(own_program());
        command.arg(COMMAND).args(["--guard", &std::process::id().to_string(), "--", order.command]).args(order.args);
        command.env_clear().envs(VARIABLES.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.envs(order.env.iter().map(|(name, value)| (name, value.expose_secret())));
        if let Some(cwd) = order.cwd {
            command.current_dir(cwd);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("the process has no pipes");
        let pipes = Pipes { input: child.stdin.take().ok_or_else(missing)?, output: child.stdout.take().ok_or_else(missing)? };
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(log(order.name.to_owned(), errors));
        }
        Ok((Self { child }, pipes))
    }

    /// Asks the guard to end the server with all that it started, and itself. Not waited for: the guard has its own deadline.
    pub(super) fn end(&self) {
        // Without an id it has ended and was waited for: the number may be somebody else's by now.
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns this very program, also when its file was replaced meanwhile.
fn own_program() -> PathBuf {
    let linux = Path::new("/proc/self/exe");
    if linux.exists() { linux.to_path_buf() } else { std::env::current_exe().unwrap_or_else(|_| "callboard".into()) }
}

/// Writes what a server says beside the protocol to the log; it may say anything.
async fn log(server: String, errors: ChildStderr) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut errors).take(ERROR_LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                tracing::debug!(event = "mcp.said", %server, "{}", text.trim_end().escape_debug());
            }
        }
    }
}
