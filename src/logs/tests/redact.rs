//! What is hidden and what is not.

use proptest::prelude::*;
use serde_json::json;

use crate::logs::redact::Redactor;

#[test]
fn what_looks_like_a_secret_is_hidden_and_prose_is_not() {
    let cases = [
        ("token=abcdef123456", "token=[hidden]"),
        ("Token: abcdef123456 next", "Token: [hidden] next"),
        ("{\"apiKey\":\"abcdef123456\",\"n\":1}", "{\"apiKey\":\"[hidden]\",\"n\":1}"),
        ("{\\\"password\\\":\\\"abcdef\\\"}", "{\\\"password\\\":\\\"[hidden]\\\"}"),
        ("http://h/x?api_key=abcdef123456&q=1", "http://h/x?api_key=[hidden]&q=1"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer [hidden]"),
        ("authorization: Basic Zm9vOmJhcg==", "authorization: Basic [hidden]"),
        ("sent bearer abcdefgh to it", "sent bearer [hidden] to it"),
        ("the key sk-proj-abcdefghijklmnop is", "the key [hidden] is"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.e30.x", "jwt [hidden]"),
        ("mqtts://me:s3cr3t@host:8883", "mqtts://me:[hidden]@host:8883"),
        ("secret='ümlaut-äöü'", "secret='[hidden]'"),
        // Not secrets.
        ("max_tokens: 128000", "max_tokens: 128000"),
        ("password: too short", "password: too short"),
        ("the token is missing", "the token is missing"),
        ("http://host:8080/path@x", "http://host:8080/path@x"),
        ("basic training", "basic training"),
        ("task-manager-service", "task-manager-service"),
        ("", ""),
    ];
    for (text, wanted) in cases {
        assert_eq!(Redactor::default().text(text), wanted, "{text}");
    }
}

#[test]
fn fields_named_for_a_secret_are_hidden_whole() {
    let redactor = Redactor::default();
    for name in ["token", "apiKey", "httpPassword", "mqtt_secret", "AUTHORIZATION"] {
        assert_eq!(*redactor.value(name, &json!("x")), json!("[hidden]"), "{name}");
    }
    for (name, value) in [("tokens", json!("x")), ("token", json!(7)), ("path", json!("/x"))] {
        assert_eq!(*redactor.value(name, &value), value, "{name}");
    }
}

#[test]
fn secrets_that_are_known_are_hidden_wherever_they_stand() {
    let redactor = Redactor::default();
    redactor.know(vec!["correct horse".into(), "abc".into(), "".into()]);
    assert_eq!(redactor.text("xxcorrect horsexx abc"), "xx[hidden]xx abc");
    redactor.know(vec!["correct".into(), "correct horse".into()]);
    assert_eq!(redactor.text("correct horse"), "[hidden]", "one that begins with another");
    redactor.know(Vec::new());
    assert_eq!(redactor.text("correct horse"), "correct horse");
}

proptest! {
    #[test]
    fn any_text_can_be_looked_through(text in "\\PC*", mark in "(token=|bearer |://a:|sk-|secret: \")") {
        let redactor = Redactor::default();
        let _ = redactor.text(&format!("{text}{mark}{text}"));
        let hidden = redactor.text(&format!("{text} token=abcdefgh1234")).into_owned();
        prop_assert!(!hidden.contains("abcdefgh1234"));
    }
}
