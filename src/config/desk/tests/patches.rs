use serde_json::{Value, json};

use super::Stage;
use crate::config::desk::DeskError;
use crate::config::desk::patch::veiled;
use crate::config::desk::standing::Standing;
use crate::config::edit::{Change, EditError};
use crate::config::tests::Home;
use crate::config::{KeyPath, Overrides};

const OLD: &str = "// first
{
  // the port
  gateway: { port: 1, /* inside */ bind: 'lan', auth: { token: 'sesame-token' } }, // behind
  agents: { list: [
    { id: 'a' }, // the first
    { id: 'b', name: 'Bee' },
  ] },
}
";

/// Patches a text and compares the tree; the comments named have to stay.
fn check(patch: &str, wanted: Value, comments: &[&str]) {
    let stage = Stage::config(OLD);
    stage.patch(patch).unwrap_or_else(|error| panic!("{patch}: {error} {:?}", error.details()));
    let text = stage.text();
    let mut tree: Value = json5::from_str(&text).unwrap();
    tree["gateway"]["auth"].as_object_mut().unwrap().shift_remove("token").unwrap();
    if tree["gateway"]["auth"] == json!({}) {
        tree["gateway"].as_object_mut().unwrap().shift_remove("auth");
    }
    assert_eq!(tree, wanted, "{patch}");
    comments.iter().for_each(|comment| assert!(text.contains(comment), "{comment} in {text}"));
}

const ALL: &[&str] = &["// first", "// the port", "/* inside */", "// behind"];

#[test]
fn a_patch_lays_objects_over_objects_and_keeps_comments() {
    let list = json!([{ "id": "a" }, { "id": "b", "name": "Bee" }]);
    check("{ gateway: { port: 2 } }", json!({ "gateway": { "port": 2, "bind": "lan" }, "agents": { "list": list } }), ALL);
    check(
        "{ gateway: { bind: null, auth: { mode: 'token' } } }",
        json!({ "gateway": { "port": 1, "auth": { "mode": "token" } }, "agents": { "list": list } }),
        &["// first", "// the port", "// behind"],
    );
    check(
        "{ session: { mainKey: 'x', identityLinks: { ann: ['socket-chat:a'], bob: null } } }",
        json!({
            "gateway": { "port": 1, "bind": "lan" }, "agents": { "list": list },
            "session": { "mainKey": "x", "identityLinks": { "ann": ["socket-chat:a"] } },
        }),
        ALL,
    );
    check("{ agents: null }", json!({ "gateway": { "port": 1, "bind": "lan" } }), ALL);
    check("{}", json!({ "gateway": { "port": 1, "bind": "lan" }, "agents": { "list": list } }), ALL);
    check("{ session: null }", json!({ "gateway": { "port": 1, "bind": "lan" }, "agents": { "list": list } }), ALL);
}

#[test]
fn lists_are_replaced_and_what_stays_in_them_is_not_touched() {
    let gateway = json!({ "port": 1, "bind": "lan" });
    let more = "{ agents: { list: [{ id: 'a' }, { id: 'b', name: 'Cee' }, { id: 'c' }] } }";
    let list = json!([{ "id": "a" }, { "id": "b", "name": "Cee" }, { "id": "c" }]);
    check(more, json!({ "gateway": gateway, "agents": { "list": list } }), &["// the first", "// behind"]);
    check("{ agents: { list: [{ id: 'b' }] } }", json!({ "gateway": gateway, "agents": { "list": [{ "id": "b" }] } }), ALL);
    check("{ agents: { list: [] } }", json!({ "gateway": gateway, "agents": { "list": [] } }), ALL);
}

#[test]
fn a_patch_is_an_object() {
    let stage = Stage::config(OLD);
    for raw in ["[]", "5", "null", "'x'", ""] {
        let error = stage.patch(raw).unwrap_err();
        assert_eq!(error.to_string(), "config.patch raw must be an object", "{raw}");
    }
    assert!(matches!(stage.patch("{ a: "), Err(DeskError::Syntax(_))));
    let error = stage.patch("{ gateway: { port: 1, port: 2 } }").unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "gateway.port");
    assert_eq!(stage.text(), OLD);
}

#[test]
fn a_patch_that_makes_no_sound_configuration_is_refused() {
    let stage = Stage::config(OLD);
    let error = stage.patch("{ gateway: { prot: 3 } }").unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "gateway.prot");
    let error = stage.patch("{ agents: { list: [{ name: 'x' }] } }").unwrap_err();
    assert_eq!(Stage::issues(&error)[0].0, "agents.list[0].id");
    assert_eq!(stage.text(), OLD);
}

#[test]
fn what_to_change_by_hand_has_no_secret_in_it() {
    let stage = Stage::config(OLD);
    let (paths, env) = (stage.home.paths(), stage.home.env());
    let standing = Standing::of(&paths, &env, &Overrides::default());
    let path: KeyPath = "gateway.auth.token".parse().unwrap();
    let lines = "put these lines into it by hand:\ntoken: sesame-token".to_owned();
    let error = EditError::ByHand { file: "callboard.json".to_owned(), lines };
    let changes = [(path, Change::Set("sesame-token".into()))];
    let told = veiled(error, &paths.config_file, &standing, &changes).to_string();
    assert!(told.contains("gateway.auth.token: \"[redacted]\"") && !told.contains("sesame"), "{told}");
}

#[test]
fn a_patch_without_end_is_refused() {
    let keys: Vec<_> = (0..600).map(|key| format!("k{key}: ['socket-chat:x']")).collect();
    let stage = Stage::config(&OLD.replace("agents:", "session: { identityLinks: {} }, agents:"));
    let error = stage.patch(&format!("{{ session: {{ identityLinks: {{ {} }} }} }}", keys.join(", "))).unwrap_err();
    assert!(Stage::issues(&error)[0].1.contains("500"), "{error}");
    let deep = format!("{}{}", "{a:".repeat(5000), "}".repeat(5000));
    assert!(matches!(stage.patch(&deep), Err(DeskError::Syntax(_))));
}

#[test]
fn what_an_included_file_says_is_patched_over_in_the_file_itself() {
    let home = Home::new()
        .config("{ gateway: { $include: 'g.json' } }")
        .file("g.json", "{ port: 1, auth: { token: 'sesame-token' } }");
    let stage = Stage::new(home);
    stage.patch("{ gateway: { port: 2, auth: { token: '[redacted]', mode: 'token' } } }").unwrap();
    let config = stage.home.load().unwrap();
    assert_eq!(config.slices.gateway.port, 2);
    assert!(config.slices.gateway.auth.token.is_some());
    assert!(!stage.text().contains("redacted") && !stage.text().contains("sesame"), "{}", stage.text());
}
