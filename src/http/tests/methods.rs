//! Wrong methods, and what browsers ask before they ask.

use super::client::{TOKEN, get, request};
use super::rig::Rig;

const PAGE: &str = "https://page.test";

/// Paths of the compatible endpoints, with the methods that they know.
const PATHS: &[(&str, &str)] = &[
    ("/v1/chat/completions", "POST"),
    ("/v1/responses", "POST"),
    ("/tools/invoke", "POST"),
    ("/v1/models", "GET, HEAD"),
    ("/v1/models/callboard", "GET, HEAD"),
];

#[actix_web::test]
async fn a_wrong_method_is_said_before_anybody_is_asked_who_they_are() {
    let rig = Rig::new().await;
    for (path, allowed) in PATHS {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = request(rig.at, method, path, &[], "").await;
            let known = allowed.split(", ").any(|known| known == method);
            assert_eq!(answer.status, if known { 401 } else { 405 }, "{method} {path}");
            assert_eq!(answer.header("allow"), (!known).then_some(*allowed), "{method} {path}");
            if !known && method != "HEAD" {
                answer.error(405, "method_not_allowed");
            }
        }
        let answer = request(rig.at, "OPTIONS", path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (204, Some(&*format!("{allowed}, OPTIONS"))), "{path}");
        assert!(answer.body.is_empty());
    }
    // Elsewhere a stranger learns nothing of what there is.
    request(rig.at, "PUT", "/admin/actors", &[], "").await.error(401, "unauthorized");
    rig.stop().await;
}

#[actix_web::test]
async fn head_is_get_without_its_content() {
    let rig = Rig::new().await;
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/v1/models", "/v1/models/callboard:main"] {
        let whole = get(rig.at, path).await;
        let head = request(rig.at, "HEAD", path, &[("authorization", &bearer)], "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), Some(&*whole.body.len().to_string()), "{path}");
    }
    rig.change(|settings| settings.models_enabled = false);
    get(rig.at, "/v1/models").await.error(404, "not_found");
    get(rig.at, "/v1/models/callboard:main").await.error(404, "not_found");
    rig.stop().await;
}

#[actix_web::test]
async fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let rig = Rig::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let question = [
        ("origin", PAGE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type, x-callboard-session-key"),
    ];
    let plain = [("origin", PAGE), ("authorization", &*bearer)];
    let opened = "access-control-allow-origin";
    let answer = request(rig.at, "OPTIONS", "/v1/chat/completions", &question, "").await;
    assert!(answer.header(opened).is_none(), "{answer:?}");
    let answer = request(rig.at, "GET", "/v1/models", &plain, "").await;
    assert_eq!((answer.status, answer.header(opened)), (200, None));

    rig.access.turn(|access| access.origins = vec![PAGE.into()]);
    let answer = request(rig.at, "OPTIONS", "/v1/chat/completions", &question, "").await;
    assert_eq!((answer.status, answer.header(opened)), (200, Some(PAGE)), "{answer:?}");
    let headers = answer.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("x-callboard-session-key") && headers.contains("authorization"), "{answer:?}");
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert!(answer.header("access-control-allow-credentials").is_none());
    let answer = request(rig.at, "GET", "/v1/models", &plain, "").await;
    assert_eq!((answer.status, answer.header(opened)), (200, Some(PAGE)));
    // Refusals can be read too, or a page could not tell them from a dead network.
    let answer = request(rig.at, "POST", "/v1/chat/completions", &[("origin", PAGE)], "{}").await;
    assert_eq!((answer.status, answer.header(opened)), (401, Some(PAGE)));
    // One named page opens nothing to others.
    for origin in ["https://page.test.evil.test", "http://page.test", "null"] {
        let answer = request(rig.at, "GET", "/v1/models", &[("origin", origin), ("authorization", &bearer)], "").await;
        assert_eq!(answer.header(opened), None, "{origin}");
    }
    rig.stop().await;
}
