//! The docs page of each channel: its example loads, and its table holds every setting with its default.

use callboard_actors::channel::{KINDS, Kind};
use serde_json::Value;

fn page(kind: &Kind) -> String {
    let path = format!("{}/docs/channels/{}.md", env!("CARGO_MANIFEST_DIR"), kind.name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the first example, with its files and variables filled in.
fn example(page: &str, kind: &Kind) -> Value {
    let (_, rest) = page.split_once("```json5\n").expect("an example");
    let (text, _) = rest.split_once("```").expect("its end");
    let mut config: Value = json5::from_str(text).expect("an example that can be read");
    let mut section = config["channels"][kind.name].take();
    fill_in(&mut section);
    section
}

/// What the loader does with files, done with a certificate at hand.
fn fill_in(section: &mut Value) {
    let Some(settings) = section.as_object_mut() else { return };
    if settings.contains_key("caFile") {
        settings.insert("caPem".into(), include_str!("fixtures/other_ca.pem").into());
    }
    settings.values_mut().for_each(fill_in);
}

#[test]
fn every_example_loads() {
    for kind in KINDS {
        let section = example(&page(kind), kind);
        let accounts = (kind.accounts)(&section).unwrap_or_else(|problems| panic!("{}: {problems:?}", kind.name));
        assert!(accounts.len() > 1, "{}: the example shows more than one account", kind.name);
        assert!(accounts.iter().all(|account| account.platform.status()["configured"] == true), "{}", kind.name);
    }
}

#[test]
fn every_setting_stands_in_the_table_with_its_default() {
    for kind in KINDS {
        let page = page(kind);
        let schema = (kind.schema)();
        for (key, about) in schema["properties"].as_object().expect("settings") {
            if key == "accounts" {
                continue;
            }
            let row =
                page.lines().find(|line| line.starts_with(&format!("| `{key}` | "))).unwrap_or_else(|| panic!("no row: {key}"));
            let shown = match &about["default"] {
                // Defaults that depend on something else are told in words.
                Value::Null => continue,
                Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            };
            assert!(row.contains(&format!("| {shown} |")), "{key} is {shown} by default: {row}");
        }
    }
}
