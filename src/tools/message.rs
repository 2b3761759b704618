//! `message`: sends a message over a channel, durable like every other.

use std::path::PathBuf;
use std::sync::Arc;

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::channel::webchat;
use callboard_actors::core::Live;
use callboard_actors::message::{Code, Media};
use callboard_actors::ports::{Claim, MediaFault, MediaRoom};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{StreamExt as _, once};
use serde_json::{Value, json};

use super::{ToolParts, args, files};
use crate::outgoing::{Field, IDEMPOTENCY_KEY_BYTES_MAX, Message, Outgoing, SendError};
use crate::workspace::{Folder, Place, Workspaces};

/// How many bytes a text and a target may have.
const TEXT_BYTES_MAX: u64 = 256 * 1024;
const TARGET_BYTES_MAX: u64 = 512;

/// Sends a message.
pub(super) struct SendMessage {
    outgoing: Outgoing,
    workspaces: Live<Workspaces>,
    media: Arc<dyn MediaRoom>,
}

impl SendMessage {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { outgoing: parts.outgoing.clone(), workspaces: parts.workspaces.clone(), media: Arc::clone(&parts.media) }
    }
}

impl Tool for SendMessage {
    fn name(&self) -> &str {
        "message"
    }

    fn description(&self) -> &str {
        "Sends a message over a channel. It is durable when this answers, and goes as soon as the channel's link is up."
    }

    fn schema(&self) -> Value {
        let short = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": TARGET_BYTES_MAX, "description": description });
        let long = |description: &str| json!({ "type": "string", "maxLength": TEXT_BYTES_MAX, "description": description });
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "action": { "type": "string", "enum": ["send", "react", "edit"], "description": "`send`, also without; the others are not implemented." },
                "channel": short("The integration; without, the conversation's own, or the only one there is."),
                "accountId": short("The login; without, the integration's first one."),
                "target": short("Whom to write to, in any form that the integration knows."),
                "to": short("The same as `target`."),
                "message": long("What to say; may be missing when there is media."),
                "text": long("The same as `message`."),
                "media": long("A public http or https URL to send along, or a `data:` address."),
                "mediaUrl": long("The same as `media`."),
                "path": short("A file of the workspace to send along."),
                "messageId": short("For `react` and `edit`."),
                "emoji": short("For `react`."),
                "idempotencyKey": {
                    "type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES_MAX,
                    "description": "Within a conversation, a target is sent only one message under a key; `duplicate` says that it was there already."
                }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let outgoing = self.outgoing.clone();
        let (room, workspace) = (Arc::clone(&self.media), self.workspaces.get().of(&context.agent).to_path_buf());
        let send = async move {
            if let Some(action @ ("react" | "edit")) = args::text(&args, &["action"]) {
                let text = format!("`{action}` is not implemented for any channel: `send` a message instead");
                return Err(ToolFault::failed(Code::NotImplemented, text));
            }
            let own = |names| args::text(&args, names).map(str::to_owned);
            let to = args::required(&args, &["target", "to"])?.to_owned();
            let channel = own(&["channel"]);
            // The conversation's login goes with its integration: beside another one it would be somebody else's.
            let is_meant = |known: &String| channel.as_ref().is_none_or(|named| named.eq_ignore_ascii_case(known));
            let known = context.channel.filter(is_meant);
            let account = own(&["accountId"]).or(context.account.filter(|_| known.is_some()));
            let mut media = Vec::new();
            let mut media_url = own(&["media", "mediaUrl"]);
            if let Some(address) = media_url.take_if(|url| url.starts_with("data:")) {
                let claim = Claim::up_to(room.bounds().sent_bytes_max);
                media.push(room.fetch(address, claim).await.map_err(|fault| taken("media", &fault))?);
            }
            if let Some(path) = own(&["path"]) {
                media.push(of_workspace(&room, workspace, path).await?);
            }
            let message = Message {
                channel: known.or(channel).map_or_else(|| only_channel(&outgoing), Ok)?,
                account,
                to: to.clone(),
                text: own(&["message", "text"]),
                media_url,
                media,
                idempotency_key: own(&["idempotencyKey"]),
                key_owner: Some(format!("tool:{}", context.session)),
            };
            let sent = outgoing.send(message, context.trace).await.map_err(fault)?;
            Ok(ToolOutput::json(json!({
                "ok": true,
                "channel": sent.account.channel(),
                "accountId": sent.account.account(),
                "to": to,
                "messageId": sent.id.to_string(),
                "state": sent.state.as_str(),
                "duplicate": !sent.is_new,
            })))
        };
        send.boxed()
    }
}

/// Takes a file of the workspace into the media room: what is sent is what it was when it was asked for.
async fn of_workspace(room: &Arc<dyn MediaRoom>, workspace: PathBuf, path: String) -> Result<Media, ToolFault> {
    let (name, bytes_max) = (path.clone(), room.bounds().sent_bytes_max);
    let read = tokio::task::spawn_blocking(move || {
        let place = Place::read(&path, &workspace)?;
        Folder::open_or_make(&workspace)?.bytes(&place, bytes_max)
    });
    let read = read.await.map_err(|_| ToolFault::failed(Code::Internal, "work on the file broke off: the log says why"))?;
    let bytes = read.map_err(files::fault)?;
    let claim = Claim { name: Some(name), ..Claim::up_to(room.bounds().sent_bytes_max) };
    room.put(claim, once(ready(Ok(bytes.into()))).boxed()).await.map_err(|fault| taken("path", &fault))
}

fn taken(argument: &str, fault: &MediaFault) -> ToolFault {
    ToolFault::failed(fault.code(), format!("`{argument}` cannot be sent: {fault}"))
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

fn fault(error: SendError) -> ToolFault {
    let SendError { code, field, reason } = error;
    match field {
        Some(Field::Text) => ToolFault::argument("message", "or `media` is required and must say something"),
        Some(Field::MediaUrl) => ToolFault::argument("media", "must be an http or https URL"),
        _ => ToolFault::failed(code, reason),
    }
}
