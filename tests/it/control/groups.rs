//! The groups of methods: each answers who may call it and refuses who may not.

use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::{Gateway, TOKEN};

/// The need of every method, as the docs have it.
fn table() -> Vec<(String, String)> {
    let need = |about: Value| about["needs"].as_str().expect("a need").to_owned();
    super::methods().into_iter().map(|(name, about)| (name, need(about))).collect()
}

/// All scopes that do not give this one.
fn lesser(scope: &str) -> Vec<&'static str> {
    match scope {
        "operator.admin" => vec!["operator.read", "operator.write", "operator.approvals", "operator.pairing"],
        "operator.read" => vec!["operator.approvals", "operator.pairing"],
        "operator.write" => vec!["operator.read", "operator.approvals", "operator.pairing"],
        "operator.approvals" => vec!["operator.read", "operator.write", "operator.pairing"],
        "operator.pairing" => vec!["operator.read", "operator.write", "operator.approvals"],
        other => panic!("{other} is no scope"),
    }
}

#[tokio::test]
async fn without_any_scope_health_is_cut_from_protocol_4_on() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::open(&gateway).await;
    client.hello(json!({ "minProtocol": 4, "maxProtocol": 4 })).await.expect("hello-ok");
    let health = client.call("health", json!({ "probe": true })).await.expect("cut");
    let fields: Vec<&str> = health.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!((fields, &health["ok"]), (vec!["ok", "ts"], &json!(true)), "{health}");
    let error = client.call("status", json!({})).await.expect_err("it needs a scope");
    assert_eq!(error["code"], json!("FORBIDDEN"), "{error}");
}

#[tokio::test]
async fn a_lesser_scope_is_refused_by_every_method() {
    let gateway = Gateway::start(json!({})).await;
    for scope in ["operator.admin", "operator.read", "operator.write", "operator.pairing", "operator.approvals"] {
        for protocol in [3, 4] {
            let mut client = ControlClient::open(&gateway).await;
            let over = json!({ "minProtocol": protocol, "maxProtocol": protocol, "scopes": lesser(scope) });
            client.hello(over).await.expect("hello-ok");
            for (method, _) in table().iter().filter(|(_, need)| need == scope) {
                let error = client.call(method, json!({})).await.expect_err(method);
                let expected = if protocol == 3 {
                    json!({ "code": "INVALID_REQUEST", "message": format!("missing scope: {scope}") })
                } else {
                    let details = json!({ "code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": [scope] });
                    json!({ "code": "FORBIDDEN", "message": format!("missing scope: {scope}"), "details": details })
                };
                assert_eq!(error, expected, "{method}");
            }
        }
    }
}

#[tokio::test]
async fn nodes_and_operators_keep_to_their_own_methods() {
    let gateway = Gateway::start(json!({})).await;
    let mut operator = ControlClient::connect(&gateway).await;
    let mut node = ControlClient::open(&gateway).await;
    let client = json!({ "id": "node-host", "displayName": "shed", "version": "1", "platform": "linux", "mode": "node" });
    let over = json!({ "role": "node", "scopes": [], "client": client, "caps": ["system"], "commands": ["b", "a"] });
    node.hello(over).await.expect("hello-ok");
    for (method, need) in table() {
        let (asks, role) = if need == "nodes only" { (&mut operator, "operator") } else { (&mut node, "node") };
        let error = asks.call(&method, json!({})).await.expect_err(&method);
        assert_eq!(error["message"], json!(format!("unauthorized role: {role}")), "{method}");
    }
    let listed = operator.call("node.list", json!({})).await.expect("nodes");
    let row = &listed["nodes"][0];
    assert_eq!((&row["nodeId"], &row["displayName"], &row["connected"]), (&json!("node-host"), &json!("shed"), &json!(true)));
    assert_eq!((&row["commands"], &row["caps"], &row["paired"]), (&json!(["a", "b"]), &json!(["system"]), &json!(false)));
}

#[tokio::test]
async fn who_may_read_is_answered() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::open(&gateway).await;
    client.hello(json!({ "scopes": ["operator.read"] })).await.expect("hello-ok");

    let channels = client.call("channels.status", json!({ "probe": false, "timeoutMs": 8000 })).await.expect("channels");
    for name in ["channelOrder", "channelMeta"] {
        assert!(channels[name].is_array(), "{name}: {channels}");
    }
    for name in [
        "channelLabels",
        "channelDetailLabels",
        "channelSystemImages",
        "channels",
        "channelAccounts",
        "channelDefaultAccountId",
    ] {
        assert!(channels[name].is_object(), "{name}: {channels}");
    }

    let actors = client.call("actors.list", json!({ "limit": 2 })).await.expect("actors");
    assert_eq!((actors["actors"].as_array().map(Vec::len), actors["next"].is_string()), (Some(2), true), "{actors}");
    let actor = client.call("actors.get", json!({ "id": "registry" })).await.expect("an actor");
    assert_eq!((&actor["kind"], &actor["state"]), (&json!("registry"), &json!("running")));
    let error = client.call("actors.get", json!({ "id": "nobody" })).await.expect_err("there is none");
    assert_eq!(error["code"], json!("INVALID_REQUEST"), "{error}");

    let letters = client.call("deadletters.list", json!({})).await.expect("letters");
    assert_eq!(letters, json!({ "deadletters": [], "next": null }));

    let jobs = client.call("cron.list", json!({ "includeDisabled": false, "limit": 200, "offset": 0 })).await.expect("jobs");
    let none = json!({
        "jobs": [], "snapshotRevision": "0", "total": 0, "offset": 0, "limit": 200, "hasMore": false, "nextOffset": null
    });
    assert_eq!(jobs, none);
    let cron = client.call("cron.status", json!({})).await.expect("cron");
    assert_eq!((&cron["enabled"], &cron["jobs"], &cron["nextWakeAtMs"]), (&json!(false), &json!(0), &json!(null)));
    let error = client.call("cron.get", json!({})).await.expect_err("it is not known");
    assert_eq!(error["message"], json!("unknown method: cron.get"));

    assert_eq!(client.call("node.list", json!({})).await.expect("nodes")["nodes"], json!([]));
    let skills = client.call("skills.status", json!({})).await.expect("skills");
    assert!(skills["skills"] == json!([]) && skills["workspaceDir"].is_string() && skills["managedSkillsDir"].is_string());
}

#[tokio::test]
async fn agents_and_models_are_told() {
    let gateway = Gateway::start(json!({ "agents": { "list": [{ "id": "main", "name": "Ada" }, { "id": "other" }] } })).await;
    let mut client = ControlClient::open(&gateway).await;
    client.hello(json!({ "scopes": ["operator.read"] })).await.expect("hello-ok");

    let agents = client.call("agents.list", json!({})).await.expect("agents");
    let expected = json!({
        "defaultId": "main", "mainKey": "main", "scope": "per-sender",
        "agents": [{ "id": "main", "name": "Ada" }, { "id": "other" }]
    });
    assert_eq!(agents, expected);
    let params = json!({ "view": "default", "includeDetails": true });
    let models = client.call("models.list", params).await.expect("models");
    assert_eq!(models["models"][0]["provider"], json!("echo"), "{models}");

    let ada = json!({ "agentId": "main", "name": "Ada", "avatar": "A" });
    let ways = [
        json!({}),
        json!({ "agentId": "main" }),
        json!({ "agentId": " Main. " }),
        json!({ "sessionKey": "agent:main:main" }),
        json!({ "sessionKey": "Main" }),
    ];
    for params in ways {
        assert_eq!(client.call("agent.identity.get", params).await.expect("an identity"), ada);
    }
    let params = json!({ "agentId": "main", "sessionKey": "agent:other:main" });
    let error = client.call("agent.identity.get", params).await.expect_err("they differ");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("does not match")), "{error}");
    let error = client.call("agent.identity.get", json!({ "agentId": "nobody" })).await.expect_err("there is none");
    assert!(error["message"].as_str().is_some_and(|text| text.starts_with("unknown agent id")), "{error}");
}

#[tokio::test]
async fn the_log_is_followed_in_lines_that_both_programs_print() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::open(&gateway).await;
    client.hello(json!({ "scopes": ["operator.read"] })).await.expect("hello-ok");
    let tail = client.call("logs.tail", json!({ "limit": 200, "maxBytes": 250_000 })).await.expect("the log");
    assert_eq!(tail["reset"], json!(false), "{tail}");
    let lines: Vec<Value> = tail["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| serde_json::from_str(line.as_str().expect("a text")).expect("JSON"))
        .collect();
    assert!(!lines.is_empty());
    for line in &lines {
        assert!(line["0"].is_string() && line["0"] == line["message"] && line["time"].is_string(), "{line}");
        assert!(line["_meta"]["logLevelName"].is_string() && line["_meta"]["name"].is_string(), "{line}");
    }
    let next = client.call("logs.tail", json!({ "cursor": tail["cursor"] })).await.expect("the log");
    let cursor = |tail: &Value| tail["cursor"].as_u64().expect("a cursor");
    assert!(cursor(&next) >= cursor(&tail) && next["reset"] == json!(false), "{next}");
    let beyond = client.call("logs.tail", json!({ "cursor": 1_000_000_000 })).await.expect("the log");
    assert_eq!(beyond["reset"], json!(true), "a cursor of another file begins anew");
    let error = client.call("logs.tail", json!({ "limit": 0 })).await.expect_err("too few");
    assert_eq!(error["message"], json!("invalid logs.tail params: at /limit: must be >= 1"));
}

#[tokio::test]
async fn who_may_order_is_obeyed() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    let error = client.call("channels.logout", json!({ "channel": "nosuch" })).await.expect_err("there is none");
    assert_eq!(error["message"], json!("invalid channels.logout channel"));
    let error = client.call("channels.stop", json!({ "channel": "webchat", "accountId": "nosuch" })).await.expect_err("none");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("no account `nosuch`")), "{error}");

    let out = client.call("channels.logout", json!({ "channel": "webchat" })).await.expect("it is stopped");
    assert_eq!(
        (&out["channel"], &out["cleared"], &out["loggedOut"], &out["new"]["state"]),
        (&json!("webchat"), &json!(false), &json!(true), &json!("stopped")),
        "{out}"
    );
    let back = client.call("channels.start", json!({ "channel": "webchat" })).await.expect("it is started");
    assert_eq!(back["new"]["state"], json!("running"), "{back}");
    let again = client.call("channels.restart", json!({ "channel": "webchat" })).await.expect("it is restarted");
    assert!(again["new"]["restarts"].as_u64() > again["old"]["restarts"].as_u64(), "{again}");

    let error = client.call("actors.stop", json!({ "id": "registry" })).await.expect_err("everything needs it");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("restart it instead")), "{error}");
    let done = client.call("actors.restart", json!({ "id": "registry" })).await.expect("it is restarted");
    assert_eq!(done["new"]["state"], json!("running"), "{done}");

    assert_eq!(client.call("pairing.list", json!({})).await.expect("nobody waits"), json!({ "pairing": [] }));
    let error = client.call("pairing.approve", json!({ "channel": "webchat", "code": "ABCDEFGH" })).await.expect_err("none");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("no open request")), "{error}");
    let error = client.call("deadletters.retry", json!({ "id": "no uuid" })).await.expect_err("no id");
    assert!(error["message"].as_str().is_some_and(|text| text.starts_with("invalid deadletters.retry params: at /id")));
}

#[tokio::test]
async fn the_config_file_is_patched_and_its_secrets_stay_hidden_and_whole() {
    let gateway = Gateway::start(json!({})).await;
    let mut reader = ControlClient::open(&gateway).await;
    reader.hello(json!({ "scopes": ["operator.read"] })).await.expect("hello-ok");
    let shown = reader.call("config.get", json!({})).await.expect("the file");
    assert!(!shown.to_string().contains(TOKEN), "the token is shown");
    assert_eq!((&shown["valid"], &shown["exists"]), (&json!(true), &json!(true)));
    assert_eq!(shown["hash"], json!(null), "a guesser checks passwords against it");
    assert!(reader.call("config.schema", json!({})).await.expect("the schema")["schema"].is_object());

    let mut admin = ControlClient::connect(&gateway).await;
    let shown = admin.call("config.get", json!({})).await.expect("the file");
    let patch = json!({ "raw": "{ logging: { level: 'info' } }" });
    let error = admin.call("config.patch", patch.clone()).await.expect_err("without its hash");
    assert_eq!(error["message"], json!("config base hash required; re-run config.get and retry"));
    let stale = json!({ "raw": patch["raw"], "baseHash": "0".repeat(64) });
    let error = admin.call("config.patch", stale).await.expect_err("another hash");
    assert_eq!(error["message"], json!("config changed since last load; re-run config.get and retry"));
    let list = json!({ "raw": "[]", "baseHash": shown["hash"] });
    let error = admin.call("config.patch", list).await.expect_err("no object");
    assert_eq!(error["message"], json!("config.patch raw must be an object"));
    let wrong = json!({ "raw": "{ gateway: { port: 'x' } }", "baseHash": shown["hash"] });
    let error = admin.call("config.patch", wrong).await.expect_err("no port");
    assert_eq!(error["message"], json!("invalid config"));
    assert_eq!(error["details"]["issues"][0]["path"], json!("gateway.port"), "{error}");

    let good = json!({ "raw": patch["raw"], "baseHash": shown["hash"] });
    let written = admin.call("config.patch", good).await.expect("it is written");
    assert_eq!((&written["ok"], &written["config"]["logging"]["level"]), (&json!(true), &json!("info")), "{written}");
    assert!(!written.to_string().contains(TOKEN), "the token is shown");
    // What was shown goes back, placeholders and all.
    let shown = admin.call("config.get", json!({})).await.expect("the file");
    let set = json!({ "raw": shown["raw"], "baseHash": shown["hash"] });
    let written = admin.call("config.set", set).await.expect("it is written");
    assert_eq!(written["changed"], json!(false), "{written}");
    assert_eq!(gateway.settings()["gateway"]["auth"]["token"], json!(TOKEN), "the secret survives");
    ControlClient::connect(&gateway).await;
}
