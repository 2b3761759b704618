use super::*;

#[test]
fn secrets_are_hidden_whole_and_in_pieces() {
    let url = Url::parse("https://api.example.com/v1?key=que%2Fry-secret&v=2&api=1.0").unwrap();
    let keys = ["sk-key".into(), "abc".into()];
    let headers = ["Bearer bearer-token-1", "session=cookie-secret-2; theme=dark", "tiny", "xx bearer-token-1-and-more"];
    let secrets = Secrets::new(&keys, &headers.map(SecretString::from), &url);
    let cases = [
        ("key sk-key refused", "key *** refused"),
        ("abc is too short to be one", "abc is too short to be one"),
        ("Bearer bearer-token-1", "***"),
        ("the token bearer-token-1 is void", "the token *** is void"),
        ("bearer-token-1-and-more", "***"),
        ("a Bearer is wanted", "a Bearer is wanted"),
        ("no session cookie-secret-2 with theme dark", "no session *** with theme dark"),
        ("tiny", "***"),
        ("key que/ry-secret", "key ***"),
        ("?key=que%2Fry-secret&v=2", "?key=***&v=2"),
    ];
    for (text, redacted) in cases {
        assert_eq!(secrets.redact(text), redacted);
    }
    assert!(!format!("{secrets:?}").contains("secret-2"));
}
