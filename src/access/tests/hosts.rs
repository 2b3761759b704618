//! Under which name, and from which page.

use super::{AccessSettings, caller, read};
use crate::access::{Errand, Exposure};

fn settings(exposure: Exposure, hosts: &[&str], origins: &[&str]) -> AccessSettings {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    AccessSettings { exposure, hosts: owned(hosts), origins: owned(origins), ..AccessSettings::default() }
}

/// The header that is to blame, if any.
fn blamed(lines: &[(&str, &str)], errand: Errand, settings: &AccessSettings) -> Option<&'static str> {
    caller("127.0.0.1", lines, settings).check(errand, settings).err().map(|error| error.header)
}

#[test]
fn names_that_are_ours() {
    use Exposure::{Loopback, Network};
    let table = [
        (Loopback, &[][..], &["localhost", "127.0.0.1:1", "[::1]", "box.tail1.ts.net", "LOCALHOST."][..]),
        (Loopback, &["board.example"], &["board.example:80", "BOARD.example", "localhost"]),
        (Network, &[], &["localhost", "192.0.2.7:18789", "[2001:db8::1]:80", "board.lan", "whatever.example"]),
        (Network, &["board.lan"], &["board.lan", "192.0.2.7", "10.0.0.3:18789", "[fe80::1]", "localhost"]),
    ];
    for (exposure, hosts, good) in table {
        let settings = settings(exposure, hosts, &[]);
        for host in good {
            for errand in [Errand::Look, Errand::Change, Errand::Socket] {
                assert_eq!(blamed(&[("host", host)], errand, &settings), None, "{exposure:?} {hosts:?} {host}");
            }
        }
        assert_eq!(blamed(&[], Errand::Socket, &settings), None, "no browser leaves it out");
    }
}

#[test]
fn names_made_to_point_here() {
    use Exposure::{Loopback, Network};
    let table = [
        (
            Loopback,
            &[][..],
            &["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.169.254", "0.0.0.0"][..],
        ),
        (Loopback, &["board.example"], &["evil.example", "x.board.example", "board.example.evil.example"]),
        (Network, &["board.lan"], &["evil.example", "board.lan.evil.example", "192.0.2.7.evil.example"]),
    ];
    for (exposure, hosts, bad) in table {
        let settings = settings(exposure, hosts, &[]);
        for host in bad {
            for errand in [Errand::Look, Errand::Change, Errand::Socket] {
                assert_eq!(blamed(&[("host", host)], errand, &settings), Some("Host"), "{exposure:?} {hosts:?} {host}");
            }
        }
    }
}

#[test]
fn a_page_under_a_name_that_nobody_gave_the_gateway_is_no_page_of_it() {
    let settings = settings(Exposure::Network, &[], &[]);
    let page = |host, origin| blamed(&[("host", host), ("origin", origin)], Errand::Socket, &settings);
    // The name points here because somebody made it so; the page is its own origin then.
    assert_eq!(page("evil.example:18789", "http://evil.example:18789"), Some("Host"));
    assert_eq!(page("192.0.2.7:18789", "http://192.0.2.7:18789"), None);
    assert_eq!(page("[2001:db8::1]:18789", "http://[2001:db8::1]:18789"), None);
    assert_eq!(page("box.tail1.ts.net", "https://box.tail1.ts.net"), None);
    let named = self::settings(Exposure::Network, &["board.lan"], &[]);
    let lines = [("host", "board.lan:18789"), ("origin", "http://board.lan:18789")];
    assert_eq!(blamed(&lines, Errand::Socket, &named), None);
}

#[test]
fn pages_that_may_open_a_socket() {
    let settings = settings(Exposure::Loopback, &["board.example"], &["https://ui.example", "http://localhost:5173"]);
    let own = [
        ("localhost:18789", "http://localhost:18789"),
        ("127.0.0.1:18789", "http://127.0.0.1:18789"),
        ("[::1]:18789", "http://[::1]:18789"),
        ("LOCALHOST:18789", "http://localhost:18789"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("board.example", "https://board.example"),
        ("board.example:443", "https://board.example"),
        ("localhost:18789", "https://ui.example"),
        ("localhost:18789", "http://localhost:5173"),
    ];
    for (host, origin) in own {
        assert_eq!(blamed(&[("host", host), ("origin", origin)], Errand::Socket, &settings), None, "{host} {origin}");
    }
    let foreign = [
        "http://evil.example",
        "https://evil.example",
        "http://localhost",
        "http://localhost:1",
        "http://127.0.0.1:18789",
        "https://localhost:18790",
        "http://localhost.evil.example:18789",
        "http://evil.example/localhost:18789",
        "http://localhost:18789@evil.example",
        "https://ui.example.evil.example",
        "https://ui.example:8443",
        "http://ui.example",
        "null",
        "file://",
        "chrome-extension://localhost:18789",
        "ws://localhost:18789",
        "",
        "localhost:18789",
    ];
    for origin in foreign {
        for errand in [Errand::Socket, Errand::Change] {
            let blamed = blamed(&[("host", "localhost:18789"), ("origin", origin)], errand, &settings);
            assert_eq!(blamed, Some("Origin"), "{origin} {errand:?}");
        }
        let looks = blamed(&[("host", "localhost:18789"), ("origin", origin)], Errand::Look, &settings);
        assert_eq!(looks, None, "a page does not get to see what it looks at");
    }
    // Whoever sends no origin is no page.
    assert_eq!(blamed(&[("host", "localhost:18789")], Errand::Socket, &settings), None);
}

#[test]
fn heads_that_could_be_read_in_two_ways_are_refused() {
    let settings = settings(Exposure::Network, &[], &[]);
    let bad: &[&[(&str, &str)]] = &[
        &[("host", "localhost"), ("host", "evil.example")],
        &[("host", "localhost"), ("host", "localhost")],
        &[("host", "evil.example@localhost")],
        &[("host", "localhost:18789:1")],
        &[("host", "localhost:port")],
        &[("host", "")],
        &[("host", "localhost/evil.example")],
        &[("host", "local host")],
        &[("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")],
    ];
    for lines in bad {
        assert!(read("127.0.0.1", lines, &settings).is_err(), "{lines:?}");
    }
}
