//! One message as the server has it, in an event, in a list or in a note to the inbox. Lenient: of what is not needed any form will
//! do.

use serde_json::Value;

use super::target::is_id;

/// The longest text that goes to the agent, bytes; what is beyond is cut off and said so.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The longest name, characters.
const NAME_CHARS_MAX: usize = 128;
/// How many mentions of one message are looked at.
const MENTIONS_MAX: usize = 256;

/// A message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// By what it is known again: the server tells it as often as it tells any other.
    pub(super) name: String,
    /// What is missing or of the wrong form; none of its text.
    pub(super) reason: String,
}

impl From<Unreadable> for String {
    fn from(unreadable: Unreadable) -> Self {
        unreadable.reason
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its id; empty where the server gave none.
    pub(super) id: String,
    /// Who wrote it.
    pub(super) author: String,
    /// Their name for people.
    pub(super) name: Option<String>,
    /// The name of the agent that wrote it.
    pub(super) username: Option<String>,
    /// The text, trimmed; empty where there is none.
    pub(super) text: String,
    /// When it was written, milliseconds since 1970, as far as the server says.
    pub(super) at_ms: Option<i64>,
    /// The group of its panel.
    pub(super) group: Option<String>,
    /// The message that it answers.
    pub(super) reply_to: Option<String>,
    /// Whether the server says that it mentions the account.
    pub(super) mentioned: bool,
    /// The ids of those whom it mentions.
    pub(super) mentions: Vec<String>,
    /// Whether it was taken back.
    pub(super) recalled: bool,
}

impl Message {
    /// Reads a message, whose id stands under `messageId` or `_id`.
    ///
    /// # Errors
    /// Names what is missing or of the wrong form; repeats no text of it.
    pub(super) fn read(document: &Value) -> Result<Self, Unreadable> {
        Self::fields(document).map_err(|reason| Unreadable { name: unreadable_name(document), reason })
    }

    fn fields(document: &Value) -> Result<Self, String> {
        if !document.is_object() {
            return Err("a message that is no object".to_owned());
        }
        let meta = document.get("meta").unwrap_or(&Value::Null);
        let about = document.get("authorInfo").unwrap_or(&Value::Null);
        let yes = |value: &Value, key: &str| value.get(key) == Some(&Value::Bool(true));
        Ok(Self {
            id: message_id(document)?,
            author: text_at(document, "author").filter(|id| is_id(id)).ok_or("a message without a readable `author`")?,
            name: name(about.get("nickname")).or_else(|| name(about.get("email"))),
            username: name(about.get("agentId")),
            text: content(document.get("content")),
            at_ms: ["createdAt", "timestamp"].iter().find_map(|key| document.get(*key).and_then(at_ms)),
            group: text_at(document, "groupId").filter(|id| is_id(id)),
            reply_to: text_at(document, "replyTo").or_else(|| reply_to(meta)).filter(|id| is_id(id)),
            mentioned: yes(meta, "mentioned") || yes(meta, "wasMentioned"),
            mentions: mentions(meta),
            recalled: yes(document, "hasRecall"),
        })
    }

    /// Returns how much it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        let texts = [&self.name, &self.username, &self.group, &self.reply_to].into_iter().flatten().map(String::len);
        let mentions = self.mentions.iter().map(|id| id.len() + size_of::<String>());
        size_of::<Self>() + self.id.len() + self.author.len() + self.text.len() + texts.chain(mentions).sum::<usize>()
    }

    /// Returns the name that is shown of its writer.
    pub(super) fn shown_name(&self) -> &str {
        self.name.as_deref().or(self.username.as_deref()).unwrap_or(&self.author)
    }
}

/// Returns a moment as milliseconds since 1970: ISO 8601 or a plain number.
pub(super) fn at_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64)),
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

/// Returns a text of an object.
pub(super) fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// By its id where it has one, which stays the same by whatever way it comes; otherwise by what it is.
fn unreadable_name(document: &Value) -> String {
    match message_id(document) {
        Ok(id) if !id.is_empty() => format!("unreadable-{id}"),
        _ => digest("unreadable", &document.to_string()),
    }
}

/// Returns a name for what has no id of its own: half of a SHA-256 behind a word.
pub(super) fn digest(word: &str, parts: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, parts.as_bytes());
    digest.as_ref().iter().take(16).fold(format!("{word}-"), |name, byte| format!("{name}{byte:02x}"))
}

fn message_id(document: &Value) -> Result<String, String> {
    let id = text_at(document, "messageId").or_else(|| text_at(document, "_id")).unwrap_or_default();
    if id.is_empty() || is_id(&id) { Ok(id) } else { Err("a message whose id is no id".to_owned()) }
}

fn name(value: Option<&Value>) -> Option<String> {
    let name: String = value?.as_str()?.chars().filter(|mark| !mark.is_control()).take(NAME_CHARS_MAX).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn content(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cut(text.trim()),
        Some(other) => cut(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    format!("{kept}\n[cut here: the message was {} bytes long]", text.len())
}

fn reply_to(meta: &Value) -> Option<String> {
    let reply = meta.get("reply")?;
    reply.as_str().map(str::to_owned).or_else(|| text_at(reply, "_id")).or_else(|| text_at(reply, "messageId"))
}

/// Lists of ids, or of objects with an id, under any of the names that clients write.
fn mentions(meta: &Value) -> Vec<String> {
    let lists = ["mentions", "mentionIds", "mentionedUserIds", "mentionedUsers"];
    let entries = lists.iter().filter_map(|key| meta.get(*key)?.as_array()).flatten().take(MENTIONS_MAX);
    let id = |entry: &Value| match entry {
        Value::String(id) => Some(id.clone()),
        other => ["id", "userId", "_id"].iter().find_map(|key| text_at(other, key)),
    };
    entries.filter_map(id).collect()
}
