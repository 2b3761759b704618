//! What is too much, too deep or not readable.

use std::time::Duration;

use callboard_actors::core::Clock;

use super::client::{TOKEN, flood, get, head, post, raw, request};
use super::rig::Rig;

#[actix_web::test]
async fn unknown_paths_and_methods_are_answered_in_the_form_of_all_failures() {
    let rig = Rig::new().await;
    get(rig.at, "/no/such/path").await.error(404, "not_found");
    let answer = post(rig.at, "/admin/actors", "{}").await;
    answer.error(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET"));
    let answer = get(rig.at, "/v1/chat/completions").await;
    answer.error(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
    rig.stop().await;
}

#[actix_web::test]
async fn a_body_over_the_bound_is_answered_and_not_cut() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.chat.bytes_max = 1024 * 1024);
    let body = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}", "x".repeat(8 * 1024 * 1024));
    post(rig.at, "/v1/chat/completions", &body).await.error(413, "too_large");
    // Without a declared length it shows only on the way.
    let mut chunked = head(
        rig.at,
        "POST",
        "/v1/chat/completions",
        &[("authorization", &format!("Bearer {TOKEN}")), ("transfer-encoding", "chunked")],
        "",
    )
    .into_bytes();
    for _ in 0..64 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    raw(rig.at, &chunked).await.error(413, "too_large");
    // A stranger's body is not read at all.
    request(rig.at, "POST", "/v1/chat/completions", &[], &body).await.error(401, "unauthorized");
    assert!(rig.switchboard.asked.lock().unwrap().is_empty());
    rig.stop().await;
}

#[actix_web::test]
async fn bodies_that_are_no_json_are_named_so() {
    let rig = Rig::new().await;
    let deep = "[".repeat(500_000);
    let deep_inside = format!("{{\"messages\":{}", "[".repeat(200_000));
    let deep_closed = format!("{{\"messages\":[],\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bad = ["", "{", "not json", "[]", "null", "42", "\"text\"", "{\"a\":1}}", &deep, &deep_inside, &deep_closed];
    for path in ["/v1/chat/completions", "/admin/messages"] {
        for body in bad {
            post(rig.at, path, body).await.error(400, "invalid_request");
        }
        let mut bytes =
            head(rig.at, "POST", path, &[("authorization", &format!("Bearer {TOKEN}")), ("content-length", "4")], "")
                .into_bytes();
        bytes.extend_from_slice(&[b'"', 0xff, 0xfe, b'"']);
        raw(rig.at, &bytes).await.error(400, "invalid_request");
    }
    assert_eq!(get(rig.at, "/healthz").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn encoded_bodies_are_refused_so_none_can_unfold() {
    let rig = Rig::new().await;
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("content-encoding", "gzip")];
    let error = request(rig.at, "POST", "/v1/chat/completions", &headers, "{}").await.error(400, "invalid_request");
    assert_eq!(error["param"], "Content-Encoding");
    rig.stop().await;
}

#[actix_web::test]
async fn floods_of_headers_are_cut_and_hurt_nobody() {
    let rig = Rig::new().await;
    let many: String = (0..500).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(400_000));
    for headers in [many, long] {
        let text = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let status = flood(rig.at, text.as_bytes()).await;
        assert!(status.is_none_or(|status| status == 431), "{status:?}");
    }
    assert_eq!(get(rig.at, "/healthz").await.status, 200);
    rig.stop().await;
}

#[actix_web::test]
async fn requests_that_could_be_read_in_two_ways_are_refused() {
    let rig = Rig::new().await;
    let smuggled = [
        "POST /v1/models HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /admin",
        "POST /v1/models HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        "GET /healthz HTTP/1.1\r\nhost : localhost\r\n\r\n",
    ];
    for text in smuggled {
        let answer = raw(rig.at, text.as_bytes()).await;
        assert!((400..=431).contains(&answer.status), "{text}: {answer:?}");
        assert_eq!(answer.body.matches("HTTP/1.1").count(), 0, "{text}: {answer:?}");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn encoded_ids_are_one_segment_and_nothing_else() {
    let rig = Rig::new().await;
    for id in ["%2e%2e", "..%2f..%2fetc", "%00", "%2525", "a%2Fb%2Fc", "%E2%80%AE", "%0d%0aset-cookie:x", "%ff%fe", "%"] {
        let answer = get(rig.at, &format!("/admin/actors/{id}")).await;
        assert!(matches!(answer.status, 400 | 404), "{id}: {answer:?}");
        assert!(answer.header("set-cookie").is_none());
        if !answer.body.is_empty() {
            answer.json();
        }
    }
    rig.stop().await;
}

#[actix_web::test]
async fn a_body_that_trickles_is_not_waited_for_for_ever() {
    let rig = Rig::with(Clock::manual(0), |_| {}).await;
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("content-length", "100")];
    let mut bytes = head(rig.at, "POST", "/v1/chat/completions", &headers, "").into_bytes();
    bytes.extend_from_slice(b"{\"messages\":");
    let at = rig.at;
    let slow = actix_web::rt::spawn(async move { raw(at, &bytes).await });
    let waits = async {
        while rig.clock.waiters() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap();
    rig.clock.advance(Duration::from_secs(30));
    slow.await.unwrap().error(400, "invalid_request");
    rig.stop().await;
}
