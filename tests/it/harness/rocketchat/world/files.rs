//! Uploads, and how a message shows them.

use serde_json::{Value, json};

use super::super::ejson::new_id;
use super::World;

/// How long an upload stays that no message shows, ms: a day.
const UNCONFIRMED_MS: i64 = 24 * 60 * 60 * 1000;

/// A file that is being sent.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// The `_id`.
    pub id: String,
    /// Name, type and bytes.
    pub upload: Upload,
    /// What is said of it.
    pub description: Option<String>,
    /// When it is erased, ms since 1970, unless a message shows it by then.
    pub expires_ms: Option<i64>,
}

impl File {
    /// Returns where it is downloaded.
    pub fn path(&self) -> String {
        format!("/file-upload/{}/{}", self.id, self.upload.name.replace(' ', "%20"))
    }
}

impl World {
    /// Keeps an upload that no message shows yet; its `_id`.
    pub fn add_file(&mut self, upload: Upload) -> String {
        let (id, expires_ms) = (new_id(), Some(self.now_ms() + UNCONFIRMED_MS));
        self.files.push(File { id: id.clone(), upload, description: None, expires_ms });
        id
    }

    /// Returns a file that was not erased.
    pub fn file(&self, id: &str) -> Option<&File> {
        let now = self.now_ms();
        self.files.iter().find(|file| file.id == id && file.expires_ms.is_none_or(|ms| now < ms))
    }

    /// Keeps a file for good, with what is said of it.
    pub fn confirm_file(&mut self, id: &str, description: Option<&str>) {
        if let Some(file) = self.files.iter_mut().find(|file| file.id == id) {
            file.expires_ms = None;
            file.description = description.map(str::to_owned);
        }
    }

    /// Writes files into a message's document.
    pub fn show_files(&self, shown: &mut Value, ids: &[String]) {
        let files: Vec<_> = ids.iter().filter_map(|id| self.file(id)).collect();
        if files.is_empty() {
            return;
        }
        let entry = |file: &&File| {
            let Upload { name, kind, bytes } = &file.upload;
            json!({ "_id": file.id, "name": name, "type": kind, "size": bytes.len(), "format": kind.rsplit('/').next() })
        };
        shown["files"] = files.iter().map(entry).collect();
        shown["file"] = shown["files"][0].clone();
        shown["attachments"] = files.iter().map(|file| attachment(file)).collect();
    }
}

fn attachment(file: &File) -> Value {
    let Upload { name, kind, bytes } = &file.upload;
    let mut shown = json!({
        "title": name, "title_link": file.path(), "title_link_download": true, "type": "file", "description": file.description
    });
    if let Some(sort) = ["image", "audio", "video"].into_iter().find(|sort| kind.starts_with(&format!("{sort}/"))) {
        shown[format!("{sort}_url")] = file.path().into();
        shown[format!("{sort}_type")] = kind.clone().into();
        shown[format!("{sort}_size")] = bytes.len().into();
    }
    shown
}
