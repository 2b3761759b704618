//! `callboard message send`, also as `callboard send`, and what is done with messages that are there.

use callboard_actors::client::Scope;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::error::CliError;
use super::output::field;

/// What changing a message needs.
const SCOPES: &[Scope] = &[Scope::Write];

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
    /// Mark a message with an emoji, or take one off.
    React(ReactArgs),
    /// Say something else in a message of the account.
    Edit(EditArgs),
    /// Take a message of the account away.
    Delete(WhichArgs),
}

/// Which message, and where it stands.
#[derive(Debug, clap::Args)]
struct WhichArgs {
    /// The integration, for example rocketchat.
    #[arg(long)]
    channel: String,
    /// The chat, as the integration's page writes it; not needed for a message that was sent from here a moment ago.
    #[arg(long, alias = "target", value_name = "TARGET")]
    to: Option<String>,
    /// The message: the channel's own id, or the one that `message send` printed.
    #[arg(long, value_name = "ID")]
    message_id: String,
    /// The account; without it the default one.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

/// What becomes of the marks of a message.
#[derive(Debug, clap::Args)]
struct ReactArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The emoji, or its name; an empty one takes all of the account's own off.
    #[arg(long)]
    emoji: String,
    /// Take it off.
    #[arg(long)]
    remove: bool,
}

/// What a message is to say.
#[derive(Debug, clap::Args)]
struct EditArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The text.
    #[arg(long, short = 'm', value_name = "TEXT")]
    message: String,
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
    let (action, which, more) = match args.action {
        Action::Send(args) => return send(args, context).await,
        Action::React(args) => ("react", args.which, json!({ "emoji": args.emoji, "remove": args.remove })),
        Action::Edit(args) => ("edit", args.which, json!({ "message": args.message })),
        Action::Delete(which) => ("delete", which, json!({})),
    };
    let told = context.ask(SCOPES, "message.action", order(action, which, more)).await?;
    context.output.payload(told, |done| format!("{} {}", field(done, "/state"), field(done, "/id")))
}

fn order(action: &str, which: WhichArgs, more: Value) -> Value {
    let mut params = json!({ "messageId": which.message_id, "target": which.to });
    if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
        params.extend(more);
    }
    let key = uuid::Uuid::now_v7().to_string();
    json!({ "channel": which.channel, "action": action, "params": params, "accountId": which.account, "idempotencyKey": key })
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
