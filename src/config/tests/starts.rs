use super::Home;
use crate::config::refuse::{Refusal, Unconfigured, check_start};

fn start(home: &Home, unconfigured: Unconfigured) -> Result<(), Refusal> {
    check_start(&home.load().unwrap(), &home.paths(), unconfigured)
}

#[test]
fn without_a_config_the_error_names_setup_and_what_was_found() {
    let home = Home::new();
    for other in [".nanobot", ".clawdbot"] {
        std::fs::create_dir(home.path(other)).unwrap();
    }
    let error = start(&home, Unconfigured::Refused).unwrap_err().to_string();
    assert!(error.contains("callboard setup") && error.contains(".clawdbot, ") && error.contains(".nanobot"), "{error}");
    assert!(!error.contains(".openclaw"), "{error}");
    assert_eq!(start(&home.var("CALLBOARD_GATEWAY_TOKEN", "x"), Unconfigured::Allowed), Ok(()));
}

#[test]
fn what_may_not_start_is_refused() {
    for (text, wanted) in [
        ("{ gateway: { auth: { token: 'x' } } }", Ok(())),
        ("{ gateway: { bind: 'lan', auth: { password: 'x' } } }", Ok(())),
        ("{}", Err(Refusal::NoSecret)),
        ("{ gateway: { auth: { token: ' ' } } }", Err(Refusal::NoSecret)),
        ("{ gateway: { bind: 'lan' } }", Err(Refusal::Open)),
        ("{ gateway: { bind: 'auto' } }", Err(Refusal::Open)),
        ("{ gateway: { mode: 'remote', auth: { token: 'x' } } }", Err(Refusal::Remote)),
    ] {
        assert_eq!(start(&Home::new().config(text), Unconfigured::Refused), wanted, "{text}");
    }
}
