use super::*;

fn cooling(count: usize) -> (Cooling, Clock) {
    let clock = Clock::manual(0);
    (Cooling::new(count, &clock), clock)
}

#[test]
fn a_place_rests_longer_with_each_failure_and_is_forgiven_when_it_answers() {
    let (cooling, clock) = cooling(1);
    let rests = [30, 60, 120, 240, 480, 600, 600];
    for seconds in rests {
        cooling.failed(0, None);
        assert_eq!(cooling.rest(0), Some(Duration::from_secs(seconds)));
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(cooling.rest(0), None);
    }
    cooling.answered(0);
    cooling.failed(0, None);
    assert_eq!(cooling.rest(0), Some(Duration::from_secs(30)));
}

#[test]
fn a_place_rests_as_long_as_the_backend_asks_within_reason() {
    for (asked, rest) in [(5, 30), (90, 90), (1_000_000, 3_600)] {
        let (cooling, _) = cooling(1);
        cooling.failed(0, Some(Duration::from_secs(asked)));
        assert_eq!(cooling.rest(0), Some(Duration::from_secs(rest)), "{asked}");
    }
}

#[test]
fn those_that_rest_are_left_out_unless_all_do() {
    let (cooling, _) = cooling(3);
    cooling.failed(1, None);
    assert_eq!(cooling.awake(vec![2, 1, 0]), [2, 0]);
    cooling.failed(0, None);
    cooling.failed(2, None);
    assert_eq!(cooling.awake(vec![2, 1, 0]), [2, 1, 0]);
    assert_eq!(cooling.rest(7), None, "a place that is not there never rests");
}
