use std::path::Path;

use serde_json::{Value, json};

use super::{Home, mode_of};
use crate::config::edit::{Change, EditError, edit, write};
use crate::config::setup::{Made, setup};

fn set(text: &str, path: &str, value: Value) -> Result<String, EditError> {
    edit(text, Path::new("callboard.json"), &path.parse().unwrap(), &Change::Set(value))
}

fn unset(text: &str, path: &str) -> Result<String, EditError> {
    edit(text, Path::new("callboard.json"), &path.parse().unwrap(), &Change::Unset)
}

const COMMENTED: &str = "// first
{
  // the port
  gateway: { port: 1, /* inside */ bind: 'lan', }, // behind
  agents: { list: [ { id: 'a' }, { id: 'b' } ] },
}
// last
";

#[test]
fn a_changed_value_leaves_everything_else_as_it_was() {
    assert_eq!(set(COMMENTED, "gateway.port", json!(2)).unwrap(), COMMENTED.replace("port: 1", "port: 2"));
    assert_eq!(set(COMMENTED, "agents.list[1].id", json!("c")).unwrap(), COMMENTED.replace("'b'", "\"c\""));
}

#[test]
fn new_keys_keep_the_comments() {
    let text = set(COMMENTED, "gateway.auth.token", json!("x")).unwrap();
    for kept in ["// first", "// the port", "/* inside */", "// behind", "// last", "'lan'"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    let tree: Value = json5::from_str(&text).unwrap();
    assert_eq!(tree["gateway"]["auth"]["token"], "x");
    let text = set(COMMENTED, "agents.list[2]", json!({ "id": "c" })).unwrap();
    assert_eq!(json5::from_str::<Value>(&text).unwrap()["agents"]["list"][2]["id"], "c");
}

#[test]
fn keys_are_taken_out() {
    let tree: Value = json5::from_str(&unset(COMMENTED, "gateway.port").unwrap()).unwrap();
    assert_eq!(tree["gateway"], json!({ "bind": "lan" }));
    let tree: Value = json5::from_str(&unset(COMMENTED, "agents.list[0]").unwrap()).unwrap();
    assert_eq!(tree["agents"]["list"], json!([{ "id": "b" }]));
    assert!(matches!(unset(COMMENTED, "gateway.auth.token"), Err(EditError::NotSet { .. })));
}

#[test]
fn elements_are_replaced() {
    let tree: Value = json5::from_str(&set(COMMENTED, "agents.list[0]", json!({ "id": "z" })).unwrap()).unwrap();
    assert_eq!(tree["agents"]["list"], json!([{ "id": "z" }, { "id": "b" }]));
}

#[test]
fn an_empty_file_becomes_one_key() {
    let tree: Value = json5::from_str(&set("", "gateway.port", json!(5)).unwrap()).unwrap();
    assert_eq!(tree, json!({ "gateway": { "port": 5 } }));
}

#[test]
fn json5_only_syntax_stays() {
    let text = "{ gateway: { port: 0x10, }, session: { mainKey: 'a\\\nb' } }";
    assert_eq!(set(text, "gateway.port", json!(2)).unwrap(), text.replace("0x10", "2"));
}

#[test]
fn paths_through_values_have_no_place() {
    assert!(matches!(set(COMMENTED, "gateway.port.x", json!(2)), Err(EditError::NoPlace { .. })));
    assert!(matches!(set(COMMENTED, "agents.list[7].id", json!(2)), Err(EditError::NoPlace { .. })));
    assert!(matches!(set(COMMENTED, "", json!(2)), Err(EditError::NoPlace { .. })));
}

#[test]
fn yaml_is_left_alone_and_the_lines_are_shown() {
    let path = "gateway.auth.token".parse().unwrap();
    let error = edit("gateway: {}\n", Path::new("c.yaml"), &path, &Change::Set(json!("x"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.yaml cannot be changed without losing comments or layout; put these lines into it by hand:\ngateway:\n  auth:\n    token: x"
    );
}

#[test]
fn files_are_replaced_whole_and_kept_private() {
    let home = Home::new().config("{ old: 1 }");
    let file = home.paths().config_file;
    write(&file, "{ new: 1 }").unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{ new: 1 }");
    assert_eq!(std::fs::read_to_string(home.path(".callboard/callboard.json.bak")).unwrap(), "{ old: 1 }");
    assert_eq!((mode_of(&file), mode_of(&home.path(".callboard/callboard.json.bak"))), (0o600, 0o600));
    let left = std::fs::read_dir(home.path(".callboard")).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

#[test]
fn setup_makes_what_is_missing_and_nothing_else() {
    let home = Home::new();
    assert_eq!(setup(&home.paths(), &home.env()).unwrap(), Made::Config);
    assert_eq!(mode_of(&home.paths().config_file), 0o600);
    assert_eq!(mode_of(&home.paths().state_dir), 0o700);
    let first = std::fs::read_to_string(home.paths().config_file).unwrap();
    assert!(home.load().unwrap().slices.gateway.auth.secret().is_some());
    assert_eq!(setup(&home.paths(), &home.env()).unwrap(), Made::Nothing);
    assert_eq!(std::fs::read_to_string(home.paths().config_file).unwrap(), first);

    let home = Home::new().config("{ // mine\n gateway: { port: 5 } }");
    assert_eq!(setup(&home.paths(), &home.env()).unwrap(), Made::Token);
    let text = std::fs::read_to_string(home.paths().config_file).unwrap();
    assert!(text.contains("// mine"), "{text}");
    assert!(home.load().unwrap().slices.gateway.auth.secret().is_some());
}
