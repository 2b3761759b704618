//! `callboard config`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::error::CliError;
use crate::config::edit::{self, Change};
use crate::config::model::ReloadMode;
use crate::config::reload::{Plan, plan};
use crate::config::{Config, ConfigError, KeyPath, Overrides, Problem, load, schema};

/// What to do with the configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what holds at a key, defaults included; secrets are hidden.
    Get(GetArgs),
    /// Change a key in the file; comments stay.
    Set(SetArgs),
    /// Take a key out of the file.
    Unset(UnsetArgs),
    /// Check the file.
    Validate,
    /// Print the JSON Schema of the file.
    Schema,
}

#[derive(Debug, clap::Args)]
struct GetArgs {
    /// The key, for example gateway.port; without it everything.
    key: Option<String>,
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The key, for example gateway.port or agents.list[0].name.
    key: String,
    /// The value: JSON5, or a text as it is.
    #[arg(allow_hyphen_values = true)]
    value: String,
}

#[derive(Debug, clap::Args)]
struct UnsetArgs {
    /// The key.
    key: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.action {
        Action::Get(args) => get(args.key.as_deref().unwrap_or_default(), context),
        Action::Set(args) => {
            let path = path(&args.key)?;
            let value = value(&path, &args.value);
            change(context, &[(path, Change::Set(value))])
        }
        Action::Unset(args) => change(context, &[(path(&args.key)?, Change::Unset)]),
        Action::Validate => validate(context),
        Action::Schema => {
            context.output.text(&serde_json::to_string_pretty(schema::schema()).map_err(anyhow::Error::from)?);
            Ok(())
        }
    }
}

fn path(key: &str) -> Result<KeyPath, CliError> {
    key.parse().map_err(|error: crate::config::KeyPathError| CliError::Usage(error.to_string()))
}

/// Reads a value: where a text belongs, the text as it stands.
fn value(path: &KeyPath, text: &str) -> Value {
    let quoted =
        text.len() > 1 && (text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\''));
    if schema::takes_text(path) && !quoted && text != "null" {
        return Value::from(text);
    }
    json5::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn get(key: &str, context: &Context) -> Result<(), CliError> {
    let path = path(key)?;
    let Some(value) = context.config()?.get(&path) else {
        let known = if schema::at(&path).is_some() { "is not set" } else { "is not a known key" };
        return Err(CliError::failed(format!("`{path}` {known}")));
    };
    context.output.local(&value, || match &value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    });
    Ok(())
}

/// Changes keys in the config file, all or none. What would not be a sound configuration is not written.
pub(super) fn change(context: &Context, changes: &[(KeyPath, Change)]) -> Result<(), CliError> {
    let file = &context.paths.config_file;
    let mut text = edit::current_text(file)?;
    // A file that is broken already has no plan; the change may be what mends it.
    let old = load::check_text(&text, &context.paths, &context.env, &Overrides::default()).ok();
    for (path, change) in changes {
        text = edit::edit(&text, file, path, change)?;
    }
    let new = load::check_text(&text, &context.paths, &context.env, &Overrides::default())?;
    edit::write(file, &text)?;
    let plan = old.map(|old| plan(&old, &new)).unwrap_or_default();
    let names = |paths: &[KeyPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let accounts: Vec<_> = plan.accounts.iter().map(ToString::to_string).collect();
    let json = json!({ "file": file, "hot": names(&plan.hot), "accounts": accounts, "gateway": names(&plan.gateway) });
    let mode = new.slices.gateway.reload.mode;
    context.output.local(&json, || format!("wrote {}{}", file.display(), advice(&plan, mode)));
    warn(context, &new);
    Ok(())
}

/// Tells what a running gateway does for the change to hold.
fn advice(plan: &Plan, mode: ReloadMode) -> &'static str {
    if plan.is_empty() {
        return "";
    }
    match (mode, plan.gateway.is_empty()) {
        (ReloadMode::Off, _) => "; gateway.reload.mode is off: send a running gateway SIGHUP, or restart it",
        (ReloadMode::Restart, _) | (ReloadMode::Hybrid, false) => "; a running gateway restarts for it by itself",
        (ReloadMode::Hot, false) => "; a running gateway takes it over in part: restart it for the rest",
        (ReloadMode::Hybrid | ReloadMode::Hot, true) => "; a running gateway takes it over by itself",
    }
}

fn validate(context: &Context) -> Result<(), CliError> {
    let file = &context.paths.config_file;
    if !file.exists() {
        return Err(ConfigError::Missing { file: file.clone() }.into());
    }
    match load(&context.paths, &context.env, &Overrides::default()) {
        Ok(config) => {
            let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
            let json = json!({ "ok": true, "file": file, "problems": [], "warnings": warnings });
            context.output.local(&json, || format!("{} is sound", file.display()));
            warn(context, &config);
            Ok(())
        }
        Err(error) => {
            let problems = error.problems();
            if context.output == super::output::Output::Json {
                context.output.local(&json!({ "ok": false, "file": file, "problems": problems, "warnings": [] }), String::new);
            }
            Err(CliError::failed(format!("the config file {} is not sound:\n- {}", file.display(), problems.join("\n- "))))
        }
    }
}

fn warn(context: &Context, config: &Config) {
    config.warnings.iter().map(Problem::to_string).for_each(|warning| context.output.note(&format!("warning: {warning}")));
}
