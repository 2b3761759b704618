use crate::channel::gap::Gap;
use crate::channel::mochat::history::More;
use crate::channel::mochat::marks::Mark;
use crate::channel::mochat::place::{Place, Sort};
use crate::channel::mochat::places::Spot;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// When the newest message was done with.
const DONE: i64 = 1_000 * HOUR;

fn spot() -> Spot {
    let place = Place { id: "p1".into(), sort: Sort::Panel { group: None }, name: None, created_ms: None };
    Spot::new(place, Mark { done_ms: Some(DONE), ..Mark::first(0) }, 100)
}

/// The inbox forgets what it answered after an hour at the earliest: what was done with longer ago would be taken for new.
#[test]
fn what_was_done_with_long_ago_is_not_read_again() {
    for (now_ms, floor_ms) in [
        (DONE + MINUTE, DONE - MINUTE),
        (DONE + 50 * MINUTE, DONE - MINUTE),
        (DONE + HOUR, DONE + 1),
        (DONE + 500 * HOUR, DONE + 1),
    ] {
        assert_eq!(spot().reach_ms(now_ms), (floor_ms, More::Nothing), "{}", now_ms - DONE);
    }
    let first = Spot { mark: Mark::first(DONE), heard_ms: None, ..spot() };
    assert_eq!(first.reach_ms(DONE + 500 * HOUR), (DONE, More::Nothing), "nothing was done with");
}

#[test]
fn what_is_unread_of_a_place_that_goes_on_is_kept_for_a_day() {
    let spot = Spot { gap: Gap::Open, heard_ms: Some(DONE + 30 * HOUR), ..spot() };
    assert_eq!(spot.reach_ms(DONE + 23 * HOUR), (DONE + 1, More::Nothing));
    assert_eq!(spot.reach_ms(DONE + 25 * HOUR), (DONE + HOUR, More::LeftOut));
}
