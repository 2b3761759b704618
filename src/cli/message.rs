//! `callboard message send`, also as `callboard send`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::context::Context;
use super::error::CliError;
use super::output::field;

/// What to do with messages.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send a text to a chat; it waits durably while the link is down.
    Send(SendArgs),
}

/// What to send, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct SendArgs {
    /// The text.
    #[arg(required_unless_present_any = ["media", "message"], conflicts_with = "message")]
    text: Option<String>,
    /// The text, for those who are used to a flag.
    #[arg(long, short = 'm', value_name = "TEXT")]
    message: Option<String>,
    /// The integration, for example socket-chat.
    #[arg(long)]
    channel: String,
    /// The chat, as the integration's page writes it.
    #[arg(long, alias = "target", value_name = "TARGET")]
    to: String,
    /// The account; without it the default one.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The address of something to send with the text.
    #[arg(long, value_name = "URL")]
    media: Option<String>,
    /// A key under which the same message is sent only once.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let Action::Send(args) = args.action;
    send(args, context).await
}

pub(super) async fn send(args: SendArgs, context: &Context) -> Result<(), CliError> {
    let spinner = context.output.spinner("sending");
    let body = context.client()?.post(&["admin", "messages"], Some(request(&args))).await?;
    drop(spinner);
    context.output.answer(body, |sent| format!("{} {}", field(sent, "/state"), field(sent, "/id")))
}

fn request(args: &SendArgs) -> Value {
    let fields = [
        ("channel", Some(&args.channel)),
        ("account", args.account.as_ref()),
        ("to", Some(&args.to)),
        ("text", args.text.as_ref().or(args.message.as_ref())),
        ("mediaUrl", args.media.as_ref()),
        ("idempotencyKey", args.idempotency_key.as_ref()),
    ];
    let given = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?.as_str()))));
    Value::Object(given.collect::<Map<_, _>>())
}
