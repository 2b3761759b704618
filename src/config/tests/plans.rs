use super::config;
use crate::config::reload::{Reload, class_of, plan};

#[test]
fn changes_are_sorted_by_what_they_need() {
    let old = config("{ gateway: { port: 1 }, session: { passivateSec: 5 } }");
    let new =
        config("{ gateway: { port: 2, remote: { url: 'http://x' } }, session: { passivateSec: 6 }, hooks: { enabled: true } }");
    let plan = plan(&old, &new);
    let texts = |paths: &[crate::config::KeyPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&plan.gateway), ["gateway.port"]);
    assert_eq!(texts(&plan.hot), ["session.passivateSec"]);
    assert!(plan.accounts.is_empty());
}

#[test]
fn nothing_changed_is_nothing_to_do() {
    let text = "{ gateway: { port: 1, auth: { token: 'x' } } }";
    assert!(plan(&config(text), &config(text)).is_empty());
}

#[test]
fn the_first_prefix_wins() {
    for (path, class) in [
        ("gateway.remote.url", Reload::None),
        ("gateway.port", Reload::Gateway),
        ("gateway.bind", Reload::Gateway),
        ("gateway.auth.token", Reload::Hot),
        ("gateway.http.hosts", Reload::Hot),
        ("gateway.controlUi.allowedOrigins", Reload::Hot),
        ("gateway.trustedProxies", Reload::Hot),
        ("gateway.reload.mode", Reload::Hot),
        ("commands.restart", Reload::Hot),
        ("gatewayx", Reload::None),
        ("logging.level", Reload::Hot),
        ("channels.socket-chat.accounts.*.apiKey", Reload::Account),
        ("bindings[].agentId", Reload::Hot),
        ("hooks.token", Reload::None),
    ] {
        assert_eq!(class_of(path), class, "{path}");
    }
}
