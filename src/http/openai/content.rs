//! The content of a chat message: a text, or parts of text, pictures and files.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::attached::{Attached, Sort, Source};

/// What a message says, its parts joined line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// The text.
    pub(super) text: String,
    /// The pictures and files.
    pub(super) attached: Vec<Attached>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<ImageUrl>,
    #[serde(default)]
    file: Option<Value>,
    #[serde(default)]
    source: Option<Value>,
}

/// Both spellings are in use: an object with `url`, and the URL itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum ImageUrl {
    Object { url: String },
    Plain(String),
}

impl Content {
    /// Returns a text with nothing beside it.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), attached: Vec::new() }
    }

    /// Returns whether it says and shows nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.attached.is_empty()
    }

    /// Returns the text, with a line for each picture and file; never the bytes of one.
    pub(super) fn with_links(&self) -> String {
        let attached = self.attached.iter().map(Attached::line);
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        text.into_iter().chain(attached).collect::<Vec<_>>().join("\n")
    }

    /// Takes out the texts of files, which are read with the instructions.
    pub(super) fn take_texts(&mut self) -> Vec<Arc<str>> {
        let mut texts = Vec::new();
        self.attached.retain(|attached| match &attached.source {
            Source::Text(text) => {
                texts.push(Arc::clone(text));
                false
            }
            _ => true,
        });
        texts
    }

    /// Adds a text on a line of its own.
    pub(super) fn add_text(&mut self, text: &str) {
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    fn add(&mut self, part: Part, index: usize) -> Result<(), &'static str> {
        let at = format!("content[{index}]");
        match part.kind.as_str() {
            "image_url" | "input_image" => {
                let url = part.image_url.map(|(ImageUrl::Object { url } | ImageUrl::Plain(url))| url);
                let url = url.ok_or("a picture needs its address in `image_url`")?;
                self.attached.push(Attached::at_address(format!("{at}.image_url"), Sort::Picture, &url, None));
            }
            "file" | "input_file" => {
                let file = part.file.or(part.source).ok_or("a file needs `file` with `file_data` and `filename`")?;
                self.attached.push(Attached::file(&file, &format!("{at}.file")));
            }
            // Parts of other kinds that carry a text are read by it; what has none is not for an agent.
            _ => {
                if let Some(text) = part.text {
                    self.add_text(&text);
                }
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of parts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content::text(text))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        let mut index = 0;
        while let Some(part) = parts.next_element()? {
            content.add(part, index).map_err(A::Error::custom)?;
            index += 1;
        }
        Ok(content)
    }
}
