//! The guard of a server's process: a process of our own between the gateway and the server.
//!
//! A process that is killed runs no code, so the gateway itself cannot promise that its servers end with it. The guard can: it hears of
//! the gateway's end, whichever way that came, and ends the server's whole group. Of the guard's own end the server hears from the
//! system, where that can be had.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::ExitStatus;
use std::time::Duration;

use callboard_actors::core::Clock;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getppid};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// How long a server may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How often the guard looks whether the gateway is there, where the system does not say so by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The exit code when the server could not be started, as shells have it.
const NOT_STARTED: u8 = 127;
/// The exit code when the gateway was gone before the guard was up.
const ORPHANED: u8 = 125;

/// What the guard's program is called with, before the server's own command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Between the gateway, whose process id this is, and the server.
    Guard(i32),
    /// About to become the server, under the guard whose process id this is.
    Server(i32),
}

/// Runs the guard, or becomes the server; answers with the exit code.
#[must_use]
pub fn run(post: Post, program: &str, command: &[String]) -> u8 {
    match post {
        Post::Guard(gateway) => guard(gateway, program, command),
        Post::Server(guard) => server(guard, command),
    }
}

/// Becomes the server. Whoever is killed without a word takes it along.
fn server(guard: i32, command: &[String]) -> u8 {
    end_with_parent(Signal::SIGKILL);
    let Some((program, args)) = command.split_first() else { return NOT_STARTED };
    if getppid() != Pid::from_raw(guard) {
        return ORPHANED;
    }
    let error = std::process::Command::new(program).args(args).exec();
    anstream::eprintln!("{program} cannot be started: {error}");
    NOT_STARTED
}

fn guard(gateway: i32, program: &str, command: &[String]) -> u8 {
    end_with_parent(Signal::SIGTERM);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let watched = runtime.map(|runtime| runtime.block_on(watch(Pid::from_raw(gateway), program, command)));
    watched.unwrap_or_else(|error| {
        anstream::eprintln!("the guard cannot run: {error}");
        NOT_STARTED
    })
}

async fn watch(gateway: Pid, program: &str, command: &[String]) -> u8 {
    let Ok(mut asked) = signal(SignalKind::terminate()) else { return NOT_STARTED };
    // From here on its end is heard; it may have ended before.
    if getppid() != gateway {
        return ORPHANED;
    }
    let own = std::process::id().to_string();
    let mut server = Command::new(program);
    server.arg(super::process::COMMAND).args(["--server", &own, "--"]).args(command);
    let mut child = match server.process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            anstream::eprintln!("the server cannot be started: {error}");
            return NOT_STARTED;
        }
    };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let clock = Clock::system();
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.ok(),
            _ = asked.recv() => break end(&mut child, group, &clock).await,
            () = clock.sleep(LOOK_EVERY) => if getppid() != gateway {
                break end(&mut child, group, &clock).await;
            },
        }
    };
    // Whatever it started and left behind.
    send(group, Signal::SIGKILL);
    status.map_or(NOT_STARTED, code)
}

async fn end(child: &mut Child, group: Option<Pid>, clock: &Clock) -> Option<ExitStatus> {
    send(group, Signal::SIGTERM);
    if let Some(status) = clock.within(GRACE, child.wait()).await {
        return status.ok();
    }
    send(group, Signal::SIGKILL);
    child.wait().await.ok()
}

fn send(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // A group that is gone has ended already.
        let _ = killpg(group, signal);
    }
}

fn code(status: ExitStatus) -> u8 {
    let by_signal = || status.signal().and_then(|signal| u8::try_from(signal).ok()).map(|signal| signal.saturating_add(128));
    status.code().and_then(|code| u8::try_from(code).ok()).or_else(by_signal).unwrap_or(NOT_STARTED)
}

/// Has the system send a signal when the parent ends, where it can; elsewhere the guard looks by itself.
fn end_with_parent(signal: Signal) {
    #[cfg(target_os = "linux")]
    {
        let _ = nix::sys::prctl::set_pdeathsig(signal);
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = signal;
    }
}
