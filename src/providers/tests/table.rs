use std::time::Duration;

use callboard_actors::agent::Providers as _;
use callboard_actors::core::Clock;
use callboard_actors::message::Code;

use crate::providers::*;

fn open_ai(id: &str, models: &[&str]) -> ProviderSettings {
    ProviderSettings::OpenAi(OpenAiSettings {
        id: id.into(),
        base_url: "https://api.example.com/v1".into(),
        api_key: Some("sk-secret".into()),
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        limits: TimeLimits::default(),
    })
}

fn script(id: &str, contents: &str) -> ProviderSettings {
    ProviderSettings::Script { id: id.into(), path: "demo.yaml".into(), contents: contents.into() }
}

fn table(settings: Vec<ProviderSettings>, default: Option<&str>) -> Result<ProviderTable, TableError> {
    ProviderTable::new(settings, default, &Clock::system())
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
            "no model {name:?} is configured; ask for one of local/*, cloud/big, cloud/small/fast, parrot, demo, or add it under models.providers"
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
        if let ProviderSettings::OpenAi(settings) = &mut settings {
            settings.base_url = base_url.into();
        }
        settings
    };
    let mut bad_key = open_ai("p", &["m"]);
    if let ProviderSettings::OpenAi(settings) = &mut bad_key {
        settings.api_key = Some("sk-\nsecret".into());
    }
    let cases = [
        (vec![open_ai("a/b", &[])], None, "name \"a/b\""),
        (vec![open_ai("p", &["m"]), open_ai("P", &["m"])], None, "models.providers.P is there twice"),
        (vec![url("nonsense")], None, "models.providers.p.baseUrl is not a URL"),
        (vec![url("ftp://x")], None, "not an http or https address"),
        (vec![url("https://me:sk-secret@x/v1")], None, "put the key into apiKey"),
        (vec![bad_key], None, "models.providers.p.apiKey"),
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
fn building_loads_no_certificates() {
    let clock = Clock::system();
    let start = clock.elapsed();
    let settings = (0..20).map(|number| open_ai(&format!("p{number}"), &["m"])).collect();
    ProviderTable::new(settings, None, &clock).unwrap();
    // Twenty loads of the machine's certificates take far longer.
    assert!(clock.elapsed() - start < Duration::from_millis(50));
}
