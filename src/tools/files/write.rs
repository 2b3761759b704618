//! `write`: a whole text file.

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Files, TEXT_BYTES_MAX, fault, path_schema};
use crate::tools::args;

/// Writes a file.
pub(super) struct Write(pub(super) Files);

impl Tool for Write {
    fn name(&self) -> &str {
        "write"
    }

    fn description(&self) -> &str {
        "Writes a text file of the workspace whole, new or in the place of what was there. Folders above it are made."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["content"],
            "properties": {
                "path": path_schema("The file, from the workspace."),
                "file_path": path_schema("The same as `path`."),
                "content": { "type": "string", "maxLength": TEXT_BYTES_MAX, "description": "What stands in it." }
            }
        })
    }

    fn call(&self, context: ToolContext, mut args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let files = self.0.clone();
        let write = async move {
            let path = args::required(&args, &["path", "file_path"])?.to_owned();
            let content = match args.shift_remove("content") {
                Some(Value::String(content)) => content,
                _ => return Err(ToolFault::argument("content", "is required")),
            };
            let bytes = content.len();
            files.change(&context, &path, move |folder, place| folder.write(place, &content).map_err(fault)).await?;
            let text = format!("wrote {bytes} bytes to `{path}`");
            Ok(ToolOutput::new(text, json!({ "path": path, "bytes": bytes })))
        };
        write.boxed()
    }
}
