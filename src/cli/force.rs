//! `--force`: ends the gateway that holds the state folder.

use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::CliError;

/// How long the other gateway has to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How large a lock file may be.
const LOCK_BYTES_MAX: u64 = 4096;

/// Ends the gateway that a lock file names: asks it, waits 2 s at the most, then kills it. Answers its pid, `None` when there is
/// none to end.
///
/// # Errors
/// When the lock file cannot be read, or its gateway belongs to somebody else.
pub(super) fn end_holder(lock_file: &Path) -> Result<Option<i32>, CliError> {
    let Some(pid) = holder(lock_file)? else { return Ok(None) };
    match signal(pid, Some(Signal::SIGTERM))? {
        Alive::No => return Ok(None),
        Alive::Yes if gone_within(pid, PATIENCE)? => return Ok(Some(pid.as_raw())),
        Alive::Yes => {}
    }
    signal(pid, Some(Signal::SIGKILL))?;
    if gone_within(pid, PATIENCE)? {
        return Ok(Some(pid.as_raw()));
    }
    Err(CliError::failed(format!("the gateway with pid {pid} does not end: look at it by hand")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alive {
    Yes,
    No,
}

fn holder(lock_file: &Path) -> Result<Option<Pid>, CliError> {
    let unreadable = |reason: &str| {
        CliError::failed(format!(
            "cannot tell who holds {}: {reason}; remove it by hand if no gateway runs",
            lock_file.display()
        ))
    };
    let Ok(file) = File::open(lock_file) else { return Ok(None) };
    match file.try_lock_shared() {
        // It stays behind when its gateway ends; the pid in it may be a stranger's by now.
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(unreadable(&error.to_string())),
    }
    let mut text = String::new();
    file.take(LOCK_BYTES_MAX).read_to_string(&mut text).map_err(|error| unreadable(&error.to_string()))?;
    // The first number in it, whether it stands alone on its line or in an object.
    let pid = text.split(|letter: char| !letter.is_ascii_digit()).find(|digits| !digits.is_empty());
    let pid: i32 = pid.and_then(|pid| pid.parse().ok()).ok_or_else(|| unreadable("it has no pid"))?;
    // Never a group, never init, never ourselves.
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    if pid <= 1 || pid == own { Err(unreadable("its pid is none")) } else { Ok(Some(Pid::from_raw(pid))) }
}

fn signal(pid: Pid, signal: Option<Signal>) -> Result<Alive, CliError> {
    match kill(pid, signal) {
        Ok(()) => Ok(Alive::Yes),
        Err(Errno::ESRCH) => Ok(Alive::No),
        Err(error) => Err(CliError::failed(format!("cannot end the gateway with pid {pid}: {error}"))),
    }
}

fn gone_within(pid: Pid, patience: Duration) -> Result<bool, CliError> {
    let polls = patience.as_millis() / POLL.as_millis();
    for _ in 0..polls {
        if signal(pid, None)? == Alive::No || is_zombie(pid) {
            return Ok(true);
        }
        std::thread::sleep(POLL);
    }
    Ok(false)
}

/// Returns whether a process has ended and only waits to be noticed by its parent: it holds nothing any more.
fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    use tempfile::TempDir;

    use super::*;

    /// A lock file, held as long as this lives.
    struct Held {
        folder: TempDir,
        _file: File,
    }

    impl Held {
        fn new(text: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("gateway.lock"), text).unwrap();
            let file = File::open(folder.path().join("gateway.lock")).unwrap();
            file.lock().unwrap();
            Self { folder, _file: file }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("gateway.lock")
        }
    }

    /// A process that does not outlive its test.
    struct Guarded(Child);

    impl Guarded {
        /// Runs a script that goes on for ever, and waits until it has said that it does.
        fn start(script: &str) -> Self {
            let script = format!("{script} echo; while :; do sleep 0.1; done");
            let mut child = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            Self(child)
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn nobody_is_ended_where_nobody_is() {
        assert_eq!(end_holder(Path::new("/nowhere/gateway.lock")).unwrap(), None);
        assert_eq!(end_holder(&Held::new("2147483646\n2026-01-01T00:00:00Z\n").path()).unwrap(), None);
        for text in ["", "no pid", "0", "1", "99999999999", &std::process::id().to_string()] {
            assert!(end_holder(&Held::new(text).path()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_lock_that_nobody_holds_names_a_stranger() {
        let mut stranger = Guarded::start("");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.lock");
        std::fs::write(&file, stranger.0.id().to_string()).unwrap();
        assert_eq!(end_holder(&file).unwrap(), None);
        assert!(stranger.0.try_wait().unwrap().is_none(), "it still runs");
    }

    #[test]
    fn the_holder_is_ended_also_when_it_does_not_listen() {
        for script in ["", "trap '' TERM;"] {
            let mut holder = Guarded::start(script);
            let pid = i32::try_from(holder.0.id()).unwrap();
            let held = Held::new(&format!("{pid}\n2026-01-01T00:00:00Z\n"));
            assert_eq!(end_holder(&held.path()).unwrap(), Some(pid), "{script}");
            assert!(!holder.0.wait().unwrap().success(), "{script}");
        }
    }
}
