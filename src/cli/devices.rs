//! `callboard devices`.

use callboard_actors::client::Scope;
use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::error::CliError;
use super::output::{field, items, table};

/// What all of these need.
const SCOPES: &[Scope] = &[Scope::Pairing];

/// What to do with devices that have a key of their own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List those that wait to be let in, and those that are in.
    List,
    /// Let one in.
    Approve(RequestArgs),
    /// Turn one away.
    Reject(RequestArgs),
    /// Make a device's token anew and print it; the old one is good for nothing from then on.
    Rotate(RotateArgs),
    /// Take a device's token away.
    Revoke(TokenArgs),
}

#[derive(Debug, clap::Args)]
struct RequestArgs {
    /// The request's id, of the list.
    id: String,
}

#[derive(Debug, clap::Args)]
struct TokenArgs {
    /// The device's id, of the list.
    device: String,
    /// The role that the token is for.
    #[arg(long, default_value = "operator")]
    role: String,
}

#[derive(Debug, clap::Args)]
struct RotateArgs {
    #[command(flatten)]
    token: TokenArgs,
    /// What the new token is to allow; without it the same as the old one. May be given more than once.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let (method, params, told): (_, _, fn(&Value) -> String) = match args.action {
        Action::List => ("device.pair.list", json!({}), list),
        Action::Approve(RequestArgs { id }) => ("device.pair.approve", json!({ "requestId": id }), approved),
        Action::Reject(RequestArgs { id }) => ("device.pair.reject", json!({ "requestId": id }), rejected),
        Action::Rotate(RotateArgs { token: TokenArgs { device, role }, scopes }) => {
            let mut params = json!({ "deviceId": device, "role": role });
            if let (false, Some(fields)) = (scopes.is_empty(), params.as_object_mut()) {
                fields.insert("scopes".to_owned(), scopes.into());
            }
            ("device.token.rotate", params, rotated)
        }
        Action::Revoke(TokenArgs { device, role }) => {
            ("device.token.revoke", json!({ "deviceId": device, "role": role }), revoked)
        }
    };
    context.output.payload(context.ask(SCOPES, method, params).await?, told)
}

fn approved(told: &Value) -> String {
    format!("{} is let in", field(told, "/device/deviceId"))
}

fn rejected(told: &Value) -> String {
    format!("{} is turned away", field(told, "/deviceId"))
}

/// Returns the new token alone, so that it can be handed on.
fn rotated(told: &Value) -> String {
    field(told, "/token")
}

fn revoked(told: &Value) -> String {
    format!("the {} token of {} is revoked", field(told, "/role"), field(told, "/deviceId"))
}

fn list(told: &Value) -> String {
    let mut rows = Vec::new();
    for device in items(told, "pending") {
        rows.push(row("waits", &field(device, "/requestId"), device));
    }
    for device in items(told, "paired") {
        rows.push(row("paired", "-", device));
    }
    table(&["STATE", "REQUEST", "DEVICE", "CLIENT", "PLATFORM", "ROLE", "SCOPES"], &rows, "no devices")
}

fn row(state: &str, request: &str, device: &Value) -> Vec<String> {
    let scopes: Vec<_> = items(device, "scopes").iter().filter_map(Value::as_str).collect();
    let scopes = if scopes.is_empty() { "-".to_owned() } else { scopes.join(",") };
    let [id, client, platform, role] = ["/deviceId", "/clientId", "/platform", "/role"].map(|pointer| field(device, pointer));
    vec![state.to_owned(), request.to_owned(), id, client, platform, role, scopes]
}
