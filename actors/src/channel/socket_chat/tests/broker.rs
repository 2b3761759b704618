use serde_json::{Value, json};

use super::super::broker::{AnswerError, Broker, Encryption, matches};

fn answer() -> Value {
    json!({
        "host": "mqtt.example", "port": "1883", "username": "u", "password": "p4ssw0rd", "clientId": "c", "reciveTopic": "in/1",
        "sendTopic": "out/1", "robotId": "wxid_robot", "userId": "7"
    })
}

#[test]
fn each_of_the_nine_fields_is_refused_by_name() {
    for field in ["host", "port", "username", "password", "clientId", "reciveTopic", "sendTopic", "robotId", "userId"] {
        for odd in [None, Some(json!("")), Some(json!("  ")), Some(json!(null)), Some(json!({})), Some(json!("a\u{0}"))] {
            let mut answer = answer();
            match &odd {
                None => drop(answer.as_object_mut().unwrap().remove(field)),
                Some(value) => answer[field] = value.clone(),
            }
            let error = Broker::read(&answer, Encryption::Plain).expect_err(field);
            assert_eq!(error.to_string(), format!("missing or invalid field \"{field}\" in response"), "{odd:?}");
        }
    }
}

#[test]
fn a_port_is_a_text_or_a_number() {
    for (port, expected) in [
        (json!("8883"), Some(8883)),
        (json!(8883), Some(8883)),
        (json!(0), None),
        (json!(70000), None),
        (json!("x"), None),
        (json!(1.5), None),
    ] {
        let mut answer = answer();
        answer["port"] = port.clone();
        assert_eq!(Broker::read(&answer, Encryption::Plain).ok().map(|broker| broker.port), expected, "{port}");
    }
}

#[test]
fn a_host_with_a_scheme_says_how_it_is_reached() {
    let cases = [
        ("h.example", Encryption::Plain, Ok("mqtt://h.example:1883")),
        ("h.example", Encryption::Tls, Ok("mqtts://h.example:1883")),
        ("mqtt://h.example", Encryption::Tls, Ok("mqtt://h.example:1883")),
        ("TCP://h.example/", Encryption::Tls, Ok("mqtt://h.example:1883")),
        ("mqtts://h.example", Encryption::Plain, Ok("mqtts://h.example:1883")),
        ("ssl://h.example", Encryption::Plain, Ok("mqtts://h.example:1883")),
        ("wss://h.example", Encryption::Plain, Err(AnswerError::Scheme("wss".into()))),
        ("mqtt://", Encryption::Plain, Err(AnswerError::Field("host"))),
        ("mqtt://me@h.example", Encryption::Plain, Err(AnswerError::Field("host"))),
        ("[::1]", Encryption::Plain, Ok("mqtt://[::1]:1883")),
        ("mqtts://::1", Encryption::Plain, Ok("mqtts://[::1]:1883")),
        ("h.example:1883", Encryption::Plain, Err(AnswerError::Field("host"))),
        ("h.example/mqtt", Encryption::Plain, Err(AnswerError::Field("host"))),
    ];
    for (host, unsaid, expected) in cases {
        let mut answer = answer();
        answer["host"] = json!(host);
        assert_eq!(Broker::read(&answer, unsaid).map(|broker| broker.url()), expected.map(str::to_owned), "{host}");
    }
}

#[test]
fn topics_have_to_be_topics() {
    for (field, topic, sound) in [
        ("reciveTopic", "a/+/b", true),
        ("reciveTopic", "a/#", true),
        ("reciveTopic", "#/a", false),
        ("reciveTopic", "a+/b", false),
        ("sendTopic", "a/+", false),
        ("sendTopic", "a/b", true),
    ] {
        let mut answer = answer();
        answer[field] = json!(topic);
        assert_eq!(Broker::read(&answer, Encryption::Plain).is_ok(), sound, "{field} {topic}");
    }
}

#[test]
fn filters_match_as_mqtt_says() {
    let cases = [
        ("a/b", "a/b", true),
        ("a/b", "a/c", false),
        ("a/b", "a/+", true),
        ("a/b/c", "a/+", false),
        ("a", "a/#", true),
        ("a/b/c", "a/#", true),
        ("b", "a/#", false),
        ("a//c", "a/+/c", true),
        ("$SYS/x", "#", false),
        ("$SYS/x", "$SYS/#", true),
        ("房间/一", "房间/+", true),
        ("", "+", true),
    ];
    for (topic, filter, expected) in cases {
        assert_eq!(matches(topic, filter), expected, "{topic} {filter}");
    }
    let mut exact = answer();
    exact["reciveTopic"] = json!("in/1");
    let broker = Broker::read(&exact, Encryption::Plain).unwrap();
    assert!(broker.takes("in/1") && !broker.takes("in/1/x") && !broker.takes("in"));
}

#[test]
fn the_password_is_never_shown() {
    let broker = Broker::read(&answer(), Encryption::Plain).unwrap();
    assert!(!format!("{broker:?}").contains("p4ssw0rd"));
}
