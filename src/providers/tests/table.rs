use std::time::Duration;

use callboard_actors::agent::Providers as _;
use callboard_actors::core::Clock;
use callboard_actors::message::Code;

use crate::providers::*;

fn open_ai(id: &str, models: &[&str]) -> ProviderSettings {
    ProviderSettings::Remote(RemoteSettings {
        id: id.into(),
        style: Style::Completions,
        base_url: "https://api.example.com/v1".into(),
        keys: vec!["sk-secret".into()],
        headers: Vec::new(),
        models: models.iter().copied().map(AboutModel::named).collect(),
        limits: TimeLimits::default(),
    })
}

fn script(id: &str, contents: &str) -> ProviderSettings {
    ProviderSettings::Script { id: id.into(), path: "demo.yaml".into(), contents: contents.into() }
}

fn table(settings: Vec<ProviderSettings>, default: Option<&str>) -> Result<ProviderTable, TableError> {
    table_with(settings, Choice { primary: default.map(Into::into), fallbacks: Vec::new() }, &[])
}

fn table_with(
    settings: Vec<ProviderSettings>,
    default: Choice,
    agents: &[(&str, Choice)],
) -> Result<ProviderTable, TableError> {
    let agents = agents.iter().map(|(id, choice)| ((*id).to_owned(), choice.clone())).collect();
    ProviderTable::new(settings, &Choices { default, agents }, &Clock::system())
}

/// `provider model` that a name leads to, or the error's text.
fn found(table: &ProviderTable, name: Option<&str>) -> String {
    match table.find(name) {
        Ok((provider, model)) => format!("{} {model}", provider.name()),
        Err(error) => {
            assert_eq!(error.code, Code::ProviderModel);
            error.message
        }
    }
}

#[test]
fn echo_answers_when_nothing_is_configured() {
    let table = table(Vec::new(), None).unwrap();
    assert_eq!(found(&table, None), "echo echo");
    assert_eq!(found(&table, Some("echo")), "echo echo");
    assert!(!table.find(None).unwrap().0.wants_history());
    assert_eq!(
        found(&table, Some("gpt-9")),
        "no model \"gpt-9\" is configured; ask for one of echo, or add it under models.providers"
    );
}

#[test]
fn names_lead_to_providers() {
    let settings = vec![
        open_ai("local", &[]),
        open_ai("cloud", &["big", "small/fast"]),
        ProviderSettings::Echo { id: "parrot".into() },
        script("demo", "steps: [ { do: [ echo ] } ]"),
    ];
    let table = table(settings, Some("cloud/big")).unwrap();
    let unknown = |name: &str| {
        format!(
            "no model {name:?} is configured; ask for one of local/*, cloud/big, cloud/small/fast, parrot, demo, echo, or add it under models.providers"
        )
    };
    let cases = [
        (None, "cloud big".to_owned()),
        (Some("cloud/small/fast"), "cloud small/fast".into()),
        (Some("Cloud/big"), "cloud big".into()),
        (Some("small/fast"), "cloud small/fast".into()),
        (Some("cloud"), "cloud big".into()),
        (Some("local/any/thing"), "local any/thing".into()),
        (Some("parrot"), "parrot parrot".into()),
        (Some("demo/x"), "demo x".into()),
        (Some("echo"), "echo echo".into()),
        (Some("cloud/huge"), unknown("cloud/huge")),
        (Some("huge"), unknown("huge")),
        (Some("local"), unknown("local")),
        (Some("local/"), unknown("local/")),
        (Some(""), unknown("")),
    ];
    for (name, expected) in cases {
        assert_eq!(found(&table, name), expected, "{name:?}");
    }
}

#[test]
fn a_bare_model_goes_to_a_default_provider_that_takes_any() {
    let table = table(vec![open_ai("local", &[]), open_ai("cloud", &["big"])], Some("local/llama")).unwrap();
    assert_eq!(found(&table, Some("mistral")), "local mistral");
    assert_eq!(found(&table, Some("big")), "cloud big");
}

#[test]
fn what_cannot_be_built_is_named_with_its_mend() {
    let url = |base_url: &str| {
        let mut settings = open_ai("p", &["m"]);
        if let ProviderSettings::Remote(settings) = &mut settings {
            settings.base_url = base_url.into();
        }
        settings
    };
    let mut bad_key = open_ai("p", &["m"]);
    if let ProviderSettings::Remote(settings) = &mut bad_key {
        settings.keys = vec!["sk-\nsecret".into()];
    }
    let cases = [
        (vec![open_ai("a/b", &[])], None, "name \"a/b\""),
        (vec![open_ai("p", &["m"]), open_ai("P", &["m"])], None, "models.providers.P is there twice"),
        (vec![url("nonsense")], None, "models.providers.p.baseUrl is not a URL"),
        (vec![url("ftp://x")], None, "not an http or https address"),
        (vec![url("https://me:sk-secret@x/v1")], None, "put the key into apiKey"),
        (vec![bad_key], None, "models.providers.p has characters that cannot be sent: apiKey"),
        (vec![script("s", "steps: []")], None, "script demo.yaml, line 1"),
        (vec![open_ai("p", &["m"])], Some("p/other"), "agents.defaults.model.primary: no model \"p/other\""),
        (vec![open_ai("p", &[])], None, "agents.defaults.model.primary"),
    ];
    for (settings, default, text) in cases {
        let error = table(settings, default).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn each_agent_has_its_own_choice_and_who_is_asked_for_by_hand_answers_alone() {
    let choice = |primary: Option<&str>, fallbacks: &[&str]| Choice {
        primary: primary.map(Into::into),
        fallbacks: fallbacks.iter().map(|name| (*name).to_owned()).collect(),
    };
    let agents = [("ops", choice(Some("cloud/small"), &[])), ("desk", choice(None, &["echo"]))];
    let settings = || vec![open_ai("cloud", &["big", "small"])];
    let table = table_with(settings(), choice(Some("cloud/big"), &["cloud/small", "cloud/big", "echo"]), &agents).unwrap();
    let of = |agent: Option<&str>| {
        let (provider, model) = table.find_for(agent, Some("cloud/big")).unwrap();
        format!("{} {model}", provider.name())
    };
    assert_eq!((of(None), of(Some("nobody"))), ("cloud big".into(), "cloud big".into()));
    assert_eq!((of(Some("ops")), of(Some("desk"))), ("cloud small".into(), "cloud big".into()));
    assert_eq!(found(&table, Some("small")), "cloud small");
    assert_eq!(found(&table, Some("echo")), "echo echo", "it needs no settings");
    let wrong = [
        (choice(Some("cloud"), &["nobody"]), [].as_slice(), "agents.defaults.model.fallbacks[0]: no model \"nobody\""),
        (choice(None, &[]), &[("ops", choice(Some("x/y"), &[]))], "agents.list, ops: model.primary: no model \"x/y\""),
    ];
    for (default, agents, text) in wrong {
        let error = table_with(settings(), default, agents).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn building_loads_no_certificates() {
    let clock = Clock::system();
    let start = clock.elapsed();
    let settings = (0..20).map(|number| open_ai(&format!("p{number}"), &["m"])).collect();
    ProviderTable::new(settings, &Choices::default(), &clock).unwrap();
    // Twenty loads of the machine's certificates take far longer.
    assert!(clock.elapsed() - start < Duration::from_millis(50));
}
