//! Who gets in.

use std::time::Duration;

use callboard_actors::core::Clock;

use super::client::{TOKEN, get, request};
use super::rig::Rig;
use crate::access::{Auth, Exposure, FailureLimiter};

const CLOSED: &[(&str, &str)] = &[
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/admin/actors"),
    ("GET", "/admin/actors/registry"),
    ("POST", "/admin/actors/registry/restart"),
    ("GET", "/admin/channels"),
    ("GET", "/admin/deadletters"),
    ("GET", "/admin/pairing"),
    ("POST", "/admin/messages"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/nothing-here"),
    ("GET", "/"),
    // Other spellings of the two open paths are other paths.
    ("GET", "//healthz"),
    ("GET", "/healthz/"),
    ("GET", "/readyz/../admin/actors"),
    ("GET", "/healthz%2f..%2fadmin%2factors"),
    ("OPTIONS", "/admin/actors"),
];

#[actix_web::test]
async fn every_path_but_two_asks_for_the_credential() {
    let rig = Rig::with(Clock::system(), |settings| settings.failed_auth_burst = 1000).await;
    for (method, path) in CLOSED {
        let answer = request(rig.at, method, path, &[], "").await;
        let error = answer.error(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{method} {path}");
        assert!(!error.to_string().contains(TOKEN));
    }
    assert_eq!(request(rig.at, "GET", "/healthz", &[], "").await.json(), serde_json::json!({ "ok": true }));
    assert_eq!(request(rig.at, "GET", "/readyz", &[], "").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn only_the_exact_bearer_is_right() {
    let rig = Rig::with(Clock::system(), |settings| settings.failed_auth_burst = 1000).await;
    let longer = format!("Bearer {TOKEN}x");
    let shorter = format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]);
    let basic = format!("Basic {TOKEN}");
    for wrong in ["", "Bearer", "Bearer ", TOKEN, &longer, &shorter, &basic, "Bearer null"] {
        request(rig.at, "GET", "/admin/actors", &[("authorization", wrong)], "").await.error(401, "unauthorized");
    }
    for right in [format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"), format!("BEARER  {TOKEN}")] {
        assert_eq!(request(rig.at, "GET", "/admin/actors", &[("authorization", &right)], "").await.status, 200);
    }
    rig.stop().await;
}

#[actix_web::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let rig = Rig::new().await;
    for name in ["token", "auth", "access_token", "password"] {
        let path = format!("/admin/actors?{name}={TOKEN}");
        request(rig.at, "GET", &path, &[], "").await.error(401, "unauthorized");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn an_empty_secret_lets_nobody_in() {
    for auth in [Auth::Token("".into()), Auth::Password("".into())] {
        let rig = Rig::with(Clock::system(), |settings| settings.auth = auth).await;
        for offer in ["Bearer ", "Bearer", "Bearer  "] {
            request(rig.at, "GET", "/admin/actors", &[("authorization", offer)], "").await.error(401, "unauthorized");
        }
        rig.stop().await;
    }
}

#[actix_web::test]
async fn a_new_token_holds_at_once_and_the_old_one_no_longer() {
    let rig = Rig::new().await;
    assert_eq!(get(rig.at, "/admin/actors").await.status, 200);
    rig.access.turn(|settings| settings.auth = Auth::Password("another".into()));
    get(rig.at, "/admin/actors").await.error(401, "unauthorized");
    assert_eq!(request(rig.at, "GET", "/admin/actors", &[("authorization", "Bearer another")], "").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn only_wrong_credentials_are_limited() {
    let clock = Clock::manual(0);
    let rig = Rig::with(clock.clone(), |settings| {
        settings.failed_auth_burst = 3;
        settings.failed_auth_per_minute = 6;
    })
    .await;
    for _ in 0..3 {
        request(rig.at, "GET", "/admin/actors", &[], "").await.error(401, "unauthorized");
    }
    let refused = request(rig.at, "GET", "/admin/actors", &[("authorization", "Bearer wrong")], "").await;
    refused.error(429, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("10"));
    // The right one passes all the same, and the open doors stay open.
    assert_eq!(get(rig.at, "/admin/actors").await.status, 200);
    assert_eq!(request(rig.at, "GET", "/healthz", &[], "").await.status, 200);
    clock.advance(Duration::from_secs(10));
    request(rig.at, "GET", "/admin/actors", &[], "").await.error(401, "unauthorized");
    rig.stop().await;
}

#[actix_web::test]
async fn from_elsewhere_the_right_credential_is_not_heard_after_too_many_wrong_ones() {
    let clock = Clock::manual(0);
    let rig = Rig::with(clock.clone(), |settings| {
        settings.failed_auth_burst = 3;
        settings.failed_auth_per_minute = 6;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let right = format!("Bearer {TOKEN}");
    let from = |address: &'static str, offer: &str| {
        let headers = [("x-forwarded-for", address.to_owned()), ("authorization", offer.to_owned())];
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            request(rig.at, "GET", "/admin/actors", &headers, "").await
        }
    };
    for _ in 0..3 {
        from("203.0.113.1", "Bearer guess").await.error(401, "unauthorized");
    }
    let refused = from("203.0.113.1", &right).await;
    refused.error(429, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert_eq!(from("203.0.113.2", &right).await.status, 200);
    assert_eq!(get(rig.at, "/admin/actors").await.status, 200);
    clock.advance(Duration::from_secs(10));
    assert_eq!(from("203.0.113.1", &right).await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn open_doors_do_not_tell_a_guesser_what_is_right() {
    let rig = Rig::with(Clock::manual(0), |settings| settings.failed_auth_burst = 2).await;
    let guess = [("authorization", "Bearer guess")];
    for _ in 0..2 {
        request(rig.at, "GET", "/readyz", &guess, "").await.error(401, "unauthorized");
    }
    request(rig.at, "GET", "/readyz", &guess, "").await.error(429, "overloaded");
    rig.stop().await;
}

#[actix_web::test]
async fn the_table_of_addresses_is_bounded_and_one_v6_network_is_one_guesser() {
    let limiter = FailureLimiter::new(1, 1, Clock::manual(0));
    for address in 0..20_000_u32 {
        let _ = limiter.failed(Some(std::net::Ipv4Addr::from_bits(address).into()));
    }
    assert!(limiter.addresses() <= 4097, "{}", limiter.addresses());
    let limiter = FailureLimiter::new(1, 1, Clock::manual(0));
    assert!(limiter.failed(Some("2001:db8::1".parse().unwrap())).is_ok());
    assert!(limiter.failed(Some("2001:db8::2".parse().unwrap())).is_err());
    assert!(limiter.failed(Some("2001:db8:0:1::2".parse().unwrap())).is_ok());
    assert!(limiter.failed(Some("::ffff:10.0.0.1".parse().unwrap())).is_ok());
    assert!(limiter.failed(Some("10.0.0.1".parse().unwrap())).is_err());
}

#[actix_web::test]
async fn a_name_made_to_point_here_is_refused_on_the_loopback() {
    let rig = Rig::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let with_host = |host: &'static str| request_with_host(&rig, host, bearer.clone());
    for host in ["evil.example", "evil.example:18789", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.169.254"] {
        let error = with_host(host).await.error(403, "forbidden");
        assert_eq!(error["param"], "Host", "{host}");
    }
    for host in ["localhost", "LOCALHOST:18789", "127.0.0.1:1", "[::1]:18789", "localhost."] {
        assert_eq!(with_host(host).await.status, 200, "{host}");
    }
    rig.access.turn(|settings| settings.hosts.push("gateway.lan".into()));
    assert_eq!(with_host("gateway.lan:80").await.status, 200);
    rig.access.turn(|settings| (settings.hosts, settings.exposure) = (Vec::new(), Exposure::Network));
    assert_eq!(with_host("whatever.example").await.status, 200);
    rig.stop().await;
}

async fn request_with_host(rig: &Rig, host: &str, bearer: String) -> super::client::Answer {
    request(rig.at, "GET", "/admin/actors", &[("host", host), ("authorization", &bearer)], "").await
}

#[actix_web::test]
async fn a_foreign_page_cannot_change_anything() {
    let rig = Rig::new().await;
    let (bearer, ours) = (format!("Bearer {TOKEN}"), format!("http://{}", rig.at));
    let from = |origin: &str| {
        let headers = [("origin", origin.to_owned()), ("authorization", bearer.clone())];
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            request(rig.at, "POST", "/admin/actors/none/restart", &headers, "").await
        }
    };
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "file://"] {
        let error = from(origin).await.error(403, "forbidden");
        assert_eq!(error["param"], "Origin", "{origin}");
    }
    from(&ours).await.error(404, "not_found");
    rig.access.turn(|settings| settings.origins.push("https://board.example".into()));
    from("https://board.example").await.error(404, "not_found");
    rig.stop().await;
}

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "websocket")];

#[actix_web::test]
async fn a_request_for_a_socket_reaches_no_handler_and_needs_no_bearer() {
    let rig = Rig::new().await;
    for path in ["/", "/admin/actors", "/metrics", "/any/where?token=x"] {
        assert_eq!(request(rig.at, "GET", path, &UPGRADE, "").await.status, 418, "{path}");
    }
    // With another method, or for another protocol, it is a request like any other.
    request(rig.at, "POST", "/admin/actors", &UPGRADE, "").await.error(401, "unauthorized");
    let h2c = [("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c")];
    request(rig.at, "GET", "/admin/actors", &h2c, "").await.error(401, "unauthorized");
    // Whatever else the head says, the handler behind the path stays locked.
    let odd = [("upgrade", "h2c, WebSocket")];
    assert_eq!(request(rig.at, "GET", "/admin/actors", &odd, "").await.status, 418);
    let wanted = rig.sockets.wanted.lock().unwrap().clone();
    assert_eq!(wanted[..2], ["/ from here", "/admin/actors from here"]);
    rig.stop().await;
}

#[actix_web::test]
async fn a_foreign_page_opens_no_socket_on_the_loopback_either() {
    let rig = Rig::new().await;
    let ours = format!("http://{}", rig.at);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "file://", "https://localhost"] {
        let headers = [UPGRADE[0], UPGRADE[1], ("origin", origin)];
        let error = request(rig.at, "GET", "/", &headers, "").await.error(403, "forbidden");
        assert_eq!(error["param"], "Origin", "{origin}");
    }
    let headers = [UPGRADE[0], UPGRADE[1], ("host", "evil.example"), ("origin", "http://evil.example")];
    assert_eq!(request(rig.at, "GET", "/", &headers, "").await.error(403, "forbidden")["param"], "Host");
    let bearer = format!("Bearer {TOKEN}");
    let headers = [UPGRADE[0], UPGRADE[1], ("origin", "http://evil.example"), ("authorization", &*bearer)];
    request(rig.at, "GET", "/", &headers, "").await.error(403, "forbidden");
    assert!(rig.sockets.wanted.lock().unwrap().is_empty());
    assert_eq!(request(rig.at, "GET", "/", &[UPGRADE[0], UPGRADE[1], ("origin", &*ours)], "").await.status, 418);
    rig.stop().await;
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_client_is_counted_for_itself() {
    let rig = Rig::with(Clock::manual(0), |settings| {
        settings.failed_auth_burst = 1;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let from = |address: &'static str| async move {
        request(rig.at, "GET", "/admin/actors", &[("x-forwarded-for", address)], "").await.status
    };
    assert_eq!(from("203.0.113.1").await, 401);
    assert_eq!(from("203.0.113.1").await, 429);
    assert_eq!(from("198.51.100.9, 203.0.113.1").await, 429, "what it was given counts for nothing");
    assert_eq!(from("203.0.113.2").await, 401);
    rig.stop().await;
}

#[actix_web::test]
async fn a_stranger_does_not_escape_the_count_by_naming_other_addresses() {
    let rig = Rig::with(Clock::manual(0), |settings| settings.failed_auth_burst = 1).await;
    let from = |address: &'static str| async move {
        request(rig.at, "GET", "/admin/actors", &[("x-forwarded-for", address)], "").await.status
    };
    assert_eq!(from("203.0.113.1").await, 401);
    assert_eq!(from("203.0.113.2").await, 429);
    rig.stop().await;
}

#[actix_web::test]
async fn the_word_of_the_tailnets_proxy_opens_no_handler() {
    let rig = Rig::with(Clock::system(), |settings| settings.allow_tailscale = true).await;
    let headers = [
        ("tailscale-user-login", "ada@example.org"),
        ("x-forwarded-for", "100.101.102.103"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "box.tail1.ts.net"),
    ];
    request(rig.at, "GET", "/admin/actors", &headers, "").await.error(401, "unauthorized");
    rig.stop().await;
}
