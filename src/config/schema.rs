//! The JSON Schema (draft 07) of the whole tree, made from the types: the base of the check, the reference and editors' help.

use std::sync::OnceLock;

use callboard_actors::channel::KINDS;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::model::Model;
use super::{KeyPath, Segment, later};

/// Marks what has no effect yet; see [`effect`].
const MARK: &str = "x-effect";

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// What its meaning says.
    Real,
    /// Nothing yet, nor does anything below it.
    Later,
    /// Nothing by itself: a group of keys that have no effect yet.
    LaterGroup,
}

/// Returns what the key of a schema does.
pub(super) fn effect(schema: &Value) -> Effect {
    match schema.get(MARK).and_then(Value::as_str) {
        Some("later") => Effect::Later,
        Some("group") => Effect::LaterGroup,
        _ => Effect::Real,
    }
}

/// Returns the schema. Made once; nothing in it depends on a machine.
#[must_use]
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(build)
}

/// Returns the schema of the value at a path; `None` for a path that nobody knows.
#[must_use]
pub fn at(path: &KeyPath) -> Option<&'static Value> {
    path.segments().iter().try_fold(schema(), |schema, segment| step(schema, segment))
}

/// Returns whether the value at a path is a text, so that `12345` there means the text and not the number.
#[must_use]
pub fn takes_text(path: &KeyPath) -> bool {
    at(path).is_some_and(|schema| types(schema).contains(&"string") && !types(schema).contains(&"integer"))
}

/// Returns every path that has an effect, as patterns: `*` is any key, `[]` any element.
#[must_use]
pub fn known_paths() -> &'static [String] {
    static PATHS: OnceLock<Vec<String>> = OnceLock::new();
    PATHS.get_or_init(|| {
        let mut paths = Vec::new();
        walk_known(&mut |path, _| paths.push(path.to_owned()));
        paths
    })
}

/// Visits every path that has an effect, with its schema.
pub(super) fn walk_known(visit: &mut dyn FnMut(&str, &Value)) {
    walk(schema(), "", visit);
}

/// Returns the types that a schema names, through its alternatives.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    let named = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    named.into_iter().chain(alternatives(schema).iter().flat_map(|alternative| types(alternative))).collect()
}

/// Returns the alternatives of a schema, none for a plain one.
pub(super) fn alternatives(schema: &Value) -> &[Value] {
    let listed = schema.get("anyOf").or_else(|| schema.get("oneOf"));
    listed.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn step<'a>(schema: &'a Value, segment: &Segment) -> Option<&'a Value> {
    let here = match segment {
        Segment::Key(key) => schema
            .get("properties")
            .and_then(|properties| properties.get(key))
            .or_else(|| schema.get("additionalProperties").filter(|below| below.is_object())),
        Segment::Index(_) => schema.get("items"),
    };
    here.or_else(|| alternatives(schema).iter().find_map(|alternative| step(alternative, segment)))
}

fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, below) in properties.filter(|(_, below)| effect(below) == Effect::Real) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        visit(&path, below);
        walk(below, &path, visit);
    }
    if let Some(below) = schema.get("additionalProperties").filter(|below| below.is_object()) {
        walk(below, &format!("{path}.*"), visit);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{path}[]"), visit);
    }
    alternatives(schema).iter().for_each(|alternative| walk(alternative, path, visit));
}

fn build() -> Value {
    let settings = SchemaSettings::draft07().for_deserialize().with(|settings| settings.inline_subschemas = true);
    let mut root = settings.into_generator().into_root_schema_for::<Model>().to_value();
    for pattern in later::KEYS {
        plant(&mut root, pattern, later_leaf());
    }
    plant(&mut root, "channels", channels());
    plant(&mut root, "channels.defaults", channel_defaults());
    plant(&mut root, "$schema", json!({ "description": "Names this schema, for editors.", "type": "string" }));
    if let Some(root) = root.as_object_mut() {
        root.insert("title".to_owned(), json!("Callboard configuration"));
        root.remove("default");
    }
    root
}

fn channels() -> Value {
    let foreign = later::CHANNELS.iter().map(|name| ((*name).to_owned(), later_leaf()));
    let own = KINDS.iter().map(|kind| (kind.name.to_owned(), channel(&(kind.schema)())));
    let properties: Map<String, Value> = foreign.chain(own).collect();
    json!({
        "description": "The integrations, each with its accounts.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Completes an integration's schema: what it refers to stands in place, and the keys that every integration may have are known.
fn channel(schema: &Value) -> Value {
    let mut schema = if schema.is_object() { inline(schema, schema) } else { json!({ "type": "object" }) };
    if let Some(map) = schema.as_object_mut().filter(|map| map.contains_key("properties")) {
        // A section made of two types does not say that it has no other keys.
        map.entry("additionalProperties").or_insert(json!(false));
    }
    for place in ["", "accounts.*."] {
        for key in later::CHANNEL_KEYS {
            if place.is_empty() || step(&schema, &Segment::Key("accounts".to_owned())).is_some() {
                plant_missing(&mut schema, &format!("{place}{key}"));
            }
        }
    }
    schema
}

fn channel_defaults() -> Value {
    json!({
        "description": "What holds for every integration that does not say otherwise.",
        "type": "object",
        "properties": {
            "groupPolicy": {
                "description": "Who is listened to in groups.",
                "type": "string",
                "enum": later::GROUP_POLICIES,
            },
            "heartbeat": later_leaf(),
        },
        "additionalProperties": false,
    })
}

fn later_leaf() -> Value {
    json!({ "description": later::WARNING, MARK: "later" })
}

/// Replaces `$ref`s by what they name. An integration's settings never contain themselves, so this ends.
fn inline(value: &Value, root: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let named = map.get("$ref").and_then(Value::as_str).and_then(|name| root.pointer(name.strip_prefix('#')?));
            if let Some(named) = named {
                let mut named = inline(named, root);
                if let (Some(named), Some(text)) = (named.as_object_mut(), map.get("description")) {
                    named.insert("description".to_owned(), text.clone());
                }
                return named;
            }
            let own = map.iter().filter(|(key, _)| !matches!(key.as_str(), "definitions" | "$defs" | "$schema"));
            own.map(|(key, below)| (key.clone(), inline(below, root))).collect()
        }
        Value::Array(items) => items.iter().map(|item| inline(item, root)).collect(),
        plain => plain.clone(),
    }
}

/// Puts a schema at a pattern, making closed objects on the way where there are none.
fn plant(schema: &mut Value, pattern: &str, leaf: Value) {
    let (here, rest) = split(pattern);
    let Some(slot) = slot(schema, here) else { return };
    if rest.is_empty() { *slot = leaf } else { plant(slot, rest, leaf) }
}

/// Like [`plant`] with a key without effect, but leaves alone what is there.
fn plant_missing(schema: &mut Value, pattern: &str) {
    let (here, rest) = split(pattern);
    let Some(slot) = slot(schema, here) else { return };
    if !rest.is_empty() {
        plant_missing(slot, rest);
    } else if slot.as_object().is_some_and(Map::is_empty) {
        *slot = later_leaf();
    }
}

fn split(pattern: &str) -> (&str, &str) {
    match pattern.split_once('.') {
        Some((here, rest)) => (here, rest),
        None => (pattern, ""),
    }
}

/// Returns the place of one step of a pattern in a schema, made if it is not there.
fn slot<'a>(schema: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    let map = schema.as_object_mut()?;
    if step == "*" {
        return Some(map.entry("additionalProperties").or_insert_with(|| json!({})));
    }
    let (key, element) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
    if map.is_empty() {
        map.insert("description".to_owned(), json!("Keys that are known, without effect yet."));
        map.insert(MARK.to_owned(), json!("group"));
        map.insert("type".to_owned(), json!("object"));
        map.insert("additionalProperties".to_owned(), json!(false));
    }
    let properties = map.entry("properties").or_insert_with(|| json!({})).as_object_mut()?;
    let below = properties.entry(key).or_insert_with(|| json!({}));
    if !element {
        return Some(below);
    }
    below.as_object_mut().map(|below| below.entry("items").or_insert_with(|| json!({})))
}
