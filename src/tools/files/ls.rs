//! `ls`: what is in a folder.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Files, fault, path_schema};
use crate::tools::args;
use crate::workspace::{Item, ItemKind};

/// How many entries are shown at the most, and without being told.
const ENTRIES_MAX: u64 = 5_000;
const ENTRIES_DEFAULT: u64 = 500;

/// Lists a folder.
pub(super) struct Ls(pub(super) Files);

impl Tool for Ls {
    fn name(&self) -> &str {
        "ls"
    }

    fn description(&self) -> &str {
        "Lists a folder of the workspace: folders end with `/`, links with `@`."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "path": path_schema("The folder, from the workspace; without, the workspace itself."),
                "limit": { "type": "integer", "minimum": 1, "maximum": ENTRIES_MAX, "description": "How many entries; 500 without." }
            }
        })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let files = self.0.clone();
        let list = async move {
            let path = args::text(&args, &["path"]).unwrap_or(".").to_owned();
            let max = args::count(&args, "limit", ENTRIES_DEFAULT);
            let work = files.look(&context, &path, move |folder, place| folder.list(place, max).map_err(fault));
            let (items, total) = work.await?;
            let mut lines: Vec<_> = items.iter().map(line).collect();
            let truncated = items.len() < total;
            if truncated {
                lines.push(format!("[{} of {total} entries]", items.len()));
            }
            let entries: Vec<_> =
                items.iter().map(|item| json!({ "name": item.name, "kind": kind(item), "bytes": item.bytes })).collect();
            let details = json!({ "path": path, "entries": entries, "total": total, "truncated": truncated });
            let text = if lines.is_empty() { "(empty)".to_owned() } else { lines.join("\n") };
            Ok(ToolOutput::new(text, details))
        };
        list.boxed()
    }
}

fn line(item: &Item) -> String {
    let end = match item.kind {
        ItemKind::Folder => "/",
        ItemKind::Link => "@",
        ItemKind::File | ItemKind::Other => "",
    };
    format!("{}{end}", item.name)
}

const fn kind(item: &Item) -> &'static str {
    match item.kind {
        ItemKind::File => "file",
        ItemKind::Folder => "folder",
        ItemKind::Link => "link",
        ItemKind::Other => "other",
    }
}
