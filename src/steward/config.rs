//! `/config` and `/debug`: the config file, and what is laid over it in memory. What is answered repeats no value that was set.

use callboard_actors::ports::{Assignment, ConfigErrand, DebugErrand};
use serde_json::Value;

use super::told;
use crate::config::KeyPath;
use crate::config::desk::{ConfigDesk, ConfigView, DeskError, Effect, RestartWish, Written, value_of};

/// Looks at the config file or changes it; answers with what is told of it.
pub(super) fn carry_out(desk: &ConfigDesk, errand: &ConfigErrand, wish: &RestartWish) -> String {
    let done = match errand {
        ConfigErrand::Show => Ok(file(&desk.get())),
        ConfigErrand::Get(path) => read(path).map(|path| held(&desk.get(), &path)),
        ConfigErrand::Set(assignment) => set(desk, assignment, wish),
        ConfigErrand::Unset(path) => unset(desk, path, wish),
    };
    done.unwrap_or_else(|refusal| refusal)
}

/// Looks at what is laid over the file or changes it; answers with what is told of it.
pub(super) fn lay_over(desk: &ConfigDesk, errand: &DebugErrand) -> String {
    let done = match errand {
        DebugErrand::Show => Ok(overlay(&desk.overlay())),
        DebugErrand::Set(Assignment { path, value }) => {
            filled(path, value).and_then(|(path, value)| laid(&desk.lay_over(&path, Some(value))))
        }
        DebugErrand::Unset(path) => read(path).and_then(|path| laid(&desk.lay_over(&path, None))),
        DebugErrand::Reset => laid(&desk.clear_overlay()),
    };
    done.unwrap_or_else(|refusal| refusal)
}

fn read(path: &str) -> Result<KeyPath, String> {
    path.parse().map_err(|error: crate::config::KeyPathError| format!("Nothing was changed: {error}"))
}

fn filled(path: &str, value: &str) -> Result<(KeyPath, Value), String> {
    let (path, value) = (read(path)?, value_of(value));
    if value.is_null() { Err(format!("Nothing was changed: to take {path} out, use unset.")) } else { Ok((path, value)) }
}

fn file(view: &ConfigView) -> String {
    let place = view.path.display();
    match (view.exists, view.valid) {
        (false, _) => format!("There is no config file at {place}: the defaults hold."),
        (true, true) => format!("{place}:\n{}", told::value(&view.parsed)),
        (true, false) => format!("{place} cannot be used:{}\n{}", told::lines(&view.issues), told::value(&view.parsed)),
    }
}

fn held(view: &ConfigView, path: &KeyPath) -> String {
    match path.find(&view.config) {
        Some(value) => format!("{path}: {}", told::value(value)),
        None => format!("{path} is not set."),
    }
}

fn set(desk: &ConfigDesk, assignment: &Assignment, wish: &RestartWish) -> Result<String, String> {
    let (path, value) = filled(&assignment.path, &assignment.value)?;
    desk.change(&path, value, wish).map(|done| written(&path, &done)).map_err(|error| told::refusal(&error))
}

fn unset(desk: &ConfigDesk, path: &str, wish: &RestartWish) -> Result<String, String> {
    let path = read(path)?;
    if path.find(&desk.get().parsed).is_none() {
        return Err(format!("{path} is not set in the config file: a default, a variable or an included file may say it."));
    }
    desk.change(&path, Value::Null, wish).map(|done| written(&path, &done)).map_err(|error| told::refusal(&error))
}

/// Returns what is told of a file that was written.
pub(super) fn written(path: &KeyPath, written: &Written) -> String {
    if !written.changed {
        return format!("{path} was so before.");
    }
    let waits = written.effect.restart.iter().any(|waiting| is_of(path, waiting));
    let holds = match &written.restart {
        Some(ticket) => format!("The gateway restarts for it in {} s.", told::seconds(ticket.delay_ms)),
        None if waits => "It holds from the gateway's next start.".to_owned(),
        None => "It holds from the next message on.".to_owned(),
    };
    let worth: Vec<_> = written.warnings.iter().filter(|issue| is_of(path, &issue.path)).cloned().collect();
    format!("{path} is written. {holds}{}", told::lines(&worth))
}

/// Returns whether a key stands at a path or below it.
fn is_of(path: &KeyPath, key: &str) -> bool {
    key.parse().is_ok_and(|key| path.contains(&key))
}

fn overlay(tree: &Value) -> String {
    match tree.as_object() {
        Some(tree) if !tree.is_empty() => {
            format!(
                "Laid over the configuration until the gateway's next start:\n{}",
                told::value(&Value::Object(tree.clone()))
            )
        }
        _ => "Nothing is laid over the configuration.".to_owned(),
    }
}

fn laid(done: &Result<Effect, DeskError>) -> Result<String, String> {
    match done {
        Ok(effect) if effect.accounts.is_empty() => {
            Ok("Done. It holds from the next message on, and until the gateway's next start.".to_owned())
        }
        Ok(effect) => Ok(format!(
            "Done. It holds until the gateway's next start; links are made anew for it: {}.",
            effect.accounts.join(", ")
        )),
        Err(error) => Err(told::refusal(error)),
    }
}
