use serde_json::json;

use super::{Stage, as_json, wire};
use crate::config::Overrides;
use crate::config::tests::Home;

/// Secrets wherever one can stand. Every one of them has `sesame` in it.
const EVERYWHERE: &str = "// old token: sesame-comment
{
  gateway: {
    auth: { token: 'sesame-token', password: 'sesame-password', mode: 'token' },
    remote: { url: 'wss://far.example.org', token: 'sesame-remote' },
  },
  models: { providers: {
    p: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sesame-provider', headers: { 'X-Custom': 'sesame-header' } },
    q: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: '${PROVIDER_KEY}' },
  } },
  agents: { list: [
    { id: 'a', systemPrompt: 'use sesame-provider, or Bearer sesame-bearer-0123456789, at https://u:sesame-url@h/' },
    { id: 'b', name: '${NAME_KEY}' },
    { id: 'c', systemPrompt: 'sesame-name is no variable here' },
  ] },
  hooks: { token: 'sesame-hooks', mappings: [{ id: 'm', token: 'sesame-mapping' }] },
  env: { vars: { OTHER: 'sesame-var' }, PLAIN: 'sesame-env' },
  web: { proxy: 'http://user:sesame-proxy@h:1/x?a=b&api_key=sesame-query', other: 'https://u:sesame-url@h/' },
  channels: { telegram: { botToken: 'sesame-bot', webhookSecret: 'sesame-webhook', accounts: { x: { pin: { password: 123456 } } } } },
}
";

fn everywhere() -> Stage {
    let home = Home::new().var("PROVIDER_KEY", "sesame-variable").var("NAME_KEY", "sesame-name").config(EVERYWHERE);
    Stage::with(home, Overrides { token: Some("sesame-flag".into()), ..Overrides::default() })
}

#[test]
fn no_answer_has_a_secret_in_it() {
    let stage = everywhere();
    let view = stage.desk.get();
    assert_eq!(view.issues, [], "the file is sound");
    let clean = |text: &str| assert!(!text.contains("sesame") && !text.contains("123456"), "{text}");
    clean(&as_json(&view).to_string());
    let raw = view.raw.clone().expect("its text");
    assert!(raw.contains("'${PROVIDER_KEY}'"), "the name of a variable is no secret: {raw}");
    assert_eq!(view.config["agents"]["list"][1]["name"], "${NAME_KEY}", "what it holds may be one");
    let written = stage.patch("{ session: { mainKey: 'other' } }").unwrap();
    clean(&wire(&written).to_string());
    clean(&serde_json::to_string(&stage.desk.schema()).unwrap());
    clean(&format!("{:?}", stage.desk));
}

#[test]
fn the_log_knows_every_secret() {
    let secrets = everywhere().home.load().unwrap().secrets();
    let known: Vec<_> = secrets.iter().map(secrecy::ExposeSecret::expose_secret).collect();
    let names = "token password remote provider header variable url hooks mapping var env proxy query bot webhook";
    for name in names.split(' ') {
        assert!(known.contains(&format!("sesame-{name}").as_str()), "{name}");
    }
}

#[test]
fn no_error_has_a_secret_in_it() {
    let stage = everywhere();
    let long = "sesame-".repeat(20);
    let stage_with_long = Stage::new(
        Home::new().var("LONG", &long).var("SHORT", "sesame-name").config("{ gateway: { auth: { token: 'sesame-token' } } }"),
    );
    for (stage, raw) in [
        (&stage, "{ gateway: { bind: '${NAME_KEY}' } }"),
        (&stage, "{ agents: { defaults: { model: '${PROVIDER_KEY}' } } }"),
        (&stage, "{ agents: { defaults: { model: 'sesame-provider' } } }"),
        (&stage, "{ bindings: [{ agentId: '${NAME_KEY}', match: { channel: 'socket-chat' } }] }"),
        (&stage, "{ gateway: { auth: { token: ['sesame-token'] } } }"),
        (&stage, "{ gateway: { port: '${NAME_KEY}' } }"),
        (&stage, "{ logging: { level: '${MISSING}' } }"),
        (&stage_with_long, "{ gateway: { bind: '${LONG}' } }"),
        (&stage_with_long, "{ gateway: { bind: 'x${SHORT}y' } }"),
    ] {
        let error = stage.patch(raw).expect_err(raw);
        let told = format!("{error} {:?}", error.details());
        assert!(!told.contains("sesame"), "{raw}: {told}");
    }
}

#[test]
fn what_was_shown_can_be_sent_back_and_nothing_is_lost() {
    let stage = everywhere();
    let raw = stage.desk.get().raw.unwrap();
    let written = stage.set(&raw).unwrap();
    assert!(!written.changed, "{}", stage.text());
    assert_eq!(stage.text(), EVERYWHERE);
    // Changed beside its secrets.
    let sent = raw.replace("mode: 'token'", "mode: 'password'").replace("id: 'a'", "id: 'a', name: 'A'");
    stage.set(&sent).unwrap();
    let wanted = EVERYWHERE.replace("mode: 'token'", "mode: 'password'").replace("id: 'a'", "id: 'a', name: 'A'");
    assert_eq!(stage.text(), wanted);
}

#[test]
fn the_whole_configuration_can_be_sent_back_as_a_form_does() {
    let stage = everywhere();
    let form = stage.desk.get().config;
    stage.set(&serde_json::to_string_pretty(&form).unwrap()).map_err(|error| error.details()).unwrap();
    let tree: serde_json::Value = json5::from_str(&stage.text()).unwrap();
    assert_eq!(tree["models"]["providers"]["p"]["apiKey"], "sesame-provider");
    assert_eq!(tree["models"]["providers"]["q"]["apiKey"], "${PROVIDER_KEY}");
    assert_eq!(tree["gateway"]["auth"]["token"], "sesame-token", "the file's own, not the flag's");
    assert!(!stage.text().contains("redacted") && !stage.text().contains("hidden"), "{}", stage.text());
}

/// A form is in JSON, which is YAML between braces: what needs no quotes on a line of its own needs them there.
#[test]
fn a_form_gets_the_quotes_that_yaml_asks_for() {
    for secret in ["sesame-a${WORD}", "sesame-a,b", "sesame-]x"] {
        let text = format!("web: {{}}\ngateway:\n  auth:\n    token: {secret}\n");
        let stage = Stage::new(Home::new().var("WORD", "word").file("callboard.yaml", &text));
        let view = stage.desk.get();
        stage.set(&view.raw.unwrap()).unwrap();
        assert_eq!(stage.text(), text, "as it was written, where that says the same");
        stage.set(&view.config.to_string()).unwrap();
        let tree: serde_json::Value = serde_saphyr::from_str(&stage.text()).unwrap();
        assert_eq!(tree["gateway"]["auth"]["token"], secret);
    }
}

#[test]
fn a_secret_of_the_environment_does_not_get_into_the_file() {
    let home = Home::new().var("CALLBOARD_GATEWAY_TOKEN", "sesame-token").config("{}");
    let stage = Stage::new(home);
    let form = stage.desk.get().config;
    assert_eq!(form["gateway"]["auth"]["token"], "[redacted]");
    stage.set(&form.to_string()).unwrap();
    assert!(!stage.text().contains("sesame") && !stage.text().contains("redacted"), "{}", stage.text());
    let stage = Stage::new(
        Home::new().config("{ gateway: { $include: 'g.json' } }").file("g.json", "{ auth: { token: 'sesame-token' } }"),
    );
    // The form has lost the `$include`, and with it the secret.
    let form = stage.desk.get().config;
    let error = stage.set(&form.to_string()).unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "gateway.auth.token");
}

const LISTS: &str = "{
  gateway: { auth: { token: 'sesame-token' } },
  hooks: { mappings: [
    { id: 'one', token: 'sesame-one', to: 'x' }, { id: 'two', token: 'sesame-two' },
    { token: 'sesame-three' }, { token: 'sesame-four' }, { token: 'sesame-five', to: 'y' },
  ] },
  web: { proxy: 'http://user:sesame-proxy@h:1/x', tokens: { token: ['sesame-a', 'sesame-b'] } },
}";

#[test]
fn secrets_in_lists_stay_with_their_owners() {
    let mapping = |stage: &Stage| json5::from_str::<serde_json::Value>(&stage.text()).unwrap()["hooks"]["mappings"].clone();
    let stage = Stage::config(LISTS);
    // In another order, one changed, one gone.
    let sent = "{ hooks: { mappings: [{ id: 'two', token: '[redacted]', to: 'z' }, { id: 'one', token: '[redacted]', to: 'x' },
        { token: '[redacted]', to: 'y' }, { id: 'new', token: 'sesame-new' }] } }";
    stage.patch(sent).unwrap();
    let wanted = json!([
        { "id": "two", "token": "sesame-two", "to": "z" }, { "id": "one", "token": "sesame-one", "to": "x" },
        { "token": "sesame-five", "to": "y" }, { "id": "new", "token": "sesame-new" },
    ]);
    assert_eq!(mapping(&stage), wanted);
}

#[test]
fn a_secret_whose_owner_cannot_be_told_is_refused() {
    for (sent, path) in [
        // Two look the same.
        ("{ hooks: { mappings: [{ token: '[redacted]' }] } }", "hooks.mappings[0].token"),
        // Nobody had this id.
        ("{ hooks: { mappings: [{ id: 'six', token: '[redacted]' }] } }", "hooks.mappings[0].token"),
        // Twice the same id.
        (
            "{ hooks: { mappings: [{ id: 'one', token: '[redacted]' }, { id: 'one', token: '[redacted]' }] } }",
            "hooks.mappings[0].token",
        ),
        ("{ hooks: { mappings: [{ token: '[redacted]', to: 'x' }] } }", "hooks.mappings[0].token"),
        ("{ web: { tokens: { token: ['[redacted]'] } } }", "web.tokens.token[0]"),
        ("{ hooks: { token: '[redacted]' } }", "hooks.token"),
        ("{ gateway: { auth: { token: 'x[redacted]' } } }", "gateway.auth.token"),
        // The secret of one host is not sent to another.
        ("{ web: { proxy: 'http://user:[redacted]@evil:1/x' } }", "web.proxy"),
        ("{ web: { proxy: 'http://other:[redacted]@h:1/x' } }", "web.proxy"),
        ("{ web: { proxy: 'https://user:[redacted]@h:1/x' } }", "web.proxy"),
        ("{ web: { other: 'http://user:[redacted]@h:1/x' } }", "web.other"),
    ] {
        let stage = Stage::config(LISTS);
        let error = stage.patch(sent).expect_err(sent);
        assert_eq!(Stage::issues(&error)[0].0, path, "{sent}: {error:?}");
        assert_eq!(stage.text(), LISTS);
    }
}

#[test]
fn an_address_can_change_around_its_secret() {
    let stage = Stage::config(LISTS);
    stage.patch("{ web: { proxy: 'http://user:[redacted]@h:1/other?x=y' } }").unwrap();
    assert!(stage.text().contains("http://user:sesame-proxy@h:1/other?x=y"), "{}", stage.text());
    stage.patch("{ web: { proxy: 'http://user:sesame-new@h:1/' } }").unwrap();
    assert!(stage.text().contains("http://user:sesame-new@h:1/"), "{}", stage.text());
}

#[test]
fn a_text_that_only_looks_like_a_placeholder_is_a_text() {
    let stage = Stage::config(LISTS);
    stage.patch("{ agents: { list: [{ id: 'a', name: 'the [redacted] one' }] } }").unwrap_err();
    stage.patch("{ agents: { defaults: { systemPrompt: 'write [redacted] for names' } } }").unwrap();
    stage.patch("{ agents: { defaults: { systemPrompt: 'write [redacted] for all names' } } }").unwrap();
}
