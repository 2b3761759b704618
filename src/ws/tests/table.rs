use std::collections::BTreeSet;

use schemars::SchemaGenerator;
use serde_json::Value;

use crate::ws::methods;

/// Every name of the protocol's reference, §7.
const REFERENCE: &[&str] = &[
    "health",
    "status",
    "system-presence",
    "system-event",
    "last-heartbeat",
    "set-heartbeats",
    "wake",
    "talk.mode",
    "voicewake.get",
    "voicewake.set",
    "logs.tail",
    "update.run",
    "usage.status",
    "usage.cost",
    "agents.list",
    "models.list",
    "agent.identity.get",
    "skills.status",
    "skills.bins",
    "skills.install",
    "skills.update",
    "poll",
    "channels.status",
    "channels.logout",
    "web.login.start",
    "web.login.wait",
    "config.get",
    "config.schema",
    "config.set",
    "config.patch",
    "config.apply",
    "cron.status",
    "cron.list",
    "cron.add",
    "cron.update",
    "cron.remove",
    "cron.run",
    "cron.runs",
    "node.list",
    "node.describe",
    "node.rename",
    "node.invoke",
    "node.invoke.result",
    "node.event",
    "node.pair.request",
    "node.pair.list",
    "node.pair.approve",
    "node.pair.reject",
    "node.pair.verify",
    "device.pair.list",
    "device.pair.approve",
    "device.pair.reject",
    "device.token.rotate",
    "device.token.revoke",
    "exec.approval.request",
    "exec.approval.resolve",
    "exec.approvals.get",
    "exec.approvals.set",
    "exec.approvals.node.get",
    "exec.approvals.node.set",
    "wizard.start",
    "wizard.next",
    "wizard.cancel",
    "wizard.status",
    "tts.status",
    "tts.providers",
    "tts.enable",
    "tts.disable",
    "tts.convert",
    "tts.setProvider",
    "browser.request",
];

/// The same, of turns and sessions.
const TURNS: &[&str] = &[
    "agent",
    "agent.wait",
    "chat.history",
    "chat.send",
    "chat.abort",
    "chat.inject",
    "sessions.list",
    "sessions.resolve",
    "sessions.preview",
    "sessions.patch",
    "sessions.reset",
    "sessions.delete",
    "sessions.compact",
    "send",
];

/// Names that clients must find unknown: with one of them they take another way than with an answer that is not whole.
const UNKNOWN: &[&str] = &["cron.get", "diagnostics.stability"];

#[test]
fn every_schema_compiles() {
    for method in methods::all() {
        for make in [method.params, method.result] {
            let schema = make(SchemaGenerator::default()).to_value();
            if let Err(error) = jsonschema::validator_for(&schema) {
                panic!("{}: {error}: {schema}", method.name);
            }
        }
    }
}

#[test]
fn every_method_takes_an_object_and_says_what_it_does() {
    for method in methods::all() {
        let schema = (method.params)(SchemaGenerator::default()).to_value();
        assert_eq!(schema["type"], "object", "{}", method.name);
        assert!(method.about.ends_with('.') && method.about.len() > 10, "{}", method.name);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let told = property["description"].is_string() || property["$ref"].is_string();
            // What a machine says of itself is named by its name.
            assert!(told || method.name == "system-event", "{}: {name} has no description", method.name);
        }
    }
}

/// A text or list of a client has a bound of its own, beside that of the frame.
#[test]
fn every_parameter_with_a_length_is_bounded() {
    /// The frame's bound is theirs: files and messages. Entries of presence are cut to their bounds.
    const WHOLE: &[(&str, &str)] = &[("config.set", "raw"), ("config.patch", "raw"), ("config.apply", "raw")];
    const OURS: &[&str] =
        &["actors", "agents", "channels", "config", "cron", "deadletters", "device", "logs", "models", "pairing"];
    let has = |property: &Value, kind: &str| match &property["type"] {
        Value::String(name) => name == kind,
        Value::Array(names) => names.iter().any(|name| name == kind),
        _ => false,
    };
    for method in methods::all().filter(|method| OURS.contains(&method.name.split('.').next().unwrap())) {
        let schema = (method.params)(SchemaGenerator::default()).to_value();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let free = WHOLE.contains(&(method.name, name.as_str()));
            let bounded = !has(property, "string") || property["maxLength"].is_u64();
            assert!(bounded || free, "{}: {name} has no bound", method.name);
            assert!(!has(property, "array") || property["maxItems"].is_u64(), "{}: {name} has no bound", method.name);
        }
    }
}

#[test]
fn names_are_unique_and_either_work_or_come_later() {
    let mut seen = BTreeSet::new();
    for name in methods::all().map(|method| method.name).chain(methods::LATER.iter().copied()) {
        assert!(seen.insert(name), "{name} is there twice");
        assert!(!UNKNOWN.contains(&name), "{name} must not be known");
    }
}

#[test]
fn every_name_of_the_reference_is_known() {
    let known: BTreeSet<_> = methods::all().map(|method| method.name).chain(methods::LATER.iter().copied()).collect();
    let missing: Vec<_> = REFERENCE.iter().chain(TURNS).filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} are neither in the table nor in LATER");
}
