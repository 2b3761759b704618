//! `send`: a message of its own.

use std::path::PathBuf;
use std::sync::Arc;

use callboard_actors::agent::{ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::{Code, Media};
use callboard_actors::ports::{Claim, MediaFault, MediaRoom};
use futures_util::future::ready;
use futures_util::stream::{StreamExt as _, once};
use serde_json::json;

use super::{MessageTool, fault, key_owner, way};
use crate::outgoing::{Field, Message, SendError};
use crate::tools::{args, files};
use crate::workspace::{FILE_BYTES_MAX, Folder, Place};

/// Sends a message.
pub(super) async fn send(tool: &MessageTool, context: ToolContext, args: &ToolArgs) -> Result<ToolOutput, ToolFault> {
    let (outgoing, room) = (&tool.outgoing, &tool.media);
    let own = |names| args::text(args, names).map(str::to_owned);
    let to = args::required(args, &["target", "to"])?.to_owned();
    let mut media = Vec::new();
    let mut media_url = own(&["media", "mediaUrl"]);
    if let Some(address) = media_url.take_if(|url| url.starts_with("data:")) {
        let claim = Claim::up_to(FILE_BYTES_MAX);
        media.push(room.fetch(address, claim).await.map_err(|fault| taken("media", &fault))?);
    }
    if let Some(path) = own(&["path"]) {
        let workspace = tool.workspaces.get().of(&context.agent).to_path_buf();
        media.push(of_workspace(room, workspace, path).await?);
    }
    let way = way(outgoing, &context, args)?;
    let message = Message {
        channel: way.channel,
        account: way.account,
        to: to.clone(),
        text: own(&["message", "text"]),
        media_url,
        media,
        idempotency_key: own(&["idempotencyKey"]),
        key_owner: key_owner(&context),
    };
    let sent = outgoing.send(message, context.trace).await.map_err(|error| match error {
        SendError { code: Code::InvalidRequest, field: Some(Field::Text), .. } if own(&["message", "text"]).is_none() => {
            ToolFault::argument("message", "or `media` is required and must say something")
        }
        error => fault(error),
    })?;
    Ok(ToolOutput::json(json!({
        "ok": true,
        "channel": sent.account.channel(),
        "accountId": sent.account.account(),
        "to": to,
        // By either it can be changed: the row's own name finds the platform's once that is known.
        "messageId": sent.platform_id.clone().unwrap_or_else(|| sent.id.to_string()),
        "id": sent.id.to_string(),
        "parts": sent.parts,
        "state": sent.state.as_str(),
        "duplicate": !sent.is_new,
    })))
}

/// Takes a file of the workspace into the media room: what is sent is what it was when it was asked for.
async fn of_workspace(room: &Arc<dyn MediaRoom>, workspace: PathBuf, path: String) -> Result<Media, ToolFault> {
    let name = path.clone();
    let read = tokio::task::spawn_blocking(move || {
        let place = Place::read(&path, &workspace)?;
        Folder::open_or_make(&workspace)?.bytes(&place, FILE_BYTES_MAX)
    });
    let read = read.await.map_err(|_| ToolFault::failed(Code::Internal, "work on the file broke off: the log says why"))?;
    let bytes = read.map_err(files::fault)?;
    let claim = Claim { name: Some(name), ..Claim::up_to(FILE_BYTES_MAX) };
    room.put(claim, once(ready(Ok(bytes.into()))).boxed()).await.map_err(|fault| taken("path", &fault))
}

fn taken(argument: &str, fault: &MediaFault) -> ToolFault {
    ToolFault::failed(fault.code(), format!("`{argument}` cannot be sent: {fault}"))
}
