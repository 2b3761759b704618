use serde_json::json;

use super::{Stage, as_json};
use crate::config::REDACTED;
use crate::config::tests::Home;

const COMMENTED: &str = "// mine, token: sesame-in-a-comment
{
  gateway: {
    port: 5, // the port
    auth: { token: 'sesame-token', /* mode: */ mode: \"token\" },
  },
}
";

#[test]
fn the_file_is_shown_with_its_comments_and_without_its_secrets() {
    let stage = Stage::config(COMMENTED);
    let view = stage.desk.get();
    let raw = view.raw.clone().unwrap();
    assert_eq!(
        raw,
        COMMENTED.replace("'sesame-token'", "\"[redacted]\"").replace("sesame-in-a-comment", "[hidden]"),
        "everything else is as it was"
    );
    assert_eq!(view.parsed["gateway"]["auth"]["token"], REDACTED);
    assert_eq!(view.config["gateway"]["auth"]["token"], REDACTED);
    assert_eq!(view.config["gateway"]["bind"], "loopback", "defaults are part of what holds");
    assert_eq!(view.parsed["gateway"].get("bind"), None, "and not of what the file says");
    assert_eq!((view.exists, view.valid, view.issues.len()), (true, true, 0));
    // The hash of the file itself: `printf … | sha256sum`.
    assert_eq!(view.hash.unwrap(), super::super::standing::hash(COMMENTED.as_bytes()));
    assert!(!as_json(&stage.desk.get()).to_string().contains("sesame"));
}

#[test]
fn the_answer_has_the_fields_of_the_protocol() {
    let view = as_json(&Stage::config("{}").desk.get());
    let names: Vec<_> = view.as_object().unwrap().keys().cloned().collect();
    let wanted = ["path", "exists", "raw", "parsed", "valid", "config", "hash", "issues", "warnings", "legacyIssues"];
    assert_eq!(names, wanted);
    assert_eq!(view["hash"], "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "SHA-256 of {{}}");
}

#[test]
fn no_file_is_the_defaults() {
    let view = Stage::new(Home::new()).desk.get();
    assert_eq!((view.exists, view.valid, view.raw, view.hash), (false, true, None, None));
    assert_eq!(view.parsed, json!({}));
    assert_eq!(view.config["gateway"]["bind"], "loopback");
}

#[test]
fn a_file_that_cannot_be_parsed_is_withheld_and_what_held_goes_on() {
    let stage = Stage::config("{ gateway: { auth: { token: 'sesame-token' } } }");
    let file = stage.home.paths().config_file;
    std::fs::write(&file, "{\n gateway: { auth: { token: 'sesame-token' }\n").unwrap();
    let view = stage.desk.get();
    assert_eq!((view.exists, view.valid, &view.raw), (true, false, &None));
    assert!(view.issues[0].message.starts_with("JSON5 parse failed: "), "{:?}", view.issues);
    assert_eq!(view.config["gateway"]["auth"]["token"], REDACTED, "what held before");
    assert!(view.hash.is_some(), "so that it can be mended from afar");
    assert!(!as_json(&view).to_string().contains("sesame"));
    std::fs::write(&file, [b'{', 0xff, b'}']).unwrap();
    let view = stage.desk.get();
    assert_eq!((view.raw, view.valid), (None, false));
    assert!(view.issues[0].message.contains("not UTF-8"), "{:?}", view.issues);
}

#[test]
fn a_file_that_is_not_valid_is_shown_with_each_issue() {
    let stage = Stage::config("{ gateway: { auth: { token: 'sesame-token' } } }");
    let text = "{\n gateway: { prot: 1, auth: { token: 'sesame-new' } },\n session: { mainKey: 1 } }";
    std::fs::write(stage.home.paths().config_file, text).unwrap();
    let view = stage.desk.get();
    let issues: Vec<_> = view.issues.iter().map(|issue| (issue.path.as_str(), issue.line)).collect();
    assert_eq!(issues, [("gateway.prot", Some(2)), ("session.mainKey", Some(3))]);
    assert!(view.raw.as_ref().unwrap().contains("prot: 1"), "its text can be mended");
    assert!(!as_json(&view).to_string().contains("sesame"));
}

#[test]
fn warnings_and_included_files_have_their_places() {
    let home =
        Home::new().config("{ gateway: { $include: 'g.json' }, hooks: { mappings: [] } }").file("g.json", "{\n prot: 1 }");
    let stage = Stage::new(home);
    let issue = stage.desk.get().issues.remove(0);
    assert_eq!((issue.path.as_str(), issue.line), ("gateway.prot", Some(2)));
    assert!(issue.file.unwrap().ends_with("g.json"));
    let stage = Stage::config("{ hooks: { mappings: [] } }");
    assert_eq!(stage.desk.get().warnings[0].path, "hooks.mappings");
}

#[test]
fn yaml_keeps_its_comments_too() {
    let text = "# mine\ngateway:\n  auth:\n    token: sesame-token # secret\n  http: {hosts: [\"a.org\"]}\n";
    let stage = Stage::new(Home::new().file("callboard.yaml", text));
    let view = stage.desk.get();
    assert_eq!(view.raw.unwrap(), text.replace("sesame-token", "\"[redacted]\""));
    let block = "gateway:\n  auth:\n    token: |\n      sesame\n      token\n";
    let view = Stage::new(Home::new().file("callboard.yaml", block)).desk.get();
    assert!(view.raw.is_none_or(|raw| !raw.contains("sesame")));
    let aliased = "session: { mainKey: &x sesame }\ngateway: { auth: { token: *x } }\n";
    let view = Stage::new(Home::new().file("callboard.yaml", aliased)).desk.get();
    assert_eq!(view.raw, None, "what a name stands for is shown elsewhere");
    assert!(view.issues[0].message.contains("withheld"), "{:?}", view.issues);
}

#[test]
fn the_schema_has_labels_and_help() {
    let stage = Stage::config("{}");
    let view = stage.desk.schema();
    assert_eq!(view.schema["title"], "Callboard configuration");
    assert!(view.schema["$schema"].as_str().unwrap().contains("draft-07"));
    let hint = &view.ui_hints["gateway.trustedProxies"];
    assert_eq!((hint.label.as_str(), hint.group.as_str(), hint.sensitive), ("Trusted proxies", "Gateway", false));
    assert!(view.ui_hints["gateway.auth.token"].sensitive);
    assert!(view.ui_hints["models.providers.*.apiKey"].sensitive);
    assert_eq!(view.ui_hints["models.providers.*.apiKey"].label, "API key");
    assert!(view.ui_hints["agents.list[].id"].help.is_some());
    let json = serde_json::to_value(&view).unwrap();
    let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["schema", "uiHints", "version", "generatedAt"]);
}
