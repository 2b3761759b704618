//! What the system says of a process.

use std::time::Duration;

/// The kernel's tick, in which it counts processor time: 100 a second on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Returns resident memory, KiB; `VmRSS` is all, `RssAnon` what no file stands behind.
pub fn memory_kib(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("the field");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Returns the processor time that a process has used.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let (_, behind_name) = stat.rsplit_once(')').expect("a name");
    // utime and stime are the fields 14 and 15; behind the name the first is 3.
    let ticks: u64 = behind_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}
