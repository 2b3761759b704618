//! `react`, `edit` and `delete`: what is done with a message that is there.

use callboard_actors::agent::{Asker, Entrance, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::{AccountKey, Deed, Mark};
use serde_json::{Value, json};

use super::{MessageTool, fault, key_owner, way};
use crate::outgoing::{At, Change, Reach, What, Which};
use crate::tools::args;

/// Changes a message.
pub(super) async fn change(
    tool: &MessageTool,
    context: ToolContext,
    args: &ToolArgs,
    deed: Deed,
) -> Result<ToolOutput, ToolFault> {
    let what = match deed {
        Deed::React => What::React(mark(args)?),
        Deed::Edit => What::Edit(args::required(args, &["message", "text"])?.to_owned()),
        Deed::Delete => What::Delete,
    };
    let way = way(&tool.outgoing, &context, args)?;
    let named = args::text(args, &["messageId"]).map(str::to_owned);
    // What is being answered is somebody else's, which can be marked only; it stands here, wherever the target is.
    let answered = way.answered.filter(|_| deed == Deed::React && named.is_none());
    let here = way.chat.map(At::Chat);
    let at = match args::text(args, &["target", "to"]) {
        Some(target) if answered.is_none() => Some(At::Target(target.to_owned())),
        _ => here,
    };
    let message = named.map(Which::Named).or(answered.map(Which::Answered));
    let Some(message) = message else { return Err(ToolFault::argument("messageId", "is required")) };
    let message_id = message.id().to_owned();
    let change = Change {
        channel: way.channel,
        account: way.account,
        at,
        message,
        what,
        reach: reach(&context),
        idempotency_key: args::text(args, &["idempotencyKey"]).map(str::to_owned),
        key_owner: key_owner(&context),
    };
    let sent = tool.outgoing.change(change, context.trace).await.map_err(fault)?;
    Ok(ToolOutput::json(json!({
        "ok": true,
        "action": deed.as_str(),
        "channel": sent.account.channel(),
        "accountId": sent.account.account(),
        "messageId": message_id,
        "id": sent.id.to_string(),
        "state": sent.state.as_str(),
        "duplicate": !sent.is_new,
    })))
}

/// Returns where a call may change messages. Whoever writes to an agent is not thereby whom the account's other chats belong to: they
/// are within reach where an owner asks, and for clients, who hold the gateway's own credential. That the settings name the tool says who may use
/// it, not where.
fn reach(context: &ToolContext) -> Reach {
    match (context.entrance, context.asker) {
        (Entrance::Http, _) | (_, Asker::Owner) => Reach::Account,
        (Entrance::Turn, Asker::Anybody) => {
            let account = context.channel.as_ref().zip(context.account.as_ref());
            let account = account.map(|(channel, account)| AccountKey::new(channel, account));
            Reach::Chat(account.zip(context.chat.clone()))
        }
    }
}

/// Reads what becomes of the marks. An empty emoji is one that is there, and says to take all off.
fn mark(args: &ToolArgs) -> Result<Mark, ToolFault> {
    let emoji = args.get("emoji").and_then(Value::as_str).map(str::trim);
    let remove = args.get("remove").and_then(Value::as_bool).unwrap_or_default();
    match (emoji, remove) {
        (None, _) => Err(ToolFault::argument("emoji", "is required")),
        (Some(""), true) => {
            Err(ToolFault::argument("emoji", "is required to take one off; without `remove` an empty one takes all off"))
        }
        (Some(""), false) => Ok(Mark::TakeAll),
        (Some(emoji), true) => Ok(Mark::Take(emoji.to_owned())),
        (Some(emoji), false) => Ok(Mark::Put(emoji.to_owned())),
    }
}
