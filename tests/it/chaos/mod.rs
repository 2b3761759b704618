//! Faults on purpose, under load: nothing is lost, nothing is answered by two turns, the order of each chat holds.
//!
//! Every test prints its seed and takes another from `CALLBOARD_TEST_SEED`; `CALLBOARD_TEST_FULL=1` runs them at full size.
//!
//! What is checked, and by whom: the [`ledger`] hears every answer at the platform's end of the broker (all answered, order of
//! the first answers, repeats); the [`shelf`] reads the store's file once the gateway is gone (each message one row and one turn,
//! every repeat a row that had been begun before, an undamaged file).

mod dice;
mod disk_full;
mod kill_nine;
mod ledger;
mod panics;
mod platform;
mod recovery;
mod restarts;
mod session_faults;
mod shelf;
mod soak;
mod stage;
mod summaries;
mod tools;

/// Returns the small number, or the full one when the long forms are asked for.
fn size(small: usize, full: usize) -> usize {
    if std::env::var_os("CALLBOARD_TEST_FULL").is_some_and(|value| value == "1") { full } else { small }
}
