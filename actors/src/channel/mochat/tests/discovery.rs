use super::super::discovery::first_ms;

#[test]
fn since_when_a_new_place_counts() {
    const NOW: i64 = 10_000_000;
    let long_ago = 1_000_000;
    for (created, listed_before, expected, why) in [
        (Some(long_ago), None, NOW, "the very first listing: no history"),
        (None, None, NOW, "the very first listing: no history"),
        (Some(long_ago + 5), Some(long_ago), long_ago, "made after the last listing: everything in it is new"),
        (Some(long_ago - 5), Some(long_ago), NOW - 120_000, "an old one that was joined: no long history"),
        (None, Some(long_ago), NOW - 120_000, "nobody knows"),
        (None, Some(NOW - 30_000), NOW - 30_000, "it came up between two listings"),
    ] {
        assert_eq!(first_ms(created, listed_before, NOW), expected, "{why}");
    }
}
