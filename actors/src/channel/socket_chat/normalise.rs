//! From a payload to a message for the agent. Pure, safe on any bytes, and linear in their number.

use std::borrow::Cow;

use url::Url;

use super::frame::{Frame, Loose, MediaInfo};
use super::strip::{LEFT_OUT, is_bare_base64, strip_base64};
use super::target::ID_BYTES_MAX;
use crate::channel::Normalised;
use crate::message::base64;
use crate::message::{AccountKey, ChatKind, ChatRef, Inbound, Media, MediaAt, Peer, Route, TraceId};

/// The longest text that goes to the agent, bytes; what is beyond is cut off and said so.
pub(super) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The longest address, bytes; a longer one is data in disguise.
pub(super) const URL_BYTES_MAX: usize = 4096;
/// The most bytes that a payload may hold as base64; what the account takes is decided when they are put into the media room.
const BASE64_BYTES_MAX: usize = 24 << 20;
/// The longest name of a person or a group, characters.
const NAME_CHARS_MAX: usize = 128;
/// The longest line of a card, characters.
const CARD_LINE_CHARS_MAX: usize = 1024;
/// Times below are seconds: as milliseconds they would lie before 1973.
const MILLIS_MIN: i64 = 100_000_000_000;
/// The year 9999.
const MILLIS_MAX: i64 = 253_402_300_800_000;

/// What is known besides the payload.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The account that received it.
    pub(super) account: AccountKey,
    /// The robot that the account is, by the config call.
    pub(super) robot_id: String,
    /// Now, milliseconds since 1970, for messages without a time.
    pub(super) now_ms: i64,
}

/// Reads one payload.
pub(super) fn normalise(payload: &[u8], context: &Context) -> Normalised {
    match parse(payload) {
        Ok(frame) => read(&frame, context).unwrap_or_else(|other| other),
        Err(reason) => Normalised::Bad(reason),
    }
}

fn parse(payload: &[u8]) -> Result<Frame<'_>, String> {
    let text = std::str::from_utf8(payload).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if text.is_empty() {
        return Err("an empty payload".to_owned());
    }
    // The reader would take an array for the fields in their order.
    if !text.starts_with('{') {
        return Err("not a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("not readable as JSON: {error}"))
}

fn read(frame: &Frame<'_>, context: &Context) -> Result<Normalised, Normalised> {
    let robot_id = required(&frame.robot_id, "robotId")?;
    let sender_id = required(&frame.sender_id, "senderId")?;
    let message_id = required(&frame.message_id, "messageId")?;
    let content = content(&frame.content)?;
    if *robot_id != context.robot_id {
        return Err(Normalised::Ignored("for another robot"));
    }
    if frame.is_myself.is_true() || sender_id == robot_id {
        return Err(Normalised::Ignored("our own message"));
    }
    let (text, media) = body(frame, &content).ok_or(Normalised::Ignored("neither content nor url"))?;
    let peer_name = name(&frame.sender_name).unwrap_or_else(|| sender_id.to_string());
    let (chat, chat_label, mentioned) = if frame.is_group.is_true() {
        let id = required(&frame.group_id, "groupId")?;
        let label = name(&frame.group_name).unwrap_or_else(|| id.to_string());
        (ChatRef { kind: ChatKind::Group, id: id.into_owned() }, label, mentioned(frame, &content, &robot_id))
    } else {
        (ChatRef { kind: ChatKind::Direct, id: sender_id.to_string() }, peer_name.clone(), true)
    };
    Ok(Normalised::Message(Box::new(Inbound {
        order: None,
        platform_id: message_id.into_owned(),
        route: Route {
            account: context.account.clone(),
            chat,
            thread: None,
            peer: Peer { id: sender_id.into_owned(), name: peer_name },
        },
        chat_label,
        text,
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media,
        mentioned,
        at_ms: at_ms(&frame.timestamp).unwrap_or(context.now_ms),
        trace: TraceId::new(),
    })))
}

fn required<'a>(value: &'a Loose<'_>, field: &'static str) -> Result<Cow<'a, str>, Normalised> {
    match value.word() {
        Some(id) if id.len() > ID_BYTES_MAX => {
            Err(Normalised::Bad(format!("field \"{field}\" is longer than {ID_BYTES_MAX} bytes")))
        }
        Some(id) if id.chars().any(char::is_control) => {
            Err(Normalised::Bad(format!("field \"{field}\" holds control characters")))
        }
        Some(id) => Ok(id),
        None => Err(Normalised::Bad(format!("missing or invalid field \"{field}\""))),
    }
}

fn content<'a>(value: &'a Loose<'_>) -> Result<Cow<'a, str>, Normalised> {
    match value {
        Loose::Absent => Ok(Cow::Borrowed("")),
        Loose::Text(_) | Loose::Number(_) => Ok(value.text().unwrap_or_default()),
        Loose::Bool(_) | Loose::Other => Err(Normalised::Bad("missing or invalid field \"content\"".to_owned())),
    }
}

/// The platform knows best whether the robot was meant; where it does not say, `@robotId` or the id itself in the text does.
fn mentioned(frame: &Frame<'_>, content: &str, robot_id: &str) -> bool {
    match frame.is_group_mention {
        Loose::Bool(mentioned) => mentioned,
        _ => content.contains(robot_id),
    }
}

fn at_ms(timestamp: &Loose<'_>) -> Option<i64> {
    let number = timestamp.number().filter(|number| *number > 0)?;
    let millis = if number < MILLIS_MIN { number.saturating_mul(1000) } else { number };
    (millis <= MILLIS_MAX).then_some(millis)
}

fn name(value: &Loose<'_>) -> Option<String> {
    let word = value.word()?;
    let name: String = word.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect();
    (!name.is_empty()).then_some(name)
}

/// Returns what the agent reads and what came with it; `None` when there is neither.
fn body(frame: &Frame<'_>, content: &str) -> Option<(String, Vec<Media>)> {
    let kind = frame.kind.word().unwrap_or_default();
    let url = frame.url.word();
    let media = url.as_deref().and_then(|url| attached(url, &kind)).or_else(|| in_text(content, &kind));
    let lines = card(&kind, frame);
    let kept = kept_content(content);
    if content.trim().is_empty() && url.is_none() && lines.is_empty() {
        return None;
    }
    let mut text = if kept.is_empty() { placeholder(&kind) } else { kept.into_owned() };
    for line in lines {
        if !text.contains(&line) {
            text.push('\n');
            text.push_str(&line);
        }
    }
    Some((text, media.into_iter().collect()))
}

/// Returns the content as the agent may read it: without base64 and not too long; empty when nothing else is left.
fn kept_content(content: &str) -> Cow<'_, str> {
    if content.trim().is_empty() {
        return Cow::Borrowed("");
    }
    match strip_base64(content) {
        // Nothing but a picture: the placeholder says more.
        Cow::Owned(text) if text.replace(LEFT_OUT, "").trim().is_empty() => Cow::Borrowed(""),
        text => cut(text),
    }
}

fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    Cow::Owned(format!("{kept}\n[cut here: the message was {} bytes long]", text.len()))
}

fn placeholder(kind: &str) -> String {
    /// A kind that is none of the platform's is not repeated to the agent beyond this.
    const KIND_CHARS_MAX: usize = 16;
    match kind {
        "" | "文字" => "<media:文件>".to_owned(),
        kind => format!(
            "<media:{}>",
            kind.chars().filter(|letter| letter.is_alphanumeric()).take(KIND_CHARS_MAX).collect::<String>()
        ),
    }
}

fn mime(kind: &str) -> Option<&'static str> {
    match kind {
        "图片" => Some("image/jpeg"),
        "视频" => Some("video/mp4"),
        _ => None,
    }
}

/// Returns what stands where the address should be: an address, or the bytes themselves.
fn attached(url: &str, kind: &str) -> Option<Media> {
    let mime = mime(kind).map(str::to_owned);
    if let Some(url) = public_url(url) {
        return Some(Media::at_url(url, mime));
    }
    let (said, data) = match base64::split_address(url) {
        Some((said, data)) => (Some(said.to_owned()), data),
        None => (None, Some(url).filter(|url| is_bare_base64(url))?),
    };
    Some(decoded(data, said.or(mime)))
}

/// Returns the bytes that are a whole content, as some platforms send a picture.
fn in_text(content: &str, kind: &str) -> Option<Media> {
    let content = content.trim();
    let is_media = mime(kind).is_some() || matches!(kind, "文件" | "语音");
    if !is_media || !kept_content(content).is_empty() {
        return None;
    }
    attached(content, kind)
}

/// Decodes base64. Its size is known before anything is allocated, and a payload has a bound of its own.
fn decoded(data: &str, mime: Option<String>) -> Media {
    match base64::decode(data, BASE64_BYTES_MAX) {
        Ok(data) => Media::in_hand(data, None, mime),
        Err(fault) => Media { mime, ..Media::new(MediaAt::Nowhere) }.missing(format!("it could not be taken: {fault}")),
    }
}

/// Returns an address that somebody else can open: http or https, and not data in disguise.
fn public_url(text: &str) -> Option<String> {
    let web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
    if !web || text.len() > URL_BYTES_MAX || text.contains(";base64,") {
        return None;
    }
    Url::parse(text).ok().filter(Url::has_host).map(|_| text.to_owned())
}

/// Returns the lines that tell what a card, a link or a channel's video is.
fn card(kind: &str, frame: &Frame<'_>) -> Vec<String> {
    let info = frame.media_info.and_then(|raw| serde_json::from_str::<MediaInfo<'_>>(raw.get()).ok());
    let Some(info) = info else { return Vec::new() };
    let lines = match kind {
        "名片" => vec![line(&info.name), line(&info.wxid)],
        "视频号" => vec![line(&info.nickname), line(&info.desc), link(&info.url)],
        "h5链接" => vec![line(&info.title), line(&info.description), link(&info.url)],
        _ => Vec::new(),
    };
    lines.into_iter().flatten().collect()
}

fn line(value: &Loose<'_>) -> Option<String> {
    let word = value.word()?;
    if is_bare_base64(&word) {
        return None;
    }
    let shown: String = strip_base64(&word).chars().take(CARD_LINE_CHARS_MAX).collect();
    (shown != LEFT_OUT).then_some(shown)
}

fn link(value: &Loose<'_>) -> Option<String> {
    public_url(&value.word()?)
}
