use std::path::PathBuf;

use crate::ws::reference;

/// Compares a page of the docs with what the table says; `UPDATE_DOCS=1` writes it anew.
fn check_page(name: &str, made: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "docs/{name} is stale: run UPDATE_DOCS=1 cargo test");
}

#[test]
fn the_protocol_docs_page_is_up_to_date() {
    check_page("protocol.md", &reference::page());
}

#[test]
fn the_protocol_docs_schema_is_up_to_date() {
    check_page("protocol.schema.json", &reference::schemas());
}
