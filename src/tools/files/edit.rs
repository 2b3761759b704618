//! `edit`: one place of a text file, or all that read the same.

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::Code;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Files, TEXT_BYTES_MAX, fault, path_schema};
use crate::tools::args;
use crate::workspace::{FILE_BYTES_MAX, Folder, Place, Text};

/// Edits a file.
pub(super) struct Edit(pub(super) Files);

/// Which places are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// The only one there is.
    One,
    /// All of them.
    All,
}

impl Tool for Edit {
    fn name(&self) -> &str {
        "edit"
    }

    fn description(&self) -> &str {
        "Puts one text in the place of another in a file of the workspace. The old text has to stand there exactly, and only once unless all are meant."
    }

    fn schema(&self) -> Value {
        let text = |description: &str| json!({ "type": "string", "maxLength": TEXT_BYTES_MAX, "description": description });
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "path": path_schema("The file, from the workspace."),
                "file_path": path_schema("The same as `path`."),
                "oldText": text("What stands there, exactly."),
                "old_string": text("The same as `oldText`."),
                "newText": text("What is to stand there."),
                "new_string": text("The same as `newText`."),
                "replaceAll": { "type": "boolean", "description": "Whether every place is meant." },
                "replace_all": { "type": "boolean", "description": "The same as `replaceAll`." }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let files = self.0.clone();
        let edit = async move {
            let path = args::required(&args, &["path", "file_path"])?.to_owned();
            let old = raw(&args, &["oldText", "old_string"]).filter(|old| !old.is_empty());
            let old = old.ok_or_else(|| ToolFault::argument("oldText", "is required"))?;
            let new = raw(&args, &["newText", "new_string"]).ok_or_else(|| ToolFault::argument("newText", "is required"))?;
            let all = ["replaceAll", "replace_all"].iter().any(|name| args.get(*name) == Some(&Value::Bool(true)));
            let places = if all { Places::All } else { Places::One };
            let edit = files.change(&context, &path, move |folder, place| change(folder, place, &old, &new, places));
            let count = edit.await?;
            let text = format!("edited `{path}`: {count} {}", if count == 1 { "place" } else { "places" });
            Ok(ToolOutput::new(text, json!({ "path": path, "replaced": count })))
        };
        edit.boxed()
    }
}

/// Returns a text as it is, blanks included.
fn raw(args: &ToolArgs, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| args.get(*name).and_then(Value::as_str)).map(str::to_owned)
}

fn change(folder: &Folder, place: &Place, old: &str, new: &str, places: Places) -> Result<usize, ToolFault> {
    let Text::Plain(text) = folder.read(place, FILE_BYTES_MAX).map_err(fault)? else {
        return Err(ToolFault::failed(Code::InvalidRequest, format!("`{}` is not text", place.path().display())));
    };
    let count = text.matches(old).count();
    match (count, places) {
        (0, _) => Err(ToolFault::failed(Code::Conflict, "`oldText` does not stand in the file: read it again")),
        (1, _) | (_, Places::All) => {
            // Looked at before the text is made: a short word in many places can become more than there is memory.
            let left = text.len().saturating_sub(count.saturating_mul(old.len()));
            let bytes = left.saturating_add(count.saturating_mul(new.len())) as u64;
            if bytes > FILE_BYTES_MAX {
                let text = format!("the file would have {bytes} bytes, more than {FILE_BYTES_MAX}");
                return Err(ToolFault::failed(Code::TooLarge, text));
            }
            folder.write(place, &text.replace(old, new)).map_err(fault)?;
            Ok(count)
        }
        _ => {
            let text = format!("`oldText` stands in {count} places: name more of what is around it, or set `replaceAll`");
            Err(ToolFault::failed(Code::Conflict, text))
        }
    }
}
