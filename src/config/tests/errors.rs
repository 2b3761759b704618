use super::Home;
use crate::config::{ConfigError, KeyPath, schema};

/// Checks what a file's text is answered with.
fn check(text: &str, wanted: &str) {
    assert_eq!(Home::new().config(text).error(), wanted, "for {text}");
}

#[test]
fn each_error_names_place_and_mend() {
    check("{\n  gateway: {\n    prot: 1 } }", "callboard.json:3: gateway.prot: unknown key, did you mean `gateway.port`?");
    check("{ token: 'x' }", "callboard.json:1: token: unknown key, did you mean `gateway.auth.token`?");
    check(
        "{ gateway: { faults: { zzzzzzzzz: 1 } } }",
        "callboard.json:1: gateway.faults.zzzzzzzzz: unknown key, known here: enabled",
    );
    check("{ gateway: { port: 70000 } }", "callboard.json:1: gateway.port: 70000 is out of bounds: choose 0 to 65535");
    check("{ gateway: { port: 'x' } }", "callboard.json:1: gateway.port: has to be a whole number, not a text");
    check("{ gateway: { port: 1.5 } }", "callboard.json:1: gateway.port: has to be a whole number, not a number");
    check("{ gateway: [] }", "callboard.json:1: gateway: has to be an object, not a list");
    check(
        "{ gateway: { bind: 'loopbak' } }",
        "callboard.json:1: gateway.bind: \"loopbak\" is not one of \"loopback\", \"lan\", \"tailnet\", \"auto\", \"custom\", did you mean \"loopback\"?",
    );
    check(
        "{ gateway: { bind: 'custom' } }",
        "callboard.json:1: gateway.customBindHost: has to be the IP address to listen on, for example \"192.0.2.7\", with `bind: \"custom\"`",
    );
    check("{ agents: { list: [{ name: 'x' }] } }", "callboard.json:1: agents.list[0].id: is missing");
    check(
        "{ agents: { list: [{ id: 'Ops' }] } }",
        "callboard.json:1: agents.list[0].id: has to be 1 to 64 of a-z, 0-9, `-` and `_`, a letter or digit first",
    );
    check(
        "{ bindings: [{ agentId: 'mian', match: { channel: 'socketchat' } }] }",
        "callboard.json:1: bindings[0].agentId: no agent has the id `mian`, did you mean `main`?\n\
         callboard.json:1: bindings[0].match.channel: no integration is called `socketchat`, did you mean `socket-chat`?",
    );
    // What an agent leaves open, the defaults say.
    check(
        "{ agents: { defaults: { humanDelay: { mode: 'custom', maxMs: 900 } }, list: [{ id: 'a', humanDelay: { minMs: 1000 } }] } }",
        "callboard.json:1: agents.list[0].humanDelay.maxMs: is less than minMs (1000): raise it, or lower minMs",
    );
    check(
        "{ agents: { defaults: { model: 'gpt' } } }",
        "callboard.json:1: agents.defaults.model: no model \"gpt\" is configured; ask for one of echo, or add it under models.providers",
    );
    check(
        "{ models: { providers: { p: { baseUrl: 'http://x/v1', models: ['m'] } } }, agents: { list: [{ id: 'a', model: 'p/n' }] } }",
        "callboard.json:1: agents.list[0].model: no model \"p/n\" is configured; ask for one of p/m, echo, or add it under models.providers",
    );
    check(
        "{ models: { providers: { p: { baseUrl: 'ftp://x' } } } }",
        "callboard.json:1: models.providers.p.baseUrl: has to be an http or https address without user and password, for example \"https://api.openai.com/v1\"",
    );
    check(
        "{ gateway: { controlUi: { allowedOrigins: ['x.org/y'] } } }",
        "callboard.json:1: gateway.controlUi.allowedOrigins[0]: has to be an origin as browsers write it, for example \"https://bot.example.org\"",
    );
    check(
        "{ gateway: { http: { hosts: ['x:1'] } } }",
        "callboard.json:1: gateway.http.hosts[0]: has to be a host's name without scheme and port, for example \"bot.example.org\"",
    );
    check("{ gateway: { auth: { token: 5 } } }", "callboard.json:1: gateway.auth.token: has to be a text, not a whole number");
    check("{ tools: { alow: [] } }", "callboard.json:1: tools.alow: unknown key, did you mean `tools.allow`?");
    check(
        "{ agents: { list: [{ id: 'a', tools: { denny: [] } }] } }",
        "callboard.json:1: agents.list[0].tools.denny: unknown key, did you mean `agents.list[0].tools.deny`?",
    );
    check(
        "{ channels: { telegarm: {} } }",
        "callboard.json:1: channels.telegarm: unknown key, did you mean `channels.telegram`?",
    );
    check(
        "{ gateway: { port: 1,\n port: 2 } }",
        "callboard.json:2: gateway.port: stands here and on line 1: keep one of the two",
    );
    check(
        "{ gateway: { auth: { token: '${NOPE}' } } }",
        "callboard.json:1: gateway.auth.token: the variable NOPE is missing or empty: set it or put it into `.env` (both are read when the process starts), or write $${NOPE} for the text itself",
    );
    check("[]", "callboard.json:1: the file has to hold an object: `{ … }`");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let error = Home::new().config("{ gateway: { prot: 1, bind: 1 }, sesion: {} }").error();
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn errors_come_in_the_order_of_the_file() {
    let error = Home::new().config("{\n session: { mainKey: 1 },\n gateway: { port: -1 },\n zzz: 1 }").error();
    let lines: Vec<_> = error.lines().filter_map(|line| line.split(':').nth(1)).collect();
    assert_eq!(lines, ["2", "3", "4"], "{error}");
}

#[test]
fn broken_syntax_has_its_line() {
    let error = Home::new().config("{\n  gateway: {\n    port 1\n").error();
    assert!(error.starts_with("callboard.json:3: "), "{error}");
    let error = Home::new().file("callboard.yaml", "gateway:\n  port: [1\n").error();
    assert!(error.starts_with("callboard.yaml:"), "{error}");
}

#[test]
fn yaml_errors_have_the_line_of_the_key() {
    let home = Home::new().file("callboard.yaml", "# c\ngateway:\n  auth:\n    token: x\n  prot: 1\n");
    assert_eq!(home.error(), "callboard.yaml:5: gateway.prot: unknown key, did you mean `gateway.port`?");
}

#[test]
fn a_wrong_variable_is_named() {
    let home = Home::new().var("CALLBOARD_GATEWAY_PORT", "many").config("{}");
    assert_eq!(home.error(), "CALLBOARD_GATEWAY_PORT: `many` is not a port: choose 0 to 65535, or unset it");
}

#[test]
fn includes_that_lead_nowhere_are_named() {
    let home = Home::new().config("{ gateway: { $include: 'a.json' } }").file("a.json", "{ $include: 'callboard.json' }");
    let error = home.error();
    assert!(
        error.starts_with("a.json: gateway[\"$include\"]: files include each other in a circle: ") || error.contains("circle"),
        "{error}"
    );
    let error = Home::new().config("{ $include: 'gone.json' }").error();
    assert!(error.contains("gone.json does not exist"), "{error}");
    let error = Home::new().config("{ $include: 5 }").error();
    assert!(error.contains("has to be a file's name"), "{error}");

    let mut home = Home::new().config("{ $include: '0.json' }");
    for depth in 0..12 {
        home = home.file(&format!("{depth}.json"), &format!("{{ $include: '{}.json' }}", depth + 1));
    }
    assert!(home.error().contains("more than 10 deep"), "{}", home.error());
}

#[test]
fn an_error_in_an_included_file_is_told_there() {
    let home = Home::new().config("{ gateway: { $include: 'g.json' } }").file("g.json", "{\n\n prot: 1 }");
    assert_eq!(home.error(), "g.json:3: gateway.prot: unknown key, did you mean `gateway.port`?");
}

#[test]
fn hostile_files_are_refused_and_nothing_more() {
    for text in [
        "[".repeat(100_000),
        format!("{{a:{}", "{a:".repeat(100_000)),
        "{gateway:{port:1e999}}".to_owned(),
        "\u{0}".to_owned(),
        "{ gateway: { port: 99999999999999999999999999 } }".to_owned(),
        "{ gateway: { port: NaN } }".to_owned(),
        "{ gateway: null }".to_owned(),
        "{ '': 1 }".to_owned(),
    ] {
        assert!(Home::new().config(&text).load().is_err(), "{}", text.chars().take(40).collect::<String>());
    }
    let home = Home::new().config("{}");
    std::fs::write(&home.paths().config_file, [b'{', b'\n', 0xff, b'}']).unwrap();
    assert_eq!(home.error(), "callboard.json:2: not UTF-8: save the file as UTF-8");
    std::fs::write(&home.paths().config_file, vec![b' '; 5 << 20]).unwrap();
    assert!(matches!(home.load(), Err(ConfigError::TooLarge { .. })));
}

#[test]
fn yaml_bombs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let refs = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
    }
    assert!(Home::new().file("callboard.yaml", &text).load().is_err());
}

#[test]
fn no_error_shows_a_secret() {
    let home = Home::new().config("{ gateway: { auth: { token: ['sesame'], password: { a: 'sesame' }, mode: 'sesamee' } } }");
    assert!(!home.error().contains("'sesame'") && !home.error().contains("\"sesame\""), "{}", home.error());
}

#[test]
fn the_schema_knows_the_references_keys() {
    let path = |text: &str| text.parse::<KeyPath>().unwrap();
    for known in
        ["gateway.auth.token", "models.providers.x.models[0].id", "bindings[0].match.peer.kind", "gateway.tls.enabled", "env"]
    {
        assert!(schema::at(&path(known)).is_some(), "{known}");
    }
    assert!(schema::at(&path("gateway.nope")).is_none());
    assert!(schema::takes_text(&path("gateway.auth.token")));
    assert!(!schema::takes_text(&path("gateway.port")));
}
