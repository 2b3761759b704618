use super::*;

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
    let failures = Failures::new("p".into(), vec!["sk-secret".into()], Style::Completions, &url);
    let quote = failures.quote(&format!("{} bad\n\tkey sk-secret {}", "x".repeat(180), "y".repeat(300)));
    assert!(quote.contains("bad key *** y"), "{quote}");
    assert_eq!(quote.chars().count(), 200);
    assert!(!failures.status(StatusCode::NOT_FOUND, "m", "").message.contains("hidden"));
}
