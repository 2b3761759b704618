//! The page that lists every key, made from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::reload::class_of;
use super::schema::{Effect, alternatives, effect, schema, types};
use super::secret;

/// How the page begins.
const HEAD: &str = "# Configuration

<!-- Made from the types in src/config; `UPDATE_DOCS=1 cargo test` writes it anew. -->

The file is `~/.callboard/callboard.json` (JSON5: comments, trailing commas and bare keys are fine) or `callboard.yaml` in the same
folder; `CALLBOARD_CONFIG_PATH` names another. `callboard setup` makes one, `callboard config validate` checks it, `callboard config
set KEY VALUE` changes one key and keeps the comments.

- Layers: defaults below the file below the environment (`CALLBOARD_GATEWAY_TOKEN`, `CALLBOARD_GATEWAY_PASSWORD`,
  `CALLBOARD_GATEWAY_PORT`, or the same with `CLAWDBOT_`) below the flags of `callboard gateway`.
- `.env` in the working directory, then in the state folder, fills variables that are not set. All of them are read when the
  process starts: a reload, or a restart within the process, keeps them.
- `${NAME}` in any text is a variable's value; a missing or empty one is an error. `$${NAME}` stays as `${NAME}`.
- `$include: \"other.json\"`, or a list of files, puts other files in the place of an object; the keys beside it win. Names are
  relative to the file they stand in, at most ten files deep.
- A key that nobody knows is an error, with the nearest one that is known. A key that is known and has no effect yet is a warning.

*Reload* says what a change needs: `hot` nothing but the next message, `account` a restart of the accounts it touches, `gateway` a
restart of the gateway, `none` nothing at all. The gateway restarts for it by itself, within its process and
drained as at a stop, unless `gateway.reload.mode` says otherwise.
";

/// Returns the page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut later = Vec::new();
    for (key, section) in properties(schema()) {
        let mut rows = Vec::new();
        collect(key, section, &mut rows, &mut later);
        if rows.len() > 1 {
            let _ = write!(
                page,
                "\n## {key}\n\n{}\n\n| Key | Type | Default | Reload | Meaning |\n|---|---|---|---|---|\n",
                meaning(section)
            );
            rows.iter().skip(1).for_each(|row| page.push_str(row));
        }
    }
    let _ = write!(page, "\n## Known, without effect yet\n\n");
    for key in &later {
        let _ = writeln!(page, "- `{key}`");
    }
    page
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn collect(path: &str, schema: &Value, rows: &mut Vec<String>, later: &mut Vec<String>) {
    match effect(schema) {
        Effect::Later => return later.push(path.to_owned()),
        Effect::LaterGroup => {}
        Effect::Real => rows.push(row(path, schema)),
    }
    below(path, schema, rows, later);
}

/// Goes on below a key; keys that stand in several alternatives are listed once.
fn below(path: &str, schema: &Value, rows: &mut Vec<String>, later: &mut Vec<String>) {
    for (key, value) in properties(schema) {
        let path = format!("{path}.{key}");
        if !rows.iter().any(|row| row.starts_with(&format!("| `{path}` "))) {
            collect(&path, value, rows, later);
        }
    }
    if let Some(value) = schema.get("additionalProperties").filter(|value| value.is_object()) {
        below(&format!("{path}.*"), value, rows, later);
    }
    if let Some(items) = schema.get("items") {
        below(&format!("{path}[]"), items, rows, later);
    }
    alternatives(schema).iter().for_each(|alternative| below(path, alternative, rows, later));
}

fn row(path: &str, schema: &Value) -> String {
    let default = match schema.get("default") {
        Some(Value::Null | Value::Object(_)) | None => String::new(),
        Some(value) => format!("`{value}`"),
    };
    let name = path.rsplit('.').next().unwrap_or(path);
    let hidden = if secret::is_secret(name) && !types(schema).contains(&"object") { " Secret." } else { "" };
    format!("| `{path}` | {} | {default} | {} | {}{hidden} |\n", kind(schema), class_of(path).as_str(), meaning(schema))
}

fn meaning(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Describes the type: its choices, its bounds, or its name.
fn kind(schema: &Value) -> String {
    let mut choices = Vec::new();
    choices_of(schema, &mut choices);
    if !choices.is_empty() {
        return choices.join(", ");
    }
    let mut names: Vec<_> = types(schema).into_iter().filter(|kind| *kind != "null").map(in_words).collect();
    names.dedup();
    let bounds = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(min), Some(max)) => format!(" {min}–{max}"),
        _ => String::new(),
    };
    format!("{}{bounds}", names.join(" or "))
}

fn choices_of(schema: &Value, choices: &mut Vec<String>) {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    choices.extend(listed.filter_map(Value::as_str).map(|choice| format!("`{choice}`")));
    alternatives(schema).iter().for_each(|alternative| choices_of(alternative, choices));
}

fn in_words(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "array" => "list",
        "integer" => "whole number",
        "boolean" => "true, false",
        other => other,
    }
}
