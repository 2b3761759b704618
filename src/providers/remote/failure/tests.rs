use secrecy::SecretString;
use serde_json::json;

use super::*;

fn failures_of(keys: &[SecretString], url: &Url) -> Failures {
    Failures::new("p".into(), Secrets::new(keys, &[], url), Style::Completions, url)
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now_ms = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
    let cases = [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
    ];
    for (value, seconds) in cases {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&headers, now_ms), seconds.map(Duration::from_secs), "{value:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now_ms), None);
}

#[test]
fn a_quote_is_short_and_without_the_key() {
    let url = Url::parse("https://api.example.com/v1?key=hidden").unwrap();
    let failures = failures_of(&["sk-secret".into()], &url);
    let quote = failures.quote(&format!("{} bad\n\tkey sk-secret {}", "x".repeat(180), "y".repeat(300)));
    assert!(quote.contains("bad key *** y"), "{quote}");
    assert_eq!(quote.chars().count(), 200);
    assert!(!failures.status(StatusCode::NOT_FOUND, "m", "").message.contains("hidden"));
}

#[test]
fn a_conversation_that_is_too_long_is_told_from_a_bad_request() {
    let url = Url::parse("https://api.example.com/v1").unwrap();
    let failures = failures_of(&[], &url);
    let too_long = [
        "This model's maximum context length is 8192 tokens (context_length_exceeded)",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit",
        "the request exceeds the available context size",
        "Your input exceeds the context window of this model",
    ];
    for said in too_long {
        assert_eq!(failures.status(StatusCode::BAD_REQUEST, "m", said).code, Code::ProviderContext, "{said}");
    }
    let others = [
        (StatusCode::BAD_REQUEST, "max_tokens is too large"),
        (StatusCode::BAD_REQUEST, ""),
        (StatusCode::NOT_ACCEPTABLE, too_long[0]),
    ];
    for (status, said) in others {
        assert_eq!(failures.status(status, "m", said).code, Code::Refused, "{status} {said}");
    }
    assert_eq!(failures.status(StatusCode::TOO_MANY_REQUESTS, "m", "too many tokens").code, Code::ProviderBusy);
    let inside = json!({ "code": "context_length_exceeded", "message": "too long" });
    assert_eq!(failures.reported(&inside).code, Code::ProviderContext);
    assert_eq!(failures.reported(&json!({ "message": "oops" })).code, Code::ProviderBroken);
}

#[test]
fn only_a_backend_s_own_words_are_quoted() {
    let url = Url::parse("https://api.example.com/v1").unwrap();
    let failures = failures_of(&[], &url);
    let said = "my private words";
    let bodies = [
        (json!({ "error": { "message": "bad", "code": "c", "input": said } }).to_string(), "400: bad (c)"),
        (json!({ "error": { "type": "bad_type", "input": said } }).to_string(), "400: bad_type"),
        (json!({ "error": { "input": said } }).to_string(), "400: no reason given"),
        (json!({ "error": "bad", "input": said }).to_string(), "400: bad"),
        (json!({ "error": null, "message": "bad", "input": said }).to_string(), "400: bad"),
        (json!({ "detail": "bad", "input": said }).to_string(), "400: bad"),
        (json!({ "code": "bad", "type": said }).to_string(), "400: bad"),
        (json!({ "detail": [{ "loc": ["body"], "input": said }] }).to_string(), "400: no reason given"),
        (json!(said).to_string(), "400: no reason given"),
        (said.to_owned(), "400: no reason given"),
    ];
    for (body, told) in bodies {
        let message = failures.status(StatusCode::BAD_REQUEST, "m", &body).message;
        assert!(message.ends_with(told), "{body}: {message}");
    }
    let reported = failures.reported(&json!({ "param": said })).message;
    assert!(reported.ends_with("its answer: no reason given"), "{reported}");
    let events = [
        (json!({ "type": "response.failed", "text": said }).to_string(), "an event `response.failed` of 52 bytes"),
        (json!({ "type": said }).to_string(), "an event of 27 bytes"),
        (format!("{{ {said}"), "an event of 18 bytes"),
    ];
    for (event, name) in events {
        for message in [failures.malformed(&event).message, failures.out_of_order(&event).message] {
            assert!(message.contains(name) && !message.contains("private"), "{message}");
        }
    }
}
