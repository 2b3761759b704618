//! A method's parameters, read against the schema of their type: gateway-protocol §5 has the form of what is wrong.

use callboard_actors::client::WireError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How many faults of one request are told.
const FAULTS_MAX: usize = 16;

/// How many characters of a name or place that a client made up are told.
const NAME_CHARS_MAX: usize = 128;

/// What a client of a newer protocol may do: say more than is known here.
pub(super) const LENIENT_FROM: u32 = 4;

/// Reads parameters; none and null are an empty object.
///
/// # Errors
/// Names each place that is wrong.
pub(super) fn read(
    method: &str,
    protocol: u32,
    raw: Option<&RawValue>,
    validator: Option<&Validator>,
) -> Result<Value, WireError> {
    let params = match raw.map(|raw| serde_json::from_str::<Value>(raw.get())) {
        None | Some(Ok(Value::Null)) => Value::Object(Map::new()),
        Some(Ok(params)) => whole(params),
        Some(Err(error)) => return Err(invalid(method, &format!("at root: {error}"))),
    };
    if let Some(path) = too_large(&params) {
        let at = if path.is_empty() { "at root".to_owned() } else { format!("at {}", short(&path)) };
        return Err(invalid(method, &format!("{at}: must be <= {EXACT_MAX}")));
    }
    let Some(validator) = validator.filter(|validator| !validator.is_valid(&params)) else { return Ok(params) };
    let mut clauses = Vec::new();
    for error in validator.iter_errors(&params).take(FAULTS_MAX) {
        let unknown = matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. });
        if !(unknown && protocol >= LENIENT_FROM) {
            clauses.extend(clauses_of(&error));
        }
    }
    clauses.truncate(FAULTS_MAX);
    if clauses.is_empty() { Ok(params) } else { Err(invalid(method, &clauses.join("; "))) }
}

/// The largest number that JSON's numbers hold exactly, as every client has them.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

/// Writes whole numbers as such: JSON knows no difference between `89.0` and `89`, and neither does a schema.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() <= EXACT_MAX => (float as i64).into(),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, whole(value))).collect()),
        other => other,
    }
}

/// Finds a number that no type here holds.
pub(super) fn too_large(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_f64().filter(|float| float.abs() > EXACT_MAX).map(|_| String::new()),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| Some(format!("/{at}{}", too_large(item)?))),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| Some(format!("/{name}{}", too_large(item)?))),
        _ => None,
    }
}

/// Returns the error of parameters that cannot be used.
pub(super) fn invalid(method: &str, what: &str) -> WireError {
    WireError::invalid(format!("invalid {method} params: {what}"))
}

fn clauses_of(error: &ValidationError<'_>) -> Vec<String> {
    let path = short(error.instance_path().as_str());
    let at = if path.is_empty() { String::new() } else { format!("at {path}: ") };
    let root = if path.is_empty() { "at root: ".to_owned() } else { at.clone() };
    let one = |text: String| vec![format!("{at}{text}")];
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            one(format!("must have required property '{}'", property.as_str().unwrap_or_default()))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| format!("{root}unexpected property '{}'", short(name))).collect()
        }
        ValidationErrorKind::Minimum { limit } => one(format!("must be >= {limit}")),
        ValidationErrorKind::Maximum { limit } => one(format!("must be <= {limit}")),
        ValidationErrorKind::MinLength { limit } => one(format!("must NOT have fewer than {limit} characters")),
        ValidationErrorKind::MaxLength { limit } => one(format!("must NOT have more than {limit} characters")),
        ValidationErrorKind::MinItems { limit } => one(format!("must NOT have fewer than {limit} items")),
        ValidationErrorKind::MaxItems { limit } => one(format!("must NOT have more than {limit} items")),
        ValidationErrorKind::MaxProperties { limit } => one(format!("must NOT have more than {limit} properties")),
        ValidationErrorKind::Pattern { pattern } => one(format!("must match pattern \"{pattern}\"")),
        ValidationErrorKind::Constant { .. } => one("must be equal to constant".to_owned()),
        ValidationErrorKind::Enum { options } => union(&at, &listed(options)),
        ValidationErrorKind::AnyOf { context } if let [faults] = meant(context).as_slice() => {
            faults.iter().flat_map(clauses_of).collect()
        }
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => union(&at, ""),
        ValidationErrorKind::Type { kind } => vec![format!("{root}must be {}", types(kind))],
        // What is left are keywords that no type here makes.
        other => one(format!("does not fit `{}`", other.keyword())),
    }
}

/// Returns the faults of each form that a value could have had, those left out that mean nothing at all was sent.
fn meant<'a>(forms: &'a [Vec<ValidationError<'static>>]) -> Vec<&'a [ValidationError<'static>]> {
    let null = |fault: &ValidationError<'_>| {
        matches!(fault.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::Null) })
    };
    forms.iter().map(Vec::as_slice).filter(|faults| !matches!(faults, [fault] if null(fault))).collect()
}

fn short(name: &str) -> &str {
    name.char_indices().nth(NAME_CHARS_MAX).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// Returns what is told of a value that is none of those allowed.
fn union(at: &str, allowed: &str) -> Vec<String> {
    vec![format!("{at}must be equal to constant"), format!("{at}must match a schema in anyOf{allowed}")]
}

fn listed(options: &Value) -> String {
    let names = options.as_array().map(|options| options.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    names.filter(|names| !names.is_empty()).map(|names| format!(" ({names})")).unwrap_or_default()
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            let names = kinds.iter().map(|kind| kind.to_string()).filter(|name| name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
    }
}
