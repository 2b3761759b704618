use super::super::target::parse;

#[test]
fn whole_keys_of_sessions_are_targets() {
    let cases = [
        ("agent:main:main", "agent:main:main"),
        (" webchat:agent:main:main ", "agent:main:main"),
        ("WebChat: Agent:Main:Dm:Ann", "agent:main:dm:ann"),
        ("agent:main:socket-chat:dm:wxid_1", "agent:main:socket-chat:dm:wxid_1"),
    ];
    for (text, key) in cases {
        assert_eq!(parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).as_str(), key);
    }
}

#[test]
fn anything_else_is_none() {
    let long = format!("agent:main:{}", "x".repeat(600));
    for text in ["", "main", "agent:", "agent::x", "agent:main", "agent:main:", "webchat:", "wxid_1", "agent:main:a\nb", &long]
    {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.starts_with("Invalid webchat target: ") && error.contains("agent:main:main"), "{error}");
        assert!(error.len() < 300, "{error}");
    }
}
