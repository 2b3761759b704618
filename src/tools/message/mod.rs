//! `message`: sends a message over a channel, or changes one that is there; durable like every other.
//!
//! # Layout
//!
//! - this file: what the tool takes, and over which login it goes
//! - `sending`: `send`; `changing`: `react`, `edit` and `delete`

mod changing;
mod sending;

use std::sync::Arc;

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::channel::webchat;
use callboard_actors::core::Live;
use callboard_actors::message::{ChatRef, Deed, EMOJI_BYTES_MAX, MESSAGE_ID_BYTES_MAX};
use callboard_actors::ports::MediaRoom;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{ToolParts, args};
use crate::outgoing::{Field, IDEMPOTENCY_KEY_BYTES_MAX, Outgoing, SendError};
use crate::workspace::Workspaces;

/// How many bytes a text and a target may have.
const TEXT_BYTES_MAX: u64 = 256 * 1024;
const TARGET_BYTES_MAX: u64 = 512;

/// Sends and changes messages. Cheap to clone.
#[derive(Clone)]
pub(super) struct MessageTool {
    outgoing: Outgoing,
    workspaces: Live<Workspaces>,
    media: Arc<dyn MediaRoom>,
}

impl MessageTool {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { outgoing: parts.outgoing.clone(), workspaces: parts.workspaces.clone(), media: Arc::clone(&parts.media) }
    }
}

impl Tool for MessageTool {
    fn name(&self) -> &str {
        "message"
    }

    fn description(&self) -> &str {
        "Sends a message over a channel, or changes one that is there: `react` marks it with an emoji, `edit` and `delete` change one of your own. \
         It is durable when this answers, and goes as soon as the channel's link is up."
    }

    fn schema(&self) -> Value {
        let short = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": TARGET_BYTES_MAX, "description": description });
        let long = |description: &str| json!({ "type": "string", "maxLength": TEXT_BYTES_MAX, "description": description });
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "action": {
                    "type": "string", "enum": ["send", "react", "edit", "delete", "unsend"],
                    "description": "`send`, also without; `unsend` is `delete`. Not every channel can do the others."
                },
                "channel": short("The integration; without, the conversation's own, or the only one there is."),
                "accountId": short("The login; without, the integration's first one."),
                "target": short("Whom to write to, in any form that the integration knows. For the other actions where the message stands: without, here. Elsewhere they are for owners."),
                "to": short("The same as `target`."),
                "message": long("What to say; may be missing when there is media. For `edit` what it says from now on."),
                "text": long("The same as `message`."),
                "media": long("A public http or https URL to send along, or a `data:` address."),
                "mediaUrl": long("The same as `media`."),
                "path": short("A file of the workspace to send along."),
                "messageId": {
                    "type": "string", "minLength": 1, "maxLength": MESSAGE_ID_BYTES_MAX,
                    "description": "For `react`, `edit` and `delete`: the message, as `send` named it or as the channel does. Without, `react` marks the message that is being answered."
                },
                "emoji": {
                    "type": "string", "maxLength": EMOJI_BYTES_MAX,
                    "description": "For `react`: the emoji or its name; an empty one takes all of your own off."
                },
                "remove": { "type": "boolean", "description": "For `react`: takes this emoji off." },
                "idempotencyKey": {
                    "type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES_MAX,
                    "description": "Within a conversation, a target is sent only one message under a key, and each message is changed only once in each way; `duplicate` says that it was done already."
                }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let tool = self.clone();
        async move {
            match args::text(&args, &["action"]) {
                Some("react") => changing::change(&tool, context, &args, Deed::React).await,
                Some("edit") => changing::change(&tool, context, &args, Deed::Edit).await,
                Some("delete" | "unsend") => changing::change(&tool, context, &args, Deed::Delete).await,
                _ => sending::send(&tool, context, &args).await,
            }
        }
        .boxed()
    }
}

/// Over which login a call goes, and what of the conversation holds there.
struct Way {
    channel: String,
    account: Option<String>,
    /// Where the conversation is, if it is on this login.
    chat: Option<ChatRef>,
    /// The message that is being answered, if it is on this login.
    answered: Option<String>,
}

/// Reads over which login a call goes.
fn way(outgoing: &Outgoing, context: &ToolContext, args: &ToolArgs) -> Result<Way, ToolFault> {
    let channel = args::text(args, &["channel"]);
    let account = args::text(args, &["accountId"]).map(str::to_owned);
    // The conversation's login goes with its integration: beside another one it would be somebody else's.
    let known = context.channel.clone().filter(|known| channel.is_none_or(|named| named.eq_ignore_ascii_case(known)));
    let is_own = known.is_some()
        && account.as_ref().is_none_or(|named| context.account.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(named)));
    Ok(Way {
        account: account.or_else(|| context.account.clone().filter(|_| known.is_some())),
        channel: match known.or(channel.map(str::to_owned)) {
            Some(channel) => channel,
            None => only_channel(outgoing)?,
        },
        chat: context.chat.clone().filter(|_| is_own),
        answered: context.answered.clone().filter(|_| is_own),
    })
}

/// The way of control clients is there by itself, so that it leads nowhere unless it is named.
fn only_channel(outgoing: &Outgoing) -> Result<String, ToolFault> {
    let built_in = webchat::default_account();
    let accounts = outgoing.channels.accounts();
    let configured = accounts.iter().filter(|account| account.key != built_in);
    let mut channels: Vec<_> = configured.map(|account| account.key.channel()).collect();
    channels.dedup();
    match channels.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(ToolFault::argument("channel", "cannot be found: no channel is configured")),
        several => Err(ToolFault::argument("channel", &format!("is required: there are {}", several.join(", ")))),
    }
}

/// Returns the owner of the keys that a session chooses.
fn key_owner(context: &ToolContext) -> Option<String> {
    Some(format!("tool:{}", context.session))
}

fn fault(error: SendError) -> ToolFault {
    let SendError { code, field, reason } = error;
    match field {
        Some(Field::MediaUrl) => ToolFault::argument("media", "must be an http or https URL"),
        _ => ToolFault::failed(code, reason),
    }
}
