use std::path::PathBuf;

use crate::config::{reference, schema};

/// Compares a page of the docs with what the types say; `UPDATE_DOCS=1` writes it anew.
fn check_page(name: &str, made: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, made).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "docs/{name} is stale: run UPDATE_DOCS=1 cargo test");
}

#[test]
fn the_configuration_page_is_up_to_date() {
    check_page("configuration.md", &reference::page());
}

#[test]
fn every_key_has_a_meaning() {
    fn walk(path: &str, schema: &serde_json::Value) {
        for (key, below) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            assert!(below["description"].is_string(), "{path} has no description");
            walk(&path, below);
        }
    }
    let mut own = schema::schema().clone();
    own["properties"].as_object_mut().unwrap().remove("channels");
    walk("", &own);
}
