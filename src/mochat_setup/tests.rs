use callboard_actors::core::Clock;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Account, Agent, Places};
use crate::config::{Config, Environment, Instance, Overrides, Paths, load};

fn config(folder: &tempfile::TempDir, section: &Value) -> Config {
    let file = folder.path().join("c.json");
    std::fs::write(&file, json!({ "channels": { "mochat": section } }).to_string()).unwrap();
    let [home, file] = [folder.path(), &file].map(|path| path.to_str().unwrap());
    let env = Environment::from_pairs([("HOME", home), ("CALLBOARD_CONFIG_PATH", file), ("KEPT_TOKEN", "claw_aa")]);
    load(&Paths::resolve(Instance::Default, &env).unwrap(), &env, &Overrides::default()).unwrap()
}

fn account(folder: &tempfile::TempDir, section: &Value, id: &str) -> Account {
    let places = Places { config: config(folder, section), state_dir: folder.path(), clock: Clock::system() };
    Account::new(places, id, None)
}

fn agent() -> Agent {
    Agent { token: "claw_aa".into(), user_id: "bot".to_owned() }
}

fn changes(section: &Value, id: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let changes = account(&folder, section, id).changes(&agent(), None);
    changes.into_iter().map(|(path, value)| (path.to_string().replace("channels.mochat", ""), value)).collect()
}

#[test]
fn only_what_is_not_said_is_written_and_where_it_counts() {
    let (all, base) = (json!(["*"]), "https://mochat.io");
    let login = json!({ "baseUrl": base, "clawToken": "claw_bb", "agentUserId": "other" });
    let done = json!({
        "enabled": true, "baseUrl": format!("{base}/"), "clawToken": "${KEPT_TOKEN}", "agentUserId": "bot",
        "sessions": ["s"], "panels": [],
    });
    let cases = [
        (
            json!({}),
            "default",
            json!({
                ".baseUrl": base, ".clawToken": "claw_aa", ".agentUserId": "bot", ".enabled": true, ".sessions": all, ".panels": all,
            }),
        ),
        // What stands there stays, the variable for the token too.
        (done.clone(), "default", json!({})),
        (
            json!({ "claw_token": "claw_bb", "base_url": base, "agent_user_id": "bot", "enabled": true, "sessions": [], "panels": [] }),
            "default",
            json!({ ".claw_token": "claw_aa" }),
        ),
        // Beside named accounts the default one is an account by its entry.
        (
            json!({ "accounts": { "two": login } }),
            "default",
            json!({
                ".accounts.default.baseUrl": base, ".accounts.default.clawToken": "claw_aa", ".accounts.default.agentUserId": "bot",
                ".accounts.default.enabled": true, ".accounts.default.sessions": all, ".accounts.default.panels": all,
            }),
        ),
        (
            json!({ "enabled": false, "accounts": { "default": { "clawToken": "claw_aa" } }, "sessions": ["s"] }),
            "default",
            json!({
                ".accounts.default.baseUrl": base, ".accounts.default.agentUserId": "bot", ".accounts.default.enabled": true,
                ".enabled": true, ".accounts.default.panels": all,
            }),
        ),
        // And the one at the top stays one beside a first named one.
        (
            login.clone(),
            "two",
            json!({
                ".accounts.two.clawToken": "claw_aa", ".accounts.two.agentUserId": "bot", ".accounts.two.enabled": true,
                ".accounts.two.sessions": all, ".accounts.two.panels": all, ".accounts.default.enabled": true,
            }),
        ),
    ];
    for (section, id, expected) in cases {
        assert_eq!(changes(&section, id), expected, "{id} in {section}");
    }
}

#[test]
fn an_agent_that_is_there_is_known_and_one_of_another_server_or_account_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let known = |section: Value, id: &str| account(&folder, &section, id).known().map(|agent| agent.user_id);
    assert_eq!(known(json!({}), "default"), None);
    account(&folder, &json!({ "baseUrl": "https://one.example" }), "default").keep(&agent(), &[]).unwrap();
    let login = json!({ "baseUrl": "https://one.example", "clawToken": "claw_bb", "agentUserId": "other" });
    let cases = [
        (json!({ "baseUrl": "https://one.example/" }), "default", Some("bot")),
        (json!({ "baseUrl": "https://two.example" }), "default", None),
        (json!({ "baseUrl": "https://one.example" }), "two", None),
        (login.clone(), "default", Some("other")),
        (login, "two", None),
    ];
    for (section, id, expected) in cases {
        assert_eq!(known(section.clone(), id).as_deref(), expected, "{id} in {section}");
    }
    std::fs::write(account(&folder, &json!({}), "default").file(), " ".repeat(70_000)).unwrap();
    assert_eq!(known(json!({ "baseUrl": "https://one.example" }), "default"), None);
}

#[test]
fn no_token_goes_to_another_server_and_none_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let login = json!({ "baseUrl": "https://chat.example.org", "clawToken": "claw_aa", "agentUserId": "bot" });
    let here = account(&folder, &login, "default");
    assert!(here.known().is_some());
    let places = Places { config: config(&folder, &login), state_dir: folder.path(), clock: Clock::system() };
    assert!(Account::new(places, "default", Some("https://other.example.org")).known().is_none());
    // What was known of the agent stays; a newer token of the same agent is found, another agent's is not.
    here.keep(&agent(), &[("workspaceId", Some("w".to_owned()))]).unwrap();
    assert!(here.kept_of(&agent()).is_none(), "it is the same");
    here.keep(&Agent { token: "claw_bb".into(), ..agent() }, &[]).unwrap();
    assert_eq!(here.kept_of(&agent()).unwrap().expose_secret(), "claw_bb");
    assert!(here.kept_of(&Agent { user_id: "other".into(), ..agent() }).is_none());
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(here.file()).unwrap()).unwrap();
    assert_eq!((&kept["workspaceId"], &kept["token"]), (&json!("w"), &json!("claw_bb")));
}
