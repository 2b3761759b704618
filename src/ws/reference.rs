//! The pages about the control plane, made from the table: `docs/protocol.md` for people, `docs/protocol.schema.json` for programs.

use std::fmt::Write as _;

use callboard_actors::client::CloseCode;
use callboard_actors::message::{Code, EventName};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::handshake::ConnectParams;
use super::methods;
use super::table::Method;

/// How the page begins.
const HEAD: &str = "# The control plane

<!-- Made from the table in src/ws; `UPDATE_DOCS=1 cargo test` writes it anew. -->

Clients speak JSON frames over one WebSocket on the gateway's port, at any path. A request is `{\"type\":\"req\",\"id\",\"method\",\"params\"}`,
its answer `{\"type\":\"res\",\"id\",\"ok\",\"payload\"}` or, with `ok` false, an `error` of `code`, `message`, sometimes `details`,
`retryable` and `retryAfterMs`; an event is `{\"type\":\"event\",\"event\",\"payload\",\"seq\"}`. The first event is `connect.challenge`, the
first request has to be `connect`. The whole schemas of parameters and results are in `protocol.schema.json`.

- `operator.admin` gives every other scope, `operator.write` gives `operator.read`; nodes have no scopes.
- A property that a method does not know is refused on protocol 3 and passed over from protocol 4 on.
- A method that is known and not built is answered `not implemented: <method>`, one that nobody knows `unknown method: <method>`.
";

/// What is said of the first request.
const CONNECT: &str = "
## connect

The first request of every connection; within ten seconds, and nothing before it. Its answer is `hello-ok`: the protocol agreed on, what
there is of methods and events, a snapshot of presence, health and, for who may read, the configuration, the device's token, and the
bounds that hold. Whoever is not let in is told why and closed.

";

/// Why connections are closed.
const CLOSES: &[(CloseCode, &str)] = &[
    (CloseCode::NORMAL, "the first frame is no request, or did not come in time"),
    (CloseCode::PROTOCOL, "no protocol in common"),
    (CloseCode::NOT_TEXT, "a frame that is no text"),
    (
        CloseCode::POLICY,
        "not let in; a client that does not read (`slow consumer`); a token that was rotated or revoked; another shared credential (`credential changed`)",
    ),
    (CloseCode::TOO_LARGE, "a frame or message over 25 MiB, or over 64 KiB before the client is let in"),
    (
        CloseCode::TRY_LATER,
        "a message over 512 KiB while too many such are on their way, of this client or of all: try again later",
    ),
    (CloseCode::RESTART, "the gateway stops or restarts (`service restart`)"),
];

/// Returns every method, by name.
fn sorted() -> Vec<&'static Method> {
    let mut methods: Vec<_> = methods::all().collect();
    methods.sort_by_key(|method| (group(method.name), method.name));
    methods
}

/// Returns the part of a name that methods of one group share.
fn group(name: &str) -> &str {
    name.split_once('.').map_or("gateway", |(group, _)| group)
}

fn connect(generator: SchemaGenerator) -> Schema {
    generator.into_root_schema_for::<ConnectParams>()
}

fn schema(make: fn(SchemaGenerator) -> Schema) -> Value {
    make(SchemaGenerator::default()).to_value()
}

/// Returns the page for people.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str(CONNECT);
    rows(&schema(connect)).iter().for_each(|row| page.push_str(row));
    let mut last = "";
    for method in sorted() {
        let group = group(method.name);
        if group != last {
            let _ = write!(page, "\n## {group}\n");
            last = group;
        }
        let _ = write!(page, "\n### `{}`\n\n{} Needs {}.\n\n", method.name, method.about, in_marks(method.need.as_str()));
        let params = rows(&schema(method.params));
        if params.is_empty() {
            page.push_str("- parameters: none\n");
        }
        params.iter().for_each(|row| page.push_str(row));
        let _ = writeln!(page, "- answers: {}", answer(&schema(method.result)));
    }
    later(&mut page);
    events(&mut page);
    codes(&mut page);
    page
}

fn in_marks(need: &str) -> String {
    if need.starts_with("operator.") { format!("`{need}`") } else { need.to_owned() }
}

fn later(page: &mut String) {
    let names: Vec<String> = methods::LATER.iter().map(|name| format!("`{name}`")).collect();
    let _ = write!(page, "\n## Known, not built yet\n\n{}\n", names.join(", "));
}

fn events(page: &mut String) {
    page.push_str("\n## Events\n\n| Event | Who hears it | Meaning |\n|---|---|---|\n");
    for name in EventName::ALL {
        let audience = match name.audience() {
            callboard_actors::message::Audience::Everybody => "everybody",
            callboard_actors::message::Audience::Readers => "who may read",
            callboard_actors::message::Audience::Pairing => "who may pair",
            callboard_actors::message::Audience::One => "the one it is sent to",
        };
        let _ = writeln!(page, "| `{}` | {audience} | {} |", name.as_str(), name.meaning());
    }
}

fn codes(page: &mut String) {
    page.push_str("\n## Close codes\n\n| Code | When |\n|---|---|\n");
    for (code, when) in CLOSES {
        let _ = writeln!(page, "| {} | {when} |", code.0);
    }
    page.push_str(
        "\n## Error codes\n\nEach stands for the causes of `docs/errors.md`; a missing scope is `FORBIDDEN` from protocol 4 on.\n\n\
         | Code | Causes |\n|---|---|\n",
    );
    let mut wires: Vec<&str> = Vec::new();
    for wire in Code::ALL.iter().map(|code| code.wire()) {
        if !wires.contains(&wire) {
            wires.push(wire);
        }
    }
    for wire in wires {
        let causes: Vec<String> = Code::ALL.iter().filter(|code| code.wire() == wire).map(|code| format!("`{code}`")).collect();
        let _ = writeln!(page, "| `{wire}` | {} |", causes.join(", "));
    }
}

/// Returns a line for each property of an object, and of those within it.
fn rows(schema: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    add_rows(schema, schema, "", &mut lines);
    lines
}

fn add_rows(part: &Value, root: &Value, before: &str, lines: &mut Vec<String>) {
    for (name, property) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let mark = if is_required(part, name) { "" } else { "?" };
        let meaning = meaning(property);
        let colon = if meaning.is_empty() { "" } else { ": " };
        lines.push(format!("- `{before}{name}{mark}` ({}{}){colon}{meaning}\n", kind(property, root), bounds(property)));
        // An object that may be left out is one of two.
        let options = property.get("anyOf").and_then(Value::as_array).map_or(std::slice::from_ref(property), Vec::as_slice);
        let objects = options.iter().map(|option| resolved(option, root));
        objects.for_each(|object| add_rows(object, root, &format!("{before}{name}."), lines));
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|known| known == name))
}

/// Returns the answer in short: the names of its properties.
fn answer(schema: &Value) -> String {
    let mut names = Vec::new();
    collect(schema, schema, &mut names);
    match kind(schema, schema) {
        _ if !names.is_empty() => format!("`{{ {} }}`", names.join(", ")),
        // What has no type of its own here has the protocol's form.
        kind if kind == "any" => "in the form of the protocol".to_owned(),
        kind => kind,
    }
}

/// Collects the properties of an object, those of flattened parts too.
fn collect(schema: &Value, root: &Value, names: &mut Vec<String>) {
    for (name, _) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let mark = if is_required(schema, name) { "" } else { "?" };
        names.push(format!("{name}{mark}"));
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect(resolved(part, root), root, names);
    }
}

fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn kind(schema: &Value, root: &Value) -> String {
    let schema = resolved(schema, root);
    if let Some(options) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let mut kinds: Vec<String> = options.iter().map(|option| kind(option, root)).filter(|kind| kind != "null").collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    if let Some(value) = schema.get("const").and_then(Value::as_str) {
        return format!("`{value}`");
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options.iter().filter_map(Value::as_str).map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
    }
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        _ => return "any".to_owned(),
    };
    let name = |name: &&str| match (*name, schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items, root)),
        (name, _) => name.to_owned(),
    };
    names.iter().map(name).collect::<Vec<_>>().join(" or ")
}

fn bounds(schema: &Value) -> String {
    let bound = |name: &str| schema.get(name).map(ToString::to_string);
    let between = |min: Option<String>, max: Option<String>, unit: &str| match (min, max) {
        (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
        (None, Some(max)) => format!(", at most {max}{unit}"),
        (Some(min), None) => format!(", at least {min}{unit}"),
        (None, None) => String::new(),
    };
    let numbers = between(bound("minimum"), bound("maximum"), "");
    let texts = between(bound("minLength"), bound("maxLength"), " characters");
    let items = between(bound("minItems"), bound("maxItems"), " items");
    format!("{numbers}{texts}{items}")
}

fn meaning(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the page for programs: scope and schemas of every method, and the events.
#[must_use]
pub fn schemas() -> String {
    let methods: Map<String, Value> = sorted()
        .into_iter()
        .map(|method| {
            let told = json!({
                "description": method.about,
                "needs": method.need.as_str(),
                "params": schema(method.params),
                "result": schema(method.result),
            });
            (method.name.to_owned(), told)
        })
        .collect();
    let events: Map<String, Value> = EventName::ALL
        .iter()
        .map(|name| (name.as_str().to_owned(), json!({ "description": name.meaning(), "audience": name.audience() })))
        .collect();
    let page = json!({ "connect": { "params": schema(connect) }, "methods": methods, "events": events });
    serde_json::to_string_pretty(&page).unwrap_or_default() + "\n"
}
