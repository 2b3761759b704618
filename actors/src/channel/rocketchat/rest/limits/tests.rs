use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

#[test]
fn a_refusal_is_waited_out_as_it_is_told() {
    let clock = Clock::manual(1_000_000);
    let text = "Error, too many requests. Please slow down. You must wait 36 seconds before trying this endpoint again.";
    let cases = [
        (text, headers(&[]), 36_000),
        ("slow down", headers(&[("retry-after", "7")]), 7000),
        ("", headers(&[("x-ratelimit-reset", "1004000")]), 4000),
        // The server's clock is ten minutes ahead, and its answer says so.
        ("", headers(&[("x-ratelimit-reset", "1764116405000"), ("date", "Wed, 26 Nov 2025 00:20:00 GMT")]), 5000),
        ("", headers(&[("x-ratelimit-reset", "900000000000")]), 60_000),
        ("You must wait 99999 seconds", headers(&[]), 300_000),
        ("", headers(&[("x-ratelimit-reset", "soon")]), 10_000),
    ];
    for (text, headers, wait_ms) in cases {
        assert_eq!(told(text, &headers, &clock).as_millis(), wait_ms, "{text} {headers:?}");
    }
}

#[test]
fn the_last_calls_that_are_left_are_not_exceeded() {
    let clock = Clock::manual(1_000_000);
    let limits = Limits::default();
    let told = |left: &str| headers(&[("x-ratelimit-remaining", left), ("x-ratelimit-reset", "1010000")]);
    assert_eq!(limits.take("a", clock.elapsed()), None);
    limits.note("a", &told("2"), &clock);
    // An answer that was under way says more than is left.
    limits.note("a", &told("3"), &clock);
    assert_eq!(limits.take("a", clock.elapsed()), None);
    assert_eq!(limits.take("a", clock.elapsed()), None);
    assert_eq!(limits.take("a", clock.elapsed()), Some(Duration::from_millis(10_050)));
    assert_eq!(limits.take("b", clock.elapsed()), None);
    clock.advance(Duration::from_secs(10));
    assert_eq!(limits.take("a", clock.elapsed()), None);
}

#[test]
fn calls_that_are_not_needed_leave_some_for_those_that_are() {
    let clock = Clock::manual(1_000_000);
    let limits = Limits::default();
    let told = |left: &str| headers(&[("x-ratelimit-remaining", left), ("x-ratelimit-reset", "1010000")]);
    let pace = || limits.pace("a", 4, clock.elapsed());
    assert_eq!(pace(), Duration::ZERO, "nothing is known of it");
    for (left, seconds) in [("9", 2), ("5", 10), ("4", 10), ("0", 10)] {
        limits.note("a", &told(left), &clock);
        assert_eq!(pace(), Duration::from_secs(seconds), "{left} left");
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(pace(), Duration::ZERO, "there are new ones");
}
