//! `callboard pairing`.

use clap::Subcommand;
use serde_json::Value;

use super::context::Context;
use super::error::CliError;
use super::output::{field, items, table};

/// What to do with people who asked to be let in.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List who asked.
    List(ListArgs),
    /// Let somebody in; they are told.
    Approve(CodeArgs),
    /// Turn somebody away; they are not told.
    Reject(CodeArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only of this integration.
    channel: Option<String>,
}

#[derive(Debug, clap::Args)]
struct CodeArgs {
    /// The integration they wrote on.
    channel: String,
    /// The code they were given.
    code: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let (args, verb, done) = match args.action {
        Action::List(args) => {
            let body = client.get(&["admin", "pairing"]).await?;
            return context.output.answer(body, |body| list(body, args.channel.as_deref()));
        }
        Action::Approve(args) => (args, "approve", "approved"),
        Action::Reject(args) => (args, "reject", "rejected"),
    };
    // Codes are upper-case; people read them out and type them as they like.
    let code = args.code.trim().to_uppercase();
    let body = client.post(&["admin", "pairing", &args.channel, &code, verb], None).await?;
    context.output.answer(body, |body| match field(body, "/pairing/peer").as_str() {
        "-" => format!("{done} {code}"),
        peer => format!("{done} {} ({peer})", field(body, "/pairing/name")),
    })
}

fn list(body: &Value, channel: Option<&str>) -> String {
    let asked = items(body, "pairing").iter().filter(|asked| channel.is_none_or(|channel| field(asked, "/channel") == channel));
    let pointers = ["/channel", "/account", "/code", "/peer", "/name", "/expiresAt"];
    let rows: Vec<_> = asked.map(|asked| pointers.iter().map(|pointer| field(asked, pointer)).collect()).collect();
    table(&["CHANNEL", "ACCOUNT", "CODE", "PEER", "NAME", "EXPIRES"], &rows, "nobody waits to be let in")
}
