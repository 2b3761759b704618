//! The documents that people keep in a workspace for their agent.

use super::folder::{Folder, FolderError, Place, Text};

/// The documents that every turn is told, in this order.
pub(super) const DOCUMENTS: &[&str] =
    &["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md", "BOOTSTRAP.md", "MEMORY.md"];

/// Those that a session begun by another session is told: what it is like and who it talks to is not its affair.
pub(super) const SUB_AGENT_DOCUMENTS: &[&str] = &["AGENTS.md", "TOOLS.md"];

/// How many characters of a document are told; the rest is left out, and said so.
pub(super) const DOCUMENT_CHARS_MAX: usize = 20_000;
/// How large a document may be to be read at all, bytes.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Reads the documents that are there and say something. One that cannot be read is named in the log and left out: the turn goes on
/// without it.
pub(super) fn read(folder: &Folder, root: &std::path::Path, names: &[&'static str]) -> Vec<Document> {
    names.iter().filter_map(|name| one(folder, root, name)).collect()
}

fn one(folder: &Folder, root: &std::path::Path, name: &'static str) -> Option<Document> {
    let read = Place::read(name, root).and_then(|place| folder.read(&place, DOCUMENT_BYTES_MAX));
    let text = match read {
        Ok(Text::Plain(text)) => text,
        Ok(Text::Binary(_)) => {
            tracing::warn!(event = "workspace.document_left_out", name, "it is not text");
            return None;
        }
        Err(FolderError::Missing { .. }) => return None,
        Err(error) => {
            tracing::warn!(event = "workspace.document_left_out", name, "{error}");
            return None;
        }
    };
    let text = text.trim();
    (!text.is_empty()).then(|| Document { name, text: cut(text, name) })
}

fn cut(text: &str, name: &str) -> String {
    match text.char_indices().nth(DOCUMENT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let head = text.get(..end).unwrap_or_default();
            format!("{head}\n\n[cut after {DOCUMENT_CHARS_MAX} characters: read `{name}` for the rest]")
        }
    }
}
