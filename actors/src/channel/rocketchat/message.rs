//! One message as the server has it, over DDP and over REST. Lenient: of what is not needed any form will do.

use serde_json::Value;

use super::target::ID_BYTES_MAX;
use crate::message::{Media, MediaAt};

/// How many mentions of a message count.
const MENTIONS_MAX: usize = 256;
/// The longest text that goes to the agent, bytes; what is beyond is cut off and said so.
pub(super) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The longest name, characters.
const NAME_CHARS_MAX: usize = 128;
/// How many quoted messages of one are told.
const QUOTES_MAX: usize = 3;
/// How much of a quoted message is told, characters.
const QUOTE_CHARS_MAX: usize = 2000;
/// How many attachments of one message are looked at.
const ATTACHMENTS_MAX: usize = 32;
/// How many files of one message are looked at.
const FILES_MAX: usize = 32;
/// The longest path of a file, bytes.
const PATH_BYTES_MAX: usize = 4096;
/// Where the server keeps uploads.
const UPLOADS: &str = "file-upload/";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its id.
    pub(super) id: String,
    /// The room.
    pub(super) room: String,
    /// The text, as it was written.
    pub(super) text: String,
    /// When it was written, milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Who wrote it.
    pub(super) user_id: String,
    /// Their user name.
    pub(super) username: String,
    /// Their name for people.
    pub(super) name: Option<String>,
    /// What sort of system message it is; `None` for what people write.
    pub(super) system: Option<String>,
    /// The first message of its thread.
    pub(super) thread: Option<String>,
    /// The ids of those whom it mentions.
    pub(super) mentions: Vec<String>,
    /// Its files, each on the server. What is said of them is its writer's word.
    pub(super) files: Vec<Media>,
    /// The messages that it quotes, as the server has written them into it. Nothing is fetched for them.
    pub(super) quotes: Vec<Quote>,
    /// What shows that the document is not as it was first written.
    pub(super) trace: Trace,
}

/// A quoted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    /// Its writer, by the name that is shown.
    pub(super) author: String,
    /// What it says, cut.
    pub(super) text: String,
}

/// Whether a document was changed since it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing shows that it was.
    Fresh,
    /// Its text was.
    Edited,
    /// Something else was: a reaction, a link's preview, an answer in its thread, a pin.
    Touched,
}

impl Message {
    /// Returns about how much memory it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        let files: usize = self.files.iter().map(file_bytes).sum();
        let quotes: usize = self.quotes.iter().map(|quote| size_of::<Quote>() + quote.author.len() + quote.text.len()).sum();
        let mentions: usize = self.mentions.iter().map(|id| id.len() + size_of::<String>()).sum();
        size_of::<Self>() + self.text.len() + files + quotes + mentions
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Names what is missing or of the wrong form; repeats no text of it.
    pub(super) fn read(document: &Value) -> Result<Self, String> {
        let user = document.get("u").unwrap_or(&Value::Null);
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        let at = document.get("ts").and_then(at_ms).ok_or("a message without a readable `ts`")?;
        Ok(Self {
            id: id(document, "_id", "_id")?,
            room: id(document, "rid", "rid")?,
            text: text("msg").map(without_links).map(cut).unwrap_or_default(),
            at_ms: at,
            user_id: id(user, "_id", "u._id")?,
            username: name(user.get("username")).unwrap_or_default(),
            name: name(user.get("name")),
            system: text("t").filter(|kind| !kind.is_empty()).map(|kind| kind.chars().take(64).collect()),
            thread: text("tmid").filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX).map(str::to_owned),
            mentions: ids(document.get("mentions")),
            files: files(document),
            quotes: quotes(document),
            trace: trace(document),
        })
    }

    /// Returns the name that is shown of its writer.
    pub(super) fn shown_name(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.username)
    }
}

/// Returns about how much memory a file takes, bytes: its path and its names may be long.
fn file_bytes(file: &Media) -> usize {
    let path = match &file.at {
        MediaAt::Url(at) | MediaAt::Platform(at) => at.len(),
        MediaAt::Blob(_) | MediaAt::Nowhere => 0,
    };
    let words = [&file.mime, &file.name, &file.note].into_iter().flatten().map(String::len).sum::<usize>();
    size_of::<Media>() + path + words
}

/// Returns a moment as milliseconds since 1970: `{"$date": ms}`, ISO 8601, or a plain number.
pub(super) fn at_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64)),
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        Value::Object(map) => map.get("$date").filter(|date| !date.is_object()).and_then(at_ms),
        _ => None,
    }
}

fn id(document: &Value, key: &str, shown: &str) -> Result<String, String> {
    match document.get(key).and_then(Value::as_str) {
        Some(id) if id.trim().is_empty() => Err(format!("a message with an empty `{shown}`")),
        Some(id) if id.len() > ID_BYTES_MAX => Err(format!("a message whose `{shown}` is longer than {ID_BYTES_MAX} bytes")),
        Some(id) if id.chars().any(char::is_control) => Err(format!("a message whose `{shown}` holds control characters")),
        Some(id) => Ok(id.to_owned()),
        None => Err(format!("a message without `{shown}`")),
    }
}

fn ids(list: Option<&Value>) -> Vec<String> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    let read = entries.filter_map(|entry| entry.get("_id")?.as_str()).filter(|id| id.len() <= ID_BYTES_MAX);
    read.take(MENTIONS_MAX).map(str::to_owned).collect()
}

fn name(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let name: String = text.chars().filter(|mark| !mark.is_control()).take(NAME_CHARS_MAX).collect();
    (!name.trim().is_empty()).then_some(name)
}

fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    format!("{kept}\n[cut here: the message was {} bytes long]", text.len())
}

/// Returns the text without the links, empty to the eye, by which it names the messages that it quotes.
fn without_links(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, behind)) = rest.trim_start().strip_prefix("[ ](").and_then(|link| link.split_once(')')) {
        rest = behind;
    }
    if rest.len() == text.len() { text } else { rest.trim_start() }
}

/// A quoted message stands among the attachments, with the link that names it.
fn quotes(document: &Value) -> Vec<Quote> {
    let attached = document.get("attachments").and_then(Value::as_array).into_iter().flatten().take(ATTACHMENTS_MAX);
    let quote = |entry: &Value| {
        entry.get("message_link").and_then(Value::as_str).filter(|link| link.contains("msg="))?;
        let text = without_links(entry.get("text")?.as_str()?).trim();
        let cut: String = text.chars().take(QUOTE_CHARS_MAX).collect();
        let text = if cut.len() < text.len() { format!("{cut}…") } else { cut };
        (!text.is_empty()).then(|| Quote { author: name(entry.get("author_name")).unwrap_or_default(), text })
    };
    attached.filter_map(quote).take(QUOTES_MAX).collect()
}

/// The server describes one upload up to three times: in `file`, in `files`, in `attachments`. The list counts first, and attachments
/// only where there is neither.
fn files(document: &Value) -> Vec<Media> {
    let listed = document.get("files").and_then(Value::as_array).filter(|list| !list.is_empty());
    let entries: Vec<&Value> = match (listed, document.get("file").filter(|file| file.is_object())) {
        (Some(list), _) => list.iter().collect(),
        (None, Some(file)) => vec![file],
        (None, None) => return attached(document),
    };
    let mut seen = std::collections::HashSet::new();
    let is_file = |entry: &&&Value| {
        // The server's own small pictures of an upload are listed beside it.
        let is_preview = entry.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("thumb-"));
        entry.is_object() && !is_preview
    };
    let described = entries.iter().take(FILES_MAX).filter(is_file).map(|entry| listed_file(entry));
    described.filter(|(id, _)| id.is_empty() || seen.insert(id.clone())).map(|(_, media)| media).collect()
}

fn listed_file(entry: &Value) -> (String, Media) {
    let text = |key: &str| name(entry.get(key));
    let id = text("_id").unwrap_or_default();
    // An id that is no path's part leads nowhere.
    let at = match upload_path(&id, text("name").as_deref().unwrap_or("file")) {
        Some(path) => MediaAt::Platform(path),
        None => MediaAt::Nowhere,
    };
    let media =
        Media { name: text("name"), mime: text("type"), size: entry.get("size").and_then(Value::as_u64), ..Media::new(at) };
    (id, media)
}

/// Reads what the attachments of a message show that lies on the server itself.
fn attached(document: &Value) -> Vec<Media> {
    let list = document.get("attachments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let one = |entry: &Value| {
        // Of a quoted message it is another's.
        if entry.get("message_link").is_some() {
            return None;
        }
        let of_sort = |sort: &str| {
            let path = entry.get(format!("{sort}_url"))?.as_str()?;
            Some((path, name(entry.get(format!("{sort}_type"))), entry.get(format!("{sort}_size")).and_then(Value::as_u64)))
        };
        let link = || Some((entry.get("title_link")?.as_str()?, None, None));
        let (path, mime, size) = ["image", "audio", "video"].into_iter().find_map(of_sort).or_else(link)?;
        let path = path.strip_prefix('/').filter(|path| path.starts_with(UPLOADS))?;
        (!path.contains("..") && path.len() <= PATH_BYTES_MAX).then(|| {
            let at = MediaAt::Platform(format!("/{path}"));
            Media { name: name(entry.get("title")), mime, size, ..Media::new(at) }
        })
    };
    list.iter().take(FILES_MAX).filter_map(one).collect()
}

/// Returns where an upload is downloaded.
fn upload_path(id: &str, name: &str) -> Option<String> {
    if id.is_empty()
        || id.len() > ID_BYTES_MAX
        || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    {
        return None;
    }
    let mut url = url::Url::parse("http://server").ok()?;
    url.path_segments_mut().ok()?.extend(["file-upload", id, if matches!(name, "." | "..") { "file" } else { name }]);
    Some(url.path().to_owned())
}

fn trace(document: &Value) -> Trace {
    let has = |key: &str| match document.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    };
    let urls = document.get("urls").and_then(Value::as_array).into_iter().flatten();
    let previewed = urls.into_iter().any(|url| url.get("meta").and_then(Value::as_object).is_some_and(|meta| !meta.is_empty()));
    if has("editedAt") || has("editedBy") {
        Trace::Edited
    } else if previewed || ["reactions", "tcount", "replies", "pinned", "starred"].into_iter().any(has) {
        Trace::Touched
    } else {
        Trace::Fresh
    }
}
