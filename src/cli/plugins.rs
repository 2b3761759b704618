//! `callboard plugins`: integrations are built in, so there is nothing to install.

use callboard_actors::channel::{KINDS, Kind};
use clap::Subcommand;
use serde_json::json;

use super::channels_add::flags;
use super::context::Context;
use super::error::CliError;
use super::output::table;
use super::setup::instance_flag;

/// What to do with integrations.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what is built in.
    List,
    /// Say how to use an integration that another gateway installs.
    #[command(alias = "install")]
    Add(AddArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// Its npm name, its path, or its own name.
    plugin: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.action {
        Action::List => {
            let listed: Vec<_> =
                KINDS.iter().map(|kind| json!({ "name": kind.name, "label": kind.label, "builtIn": true })).collect();
            let rows: Vec<_> =
                KINDS.iter().map(|kind| vec![kind.name.to_owned(), kind.label.to_owned(), "built in".to_owned()]).collect();
            context.output.local(&json!({ "plugins": listed }), || table(&["NAME", "LABEL", ""], &rows, "none"));
            Ok(())
        }
        Action::Add(args) => add(&args.plugin, context),
    }
}

fn add(plugin: &str, context: &Context) -> Result<(), CliError> {
    let Some(kind) = KINDS.iter().find(|kind| is_named(kind, plugin)) else {
        let known = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        return Err(CliError::failed(format!("`{plugin}` is not built in and cannot be added; built in: {known}")));
    };
    let key = flags(kind);
    let next = format!("callboard{} channels add {}{key}", instance_flag(context), kind.name);
    let json = json!({ "name": kind.name, "builtIn": true, "next": next });
    context.output.local(&json, || format!("{} is built in: nothing to install. Add an account with:\n{next}", kind.name));
    Ok(())
}

/// Returns whether an integration is meant: by its name, by an npm name with or without a version, or by a path that ends in one.
fn is_named(kind: &Kind, plugin: &str) -> bool {
    let plugin = plugin.trim().trim_end_matches('/').to_lowercase();
    let versionless = match plugin.rfind('@') {
        Some(at) if at > 0 => plugin.get(..at).unwrap_or(&plugin),
        _ => &plugin,
    };
    let last = versionless.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = last.strip_suffix(".tgz").unwrap_or(last);
    kind.plugin_names.contains(&versionless) || last == kind.name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrations_are_known_by_npm_name_path_and_name() {
        let kind = KINDS.iter().find(|kind| kind.name == "socket-chat").unwrap();
        for plugin in [
            "socket-chat",
            "@openclaw-channel/socket-chat",
            "@openclaw-channel/socket-chat@1.0.8",
            "./ext/socket-chat/",
            "Socket-Chat",
        ] {
            assert!(is_named(kind, plugin), "{plugin}");
        }
        for plugin in ["", "@openclaw-channel/other", "socket", "socket-chat/other"] {
            assert!(!is_named(kind, plugin), "{plugin}");
        }
    }
}
