//! Whom the tailnet's proxy says it is.

use super::{AccessSettings, caller};
use crate::access::{Tailnet, TailnetFault};

const LOGIN: (&str, &str) = ("tailscale-user-login", "ada@example.org");
const FOR: (&str, &str) = ("x-forwarded-for", "100.101.102.103");
const PROTO: (&str, &str) = ("x-forwarded-proto", "https");
const HOST: (&str, &str) = ("x-forwarded-host", "box.tail1.ts.net");
const NAME: (&str, &str) = ("host", "box.tail1.ts.net");

fn trusting() -> AccessSettings {
    AccessSettings { allow_tailscale: true, ..AccessSettings::default() }
}

#[test]
fn its_word_is_taken_from_this_machine_only() {
    let whole = [NAME, LOGIN, FOR, PROTO, HOST];
    let user = Tailnet::User("ada@example.org".into());
    for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(*caller(peer, &whole, &trusting()).tailnet(), user);
    }
    // Whoever reaches the port itself can write the same.
    for peer in ["192.0.2.7", "100.101.102.103", "10.0.0.1", "fd7a:115c:a1e0::1"] {
        assert_eq!(*caller(peer, &whole, &trusting()).tailnet(), Tailnet::Silent, "{peer}");
    }
    assert_eq!(*caller("127.0.0.1", &whole, &AccessSettings::default()).tailnet(), Tailnet::Silent);
    // Through the proxy it is not here, whoever it is.
    assert!(!caller("127.0.0.1", &whole, &trusting()).is_local());
}

#[test]
fn what_is_not_said_in_its_way_is_doubted() {
    use TailnetFault::{Ambiguous, Anonymous, NoProxy, Outside};
    let other = ("tailscale-user-login", "eve@example.org");
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let table: &[(Lines<'_>, TailnetFault)] = &[
        (&[NAME, FOR, PROTO, HOST], Anonymous),
        (&[NAME, FOR, PROTO, HOST, ("tailscale-user-login", " ")], Anonymous),
        (&[NAME, LOGIN], NoProxy),
        (&[NAME, LOGIN, FOR, PROTO], NoProxy),
        (&[NAME, LOGIN, PROTO, HOST], NoProxy),
        (&[NAME, LOGIN, other, FOR, PROTO, HOST], Ambiguous),
        (&[NAME, LOGIN, PROTO, HOST, ("x-forwarded-for", "203.0.113.9")], Outside),
        (&[NAME, LOGIN, PROTO, HOST, ("x-forwarded-for", "127.0.0.1")], Outside),
        (&[NAME, LOGIN, PROTO, HOST, ("x-forwarded-for", "100.128.0.1")], Outside),
        // Another proxy on this machine, which passes on what a stranger wrote.
        (&[NAME, LOGIN, PROTO, HOST, ("x-forwarded-for", "100.101.102.103, 203.0.113.9")], Outside),
        (&[NAME, LOGIN, PROTO, HOST, FOR, ("x-forwarded-for", "203.0.113.9")], Outside),
        (&[NAME, LOGIN, PROTO, HOST, FOR, ("x-real-ip", "203.0.113.9")], Outside),
    ];
    for (lines, fault) in table {
        assert_eq!(*caller("127.0.0.1", lines, &trusting()).tailnet(), Tailnet::Doubtful(*fault), "{lines:?}");
    }
    assert_eq!(*caller("127.0.0.1", &[NAME], &trusting()).tailnet(), Tailnet::Silent);
    let v6 = [NAME, LOGIN, PROTO, HOST, ("x-forwarded-for", "fd7a:115c:a1e0::53")];
    assert!(matches!(caller("127.0.0.1", &v6, &trusting()).tailnet(), Tailnet::User(_)));
}
