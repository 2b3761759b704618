//! From where: addresses through proxies, and what counts as here.

use std::net::IpAddr;

use super::{AccessSettings, behind, caller};

#[test]
fn only_trusted_proxies_are_believed_and_only_as_far_as_they_know() {
    type Lines = &'static [(&'static str, &'static str)];
    let table: &[(&[&str], &str, Lines, &str)] = &[
        // Nobody is trusted: whatever is said, it is the peer that asks.
        (&[], "203.0.113.9", &[("x-forwarded-for", "127.0.0.1")], "203.0.113.9"),
        (&[], "127.0.0.1", &[("x-forwarded-for", "198.51.100.1")], "127.0.0.1"),
        (&[], "203.0.113.9", &[("x-real-ip", "127.0.0.1")], "203.0.113.9"),
        // One proxy: what it added, not what it was given.
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "127.0.0.1, 198.51.100.1")], "198.51.100.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        (&["10.0.0.0/8"], "::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.1:4711")], "198.51.100.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "[2001:db8::5]:443")], "2001:db8::5"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-real-ip", "198.51.100.7")], "198.51.100.7"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "198.51.100.1"), ("x-real-ip", "127.0.0.1")], "198.51.100.1"),
        // Two proxies: the first that is not one of them.
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.9.9.9")], "198.51.100.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "10.2.2.2, 10.9.9.9")], "10.2.2.2"),
        // A hop that cannot be read is where belief ends.
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "198.51.100.1, unknown")], "10.0.0.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "198.51.100.1, what, 10.9.9.9")], "10.9.9.9"),
        (&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", "")], "10.0.0.1"),
        (&["10.0.0.0/8"], "10.0.0.1", &[], "10.0.0.1"),
        // Somebody who is no proxy says that it is.
        (&["10.0.0.0/8"], "203.0.113.9", &[("x-forwarded-for", "198.51.100.1, 10.0.0.1")], "203.0.113.9"),
    ];
    for (proxies, peer, lines, seen) in table {
        let caller = caller(peer, lines, &behind(proxies));
        assert_eq!(caller.address(), Some(seen.parse::<IpAddr>().unwrap()), "{proxies:?} {peer} {lines:?}");
    }
    let endless = "10.1.1.1, ".repeat(5_000) + "10.1.1.1";
    let caller = caller("10.0.0.1", &[("x-forwarded-for", &endless)], &behind(&["10.0.0.0/8"]));
    assert_eq!(caller.address(), Some("10.1.1.1".parse().unwrap()));
}

#[test]
fn here_is_the_loopback_under_a_local_name_with_nobody_between() {
    const HOST: (&str, &str) = ("host", "127.0.0.1:18789");
    let settings = AccessSettings::default();
    for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(caller(peer, &[HOST], &settings).is_local(), "{peer}");
    }
    for host in ["localhost", "LocalHost:80", "[::1]:18789", "127.0.0.1", "box.tail1234.ts.net", "localhost."] {
        assert!(caller("127.0.0.1", &[("host", host)], &settings).is_local(), "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "ts.net.evil.example", "evilts.net", "192.0.2.1", "0.0.0.0"] {
        assert!(!caller("127.0.0.1", &[("host", host)], &settings).is_local(), "{host}");
    }
    for peer in ["192.0.2.7", "10.0.0.1", "169.254.1.1", "fe80::1", "100.64.0.1", "::"] {
        assert!(!caller(peer, &[HOST], &settings).is_local(), "{peer}");
    }
    assert!(!caller("127.0.0.1", &[], &settings).is_local(), "without a name nobody knows where it meant to go");
    assert!(!super::Caller::read(None, &super::headers(&[HOST]), &settings).unwrap().is_local());
}

#[test]
fn nobody_becomes_local_by_saying_so() {
    const HOST: (&str, &str) = ("host", "localhost:18789");
    let said = [
        ("x-forwarded-for", "127.0.0.1"),
        ("X-Forwarded-For", "::1"),
        ("x-forwarded-for", ""),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "http"),
        ("via", "1.1 front"),
        ("cf-connecting-ip", "127.0.0.1"),
    ];
    for settings in [AccessSettings::default(), behind(&["127.0.0.1", "::1"]), behind(&["203.0.113.9"])] {
        for line in said {
            // A proxy on this machine brings strangers; that it is on this machine makes them no less strange.
            assert!(!caller("127.0.0.1", &[HOST, line], &settings).is_local(), "{line:?}");
            assert!(!caller("203.0.113.9", &[HOST, line], &settings).is_local(), "{line:?}");
        }
    }
}
