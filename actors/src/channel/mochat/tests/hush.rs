use secrecy::SecretString;

use super::super::hush::{check, hush};

#[test]
fn no_token_is_said() {
    let own: SecretString = "claw_short1".to_owned().into();
    for (text, expected) in [
        ("hello", "hello"),
        ("my token is claw_short1.", "my token is [token removed]."),
        ("claw_0123456789abcdef0123!", "[token removed]!"),
        ("a claw_machine and claw_ and claw_12", "a claw_machine and claw_ and claw_12"),
        ("claw_claw_0123456789abcdef", "claw_[token removed]"),
        ("ä claw_0123456789ABCDEFé", "ä [token removed]é"),
    ] {
        assert_eq!(hush(text, &own), expected);
    }
}

#[test]
fn what_cannot_be_a_token_is_said_without_it() {
    for (token, fine) in
        [("claw_0a1b", true), ("claw_test-1", true), ("claw_", false), ("", false), ("0a1b", false), ("claw_a b", false)]
    {
        let checked = check(&token.to_owned().into());
        assert_eq!(checked.is_ok(), fine, "{token}");
    }
}
