//! `${NAME}` in any string is a variable's value; `$${NAME}` stays as `${NAME}`.

use serde_json::Value;

use super::{Environment, KeyPath, Problem};

/// Replaces variables in every string of a tree.
///
/// # Errors
/// One problem for each variable that is missing or empty.
pub(super) fn substitute(tree: &mut Value, env: &Environment) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    walk(tree, &KeyPath::default(), env, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Returns the variables that a tree names, with their values.
pub(super) fn variables(tree: &Value, env: &Environment) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(tree, env, &mut found);
    found
}

/// Returns whether a text is the name of a variable and nothing else.
pub(super) fn is_reference(text: &str) -> bool {
    name_in(text).is_some_and(|(_, after)| after.is_empty())
}

/// Puts the texts of the file back where variables were replaced in them: values that became numbers or switches stay.
pub(super) fn unsubstitute(tree: &mut Value, source: &Value) {
    match (tree, source) {
        (Value::Object(tree), Value::Object(source)) => {
            for (key, value) in tree {
                source.get(key).into_iter().for_each(|source| unsubstitute(value, source));
            }
        }
        (Value::Array(tree), Value::Array(source)) => {
            tree.iter_mut().zip(source).for_each(|(value, source)| unsubstitute(value, source));
        }
        (Value::String(text), Value::String(source)) if source.contains("${") => text.clone_from(source),
        _ => {}
    }
}

fn collect(value: &Value, env: &Environment, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((_, tail)) = rest.split_once("${") {
                rest = tail;
                let named = tail.split_once('}').map(|(name, _)| name);
                if let Some((name, value)) = named.and_then(|name| Some((name, env.get(name)?))) {
                    found.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, env, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, env, found)),
        _ => {}
    }
}

fn walk(value: &mut Value, path: &KeyPath, env: &Environment, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) if text.contains("${") => match expand(text, env) {
            Ok(expanded) => *text = expanded,
            Err(name) => problems.push(Problem::new(
                path.clone(),
                format!("the variable {name} is missing or empty: set it or put it into `.env` (both are read when the process starts), or write $${{{name}}} for the text itself"),
            )),
        },
        Value::Array(items) => items.iter_mut().enumerate().for_each(|(place, item)| walk(item, &path.index(place), env, problems)),
        Value::Object(map) => map.iter_mut().for_each(|(key, item)| walk(item, &path.key(key), env, problems)),
        _ => {}
    }
}

/// Returns the text with its variables replaced, or the name of one that is not there. What a variable holds is not looked
/// at again.
fn expand(text: &str, env: &Environment) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, tail) = rest.split_at(at);
        match name_in(tail) {
            Some((name, after)) if before.ends_with('$') => {
                out.push_str(before.strip_suffix('$').unwrap_or(before));
                out.push_str(&format!("${{{name}}}"));
                rest = after;
            }
            Some((name, after)) => {
                out.push_str(before);
                out.push_str(env.get(name).ok_or_else(|| name.to_owned())?);
                rest = after;
            }
            // Not a variable's name: text like any other.
            None => {
                let (open, after) = tail.split_at(2);
                out.push_str(before);
                out.push_str(open);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads `${NAME}` at the start of a text.
fn name_in(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix("${")?.split_once('}')?;
    let good_first = name.starts_with(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    let good = name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    (good_first && good).then_some((name, after))
}
