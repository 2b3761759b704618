use std::time::Duration;

use crate::channel::mochat::rest::RestError;
use crate::channel::mochat::unread::{FAULTS_MAX, Fault, REFUSALS_MAX, Unread};

fn status(status: u16) -> RestError {
    RestError::Refused { url: "http://any".to_owned(), status, text: String::new() }
}

const fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

#[test]
fn refusals_last_after_a_few_and_are_counted_apart_from_other_failures() {
    let mut unread = Unread::default();
    for count in 1..=20 {
        assert_eq!(unread.note(&status(500), at(count.into()), Duration::ZERO), Fault::Passes(count), "the server is away");
    }
    for count in 1..REFUSALS_MAX {
        assert_eq!(unread.note(&status(403), at(30), Duration::ZERO), Fault::Passes(20 + count));
    }
    assert_eq!(unread.note(&status(404), at(30), Duration::ZERO), Fault::Lasts(1));
    assert_eq!(unread.note(&status(500), at(31), Duration::ZERO), Fault::Lasts(2), "until it is read");
}

#[test]
fn a_fault_of_one_list_alone_lasts_after_a_few_and_one_of_the_whole_server_does_not() {
    let mut unread = Unread::default();
    assert_eq!(unread.note(&status(500), at(1), at(1)), Fault::Passes(1));
    for count in 1..FAULTS_MAX {
        let second = u64::from(count) * 2;
        assert_eq!(unread.note(&status(500), at(second + 1), at(second)), Fault::Passes(1 + count));
    }
    assert_eq!(unread.note(&status(502), at(90), at(80)), Fault::Lasts(1));
}
