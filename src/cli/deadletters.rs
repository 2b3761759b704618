//! `callboard deadletters`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::actors::more;
use super::context::Context;
use super::error::CliError;
use super::output::{rows, table};

/// What to do with messages that were given up.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them with their reasons, the newest first.
    List(ListArgs),
    /// Put one back at the end of its chat's queue.
    Retry(IdArgs),
    /// Forget one.
    Discard(IdArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Begin after this one: the `next` of the page before.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

#[derive(Debug, clap::Args)]
struct IdArgs {
    /// The message's id.
    id: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    match args.action {
        Action::List(args) => {
            context.output.answer(client.get_page(&["admin", "deadletters"], args.after.as_deref()).await?, list)
        }
        Action::Retry(args) => {
            let body = client.post(&["admin", "deadletters", &args.id, "retry"], None).await?;
            context.output.answer(body, |_| format!("{} waits again", args.id))
        }
        Action::Discard(args) => {
            let body = client.call(Method::DELETE, &["admin", "deadletters", &args.id], None).await?;
            context.output.answer(body, |_| format!("{} is forgotten", args.id))
        }
    }
}

fn list(body: &Value) -> String {
    let pointers = ["/id", "/direction", "/channel", "/account", "/chat", "/attempts", "/code", "/at", "/reason"];
    let header = ["ID", "DIRECTION", "CHANNEL", "ACCOUNT", "CHAT", "ATTEMPTS", "CODE", "AT", "REASON"];
    table(&header, &rows(body, "deadletters", &pointers), "no dead letters") + &more(body)
}
