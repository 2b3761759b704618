//! The content of a chat message: a text, or parts of text and pictures.

use std::fmt;

use callboard_actors::message::Media;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What a message says, its parts joined line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// The text.
    pub(super) text: String,
    /// The pictures, by public URL.
    pub(super) images: Vec<Media>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<ImageUrl>,
}

/// Both spellings are in use: an object with `url`, and the URL itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum ImageUrl {
    Object { url: String },
    Plain(String),
}

impl Content {
    /// Returns whether it says and shows nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.images.is_empty()
    }

    /// Returns the text, with a line for each picture.
    pub(super) fn with_links(&self) -> String {
        let images = self.images.iter().filter_map(Media::url);
        let lines: Vec<_> = Some(self.text.as_str()).filter(|text| !text.is_empty()).into_iter().chain(images).collect();
        lines.join("\n")
    }

    fn add(&mut self, part: Part) -> Result<(), &'static str> {
        match part.kind.as_str() {
            "image_url" | "input_image" => {
                let url = part.image_url.map(|(ImageUrl::Object { url } | ImageUrl::Plain(url))| url).unwrap_or_default();
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    return Err("a picture must come by an http or https URL in `image_url`");
                }
                self.images.push(Media::at_url(url, None));
            }
            // Parts of other kinds that carry a text are read by it; what has none is not for an agent.
            _ => {
                if let Some(text) = part.text.filter(|text| !text.is_empty()) {
                    if !self.text.is_empty() {
                        self.text.push('\n');
                    }
                    self.text.push_str(&text);
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
        Ok(Content { text: text.to_owned(), images: Vec::new() })
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content { text, images: Vec::new() })
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        while let Some(part) = parts.next_element()? {
            content.add(part).map_err(A::Error::custom)?;
        }
        Ok(content)
    }
}
