//! `callboard actors`.

use clap::Subcommand;
use serde_json::Value;

use super::context::Context;
use super::error::CliError;
use super::output::{field, rows, table};

/// What to do with actors.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them with their mailboxes.
    List(ListArgs),
    /// Show one.
    Show(IdArgs),
    /// Stop it and build it anew; what waits for it stays.
    Restart(IdArgs),
    /// Stop it.
    Stop(IdArgs),
    /// Start it, also after it was given up.
    Start(IdArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Begin after this one: the `next` of the page before.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

#[derive(Debug, clap::Args)]
struct IdArgs {
    /// The actor's id, for example channel:socket-chat:default.
    id: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let (id, verb) = match args.action {
        Action::List(args) => {
            return context.output.answer(client.get_page(&["admin", "actors"], args.after.as_deref()).await?, list);
        }
        Action::Show(args) => {
            return context.output.answer(client.get(&["admin", "actors", &args.id]).await?, one);
        }
        Action::Restart(args) => (args.id, "restart"),
        Action::Stop(args) => (args.id, "stop"),
        Action::Start(args) => (args.id, "start"),
    };
    let spinner = context.output.spinner("waiting for the actor");
    let body = client.post(&["admin", "actors", &id, verb], None).await?;
    drop(spinner);
    context.output.answer(body, |change| changed(&id, change))
}

/// Tells what a restart, stop or start did.
pub(super) fn changed(id: &str, change: &Value) -> String {
    let state = |side: &str| match field(change, &format!("/{side}/state")) {
        missing if missing == "-" => field(change, &format!("/{side}")),
        state => state,
    };
    format!("{id}: {} → {}", state("old"), state("new"))
}

fn list(body: &Value) -> String {
    let pointers = [
        "/id",
        "/state",
        "/link",
        "/since",
        "/restarts",
        "/mailbox/depth",
        "/mailbox/highWater",
        "/mailbox/handled",
        "/lastError",
    ];
    let header = ["ID", "STATE", "LINK", "SINCE", "RESTARTS", "DEPTH", "HIGH", "HANDLED", "LAST ERROR"];
    let listed = table(&header, &rows(body, "actors", &pointers), "no actors");
    listed + &more(body)
}

/// Tells how to go on where a list has more pages.
pub(super) fn more(body: &Value) -> String {
    match body.get("next").filter(|next| !next.is_null()) {
        Some(_) => format!("\nmore: --after {}", field(body, "/next")),
        None => String::new(),
    }
}

fn one(body: &Value) -> String {
    serde_json::to_string_pretty(body).unwrap_or_default()
}
