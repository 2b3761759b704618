//! A section of the settings, `channels.<kind>`: the account `default` at its top, others by their id. Read alike for every kind.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{AccountProblem, DEFAULTS_KEY};

/// The account that the top level is.
pub(super) const DEFAULT_ID: &str = "default";

/// How much alike a mistyped key and a known one must be to be named together, 0 to 1.
const ALIKE_MIN: f64 = 0.75;

/// The keys of an account of one kind.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    /// All of them.
    pub(super) known: &'static [&'static str],
    /// Those whose values are not repeated in a problem.
    pub(super) secret: &'static [&'static str],
}

/// A section, cut into accounts.
pub(super) struct Section {
    /// The account `default`: what stands at the top, over what `accounts.default` adds to it.
    pub(super) default: Draft,
    /// Whether `accounts.default` is there.
    pub(super) names_default: bool,
    /// The others, in the order of the file. They do not inherit from the top.
    pub(super) others: Vec<Draft>,
}

/// One account's settings as they stand in the file.
pub(super) struct Draft {
    pub(super) id: String,
    /// Where settings of it stand, and which; a later layer wins.
    layers: Vec<(String, Map<String, Value>)>,
    /// What holds where no layer says it; of every kind, so that some of it may mean nothing here.
    below: Map<String, Value>,
}

impl Section {
    /// Cuts a section; `None` for null. What is wrong with the list of accounts joins the problems.
    ///
    /// # Errors
    /// It is no object.
    pub(super) fn cut(section: &Value, problems: &mut Vec<AccountProblem>) -> Result<Option<Self>, AccountProblem> {
        let mut top = match section {
            Value::Null => return Ok(None),
            Value::Object(top) => top.clone(),
            _ => return Err(problem("", "has to be an object of settings")),
        };
        let below = defaults(&mut top);
        let mut others = named(top.remove("accounts"), &below, problems);
        let own = others.iter().position(|draft| draft.id == DEFAULT_ID).map(|at| others.remove(at));
        let names_default = own.is_some();
        let mut default = own.unwrap_or_else(|| Draft { id: DEFAULT_ID.to_owned(), layers: Vec::new(), below });
        default.layers.push((String::new(), top));
        Ok(Some(Self { default, names_default, others }))
    }
}

/// Cuts a section into accounts that inherit what stands at its top, `merged` key by key where both have an object there: the
/// keys of `accounts` in alphabetical order, `default` first; without any the one account `default`. None for null.
///
/// # Errors
/// It is no object.
pub(super) fn inheriting(
    section: &Value,
    merged: &[&str],
    problems: &mut Vec<AccountProblem>,
) -> Result<Vec<Draft>, AccountProblem> {
    let mut top = match section {
        Value::Null => return Ok(Vec::new()),
        Value::Object(top) => top.clone(),
        _ => return Err(problem("", "has to be an object of settings")),
    };
    let below = defaults(&mut top);
    let mut drafts = named(top.remove("accounts"), &below, problems);
    if drafts.is_empty() {
        drafts.push(Draft { id: DEFAULT_ID.to_owned(), layers: Vec::new(), below });
    }
    drafts.sort_by_key(|draft| (draft.id != DEFAULT_ID, draft.id.clone()));
    for draft in &mut drafts {
        for own in &mut draft.layers {
            for key in merged {
                if let (Some(Value::Object(below)), Some(Value::Object(over))) = (top.get(*key), own.1.get_mut(*key)) {
                    let over = std::mem::take(over);
                    own.1.insert((*key).to_owned(), Value::Object(over_each(below.clone(), over)));
                }
            }
        }
        draft.layers.insert(0, (String::new(), top.clone()));
    }
    Ok(drafts)
}

/// Lays objects over objects of the same key.
fn over_each(mut below: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(over)) => below.extend(over),
            (_, value) => drop(below.insert(key, value)),
        }
    }
    below
}

impl Draft {
    /// Reads the settings, each key by itself, so that every mistake is named with its place.
    ///
    /// # Errors
    /// Names each place that is wrong.
    pub(super) fn read<C: DeserializeOwned>(&self, keys: Keys) -> Result<C, Vec<AccountProblem>> {
        let entries =
            self.layers.iter().flat_map(|(path, settings)| settings.iter().map(move |(key, value)| (path, key, value)));
        let problems: Vec<_> = entries.filter_map(|(path, key, value)| key_problem::<C>(keys, path, key, value)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let below = self.below.clone().into_iter().filter(|(key, _)| keys.known.contains(&key.as_str()));
        let merged = below.chain(self.layers.iter().flat_map(|(_, settings)| settings.clone())).collect();
        // The reader's own words might repeat a secret.
        serde_json::from_value(Value::Object(merged)).map_err(|_| vec![problem(&self.layer_of("").0, "cannot be read")])
    }

    /// Returns a problem with the value of a key, at the place that the value comes from.
    pub(super) fn problem(&self, key: &str, text: &str) -> AccountProblem {
        problem(&self.layer_of(key).1, text)
    }

    /// Returns whether a key has a text at the top of the section.
    pub(super) fn has_text_at_top(&self, key: &str) -> bool {
        let top = self.layers.last().and_then(|(_, settings)| settings.get(key)).and_then(Value::as_str);
        top.is_some_and(|text| !text.trim().is_empty())
    }

    /// Returns the path of the layer that a key's value comes from, and that of the key.
    fn layer_of(&self, key: &str) -> (String, String) {
        let layer = self.layers.iter().rev().find(|(_, settings)| settings.contains_key(key)).or(self.layers.last());
        let path = layer.map(|(path, _)| path.clone()).unwrap_or_default();
        let full = join(&path, key);
        (path, full)
    }
}

/// Takes out what the loader has put there for every kind.
fn defaults(top: &mut Map<String, Value>) -> Map<String, Value> {
    match top.remove(DEFAULTS_KEY) {
        Some(Value::Object(defaults)) => defaults,
        _ => Map::new(),
    }
}

fn named(section: Option<Value>, below: &Map<String, Value>, problems: &mut Vec<AccountProblem>) -> Vec<Draft> {
    let mut named: Vec<Draft> = Vec::new();
    let entries = match section {
        None | Some(Value::Null) => return named,
        Some(Value::Object(entries)) => entries,
        Some(_) => {
            problems.push(problem("accounts", "has to be an object of accounts by their id"));
            return named;
        }
    };
    for (key, value) in entries {
        let path = format!("accounts.{key}");
        let id = key.trim().to_lowercase();
        match value {
            _ if !is_id(&id) => problems.push(problem(&path, "an account's id is letters, digits, `-`, `_` and `.`")),
            _ if named.iter().any(|other| other.id == id) => {
                let text = format!("there are two accounts `{id}`: ids are compared without case and blanks");
                problems.push(problem(&path, &text));
            }
            Value::Object(settings) => named.push(Draft { id, layers: vec![(path, settings)], below: below.clone() }),
            _ => problems.push(problem(&path, "has to be an object of settings")),
        }
    }
    named
}

/// The longest id of an account, characters.
const ID_CHARS_MAX: usize = 64;

/// Returns whether a text, trimmed and in lower case, may be the id of an account; it goes into the names of files.
#[must_use]
pub fn is_account_id(id: &str) -> bool {
    is_id(id) && id.chars().count() <= ID_CHARS_MAX
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

fn key_problem<C: DeserializeOwned>(keys: Keys, path: &str, key: &str, value: &Value) -> Option<AccountProblem> {
    let place = join(path, key);
    if !keys.known.contains(&key) {
        return Some(problem(&place, &unknown(keys, key, path)));
    }
    let alone = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
    let error = serde_json::from_value::<C>(alone).err()?;
    // The reader's own words repeat the value.
    let text = if keys.secret.contains(&key) { "has to be a text".to_owned() } else { error.to_string() };
    Some(problem(&place, &text))
}

fn unknown(keys: Keys, key: &str, path: &str) -> String {
    let top = if path.is_empty() { Some("accounts") } else { None };
    let lower = key.to_lowercase();
    let nearest = keys
        .known
        .iter()
        .copied()
        .chain(top)
        .map(|known| (known, strsim::jaro_winkler(&known.to_lowercase(), &lower)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, alike)| *alike >= ALIKE_MIN);
    match nearest {
        Some((known, _)) => format!("unknown setting `{key}`: did you mean `{known}`?"),
        None => format!("unknown setting `{key}`: remove it"),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn problem(path: &str, text: &str) -> AccountProblem {
    AccountProblem { path: path.to_owned(), text: text.to_owned() }
}

/// The whole of a section, for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[allow(dead_code, reason = "only its schema is used")]
struct Whole<C> {
    /// The account `default`.
    #[schemars(flatten)]
    top: C,
    #[schemars(default)]
    accounts: BTreeMap<String, C>,
}

/// What accounts take from the top of their section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heritage {
    /// Nothing.
    None,
    /// What they do not say themselves.
    Top,
}

impl Heritage {
    const fn about(self) -> &'static str {
        match self {
            Self::None => "Further accounts, or more of `default`. They do not inherit from the top.",
            Self::Top => "The accounts. Each takes from the top what it does not say itself.",
        }
    }
}

/// Returns the JSON Schema of a section whose accounts have these settings, under a name and with a sentence of its own.
pub(super) fn schema<C: JsonSchema>(name: &str, about: &str, heritage: Heritage) -> Value {
    let mut schema = schemars::schema_for!(Whole<C>);
    schema.insert("title".to_owned(), name.into());
    schema.insert("description".to_owned(), about.into());
    let mut schema = schema.to_value();
    if let Some(accounts) = schema.pointer_mut("/properties/accounts").and_then(Value::as_object_mut) {
        accounts.insert("description".to_owned(), heritage.about().into());
    }
    schema
}
