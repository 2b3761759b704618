//! What the config call answers: where the broker is and who we are there.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

use secrecy::SecretString;
use serde_json::Value;

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AnswerError {
    /// A field is not there, or cannot be what it is.
    #[error("missing or invalid field \"{0}\" in response")]
    Field(&'static str),
    /// The broker is reached in a way that is not built in.
    #[error("the host in the response asks for `{0}://`: only mqtt, mqtts, tcp, ssl and tls are built in")]
    Scheme(String),
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// It is not.
    Plain,
    /// It is, by TLS.
    Tls,
}

/// A broker and our place there.
#[derive(Clone)]
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) username: String,
    pub(super) password: SecretString,
    /// Exactly as given: the broker keeps our messages under it.
    pub(super) client_id: String,
    /// The topic or filter of what comes in (`reciveTopic` on the wire).
    pub(super) receive_topic: String,
    /// The topic of what goes out.
    pub(super) send_topic: String,
    pub(super) robot_id: String,
    pub(super) user_id: String,
}

impl Broker {
    /// Reads an answer of the config call; `unsaid` is used where the host carries no scheme.
    ///
    /// # Errors
    /// Names the first field that is missing, empty or impossible.
    pub(super) fn read(answer: &Value, unsaid: Encryption) -> Result<Self, AnswerError> {
        let host = text(answer, "host")?;
        let port = text(answer, "port")?.trim().parse().ok().filter(|port| *port > 0).ok_or(AnswerError::Field("port"))?;
        let (host, encryption) = endpoint(host.trim(), unsaid)?;
        let broker = Self {
            host,
            port,
            encryption,
            username: text(answer, "username")?.into_owned(),
            password: text(answer, "password")?.into_owned().into(),
            client_id: text(answer, "clientId")?.into_owned(),
            receive_topic: text(answer, "reciveTopic")?.into_owned(),
            send_topic: text(answer, "sendTopic")?.into_owned(),
            robot_id: text(answer, "robotId")?.trim().to_owned(),
            user_id: text(answer, "userId")?.trim().to_owned(),
        };
        if !is_filter(&broker.receive_topic) {
            return Err(AnswerError::Field("reciveTopic"));
        }
        if broker.send_topic.contains(['+', '#']) {
            return Err(AnswerError::Field("sendTopic"));
        }
        Ok(broker)
    }

    /// Returns the broker's address for people: `mqtt://host:port`.
    pub(super) fn url(&self) -> String {
        let scheme = match self.encryption {
            Encryption::Plain => "mqtt",
            Encryption::Tls => "mqtts",
        };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{scheme}://{open}{}{close}:{}", self.host, self.port)
    }

    /// Returns whether a message on this topic is for us.
    pub(super) fn takes(&self, topic: &str) -> bool {
        self.receive_topic == topic || (self.receive_topic.contains(['+', '#']) && matches(topic, &self.receive_topic))
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({} as {})", self.url(), self.client_id)
    }
}

/// MQTT writes the length of a text in two bytes.
const TEXT_BYTES_MAX: usize = u16::MAX as usize;

fn text<'a>(answer: &'a Value, field: &'static str) -> Result<Cow<'a, str>, AnswerError> {
    let found = match answer.get(field) {
        Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
        Some(Value::Number(number)) => Cow::Owned(number.to_string()),
        _ => return Err(AnswerError::Field(field)),
    };
    let sound = !found.trim().is_empty() && found.len() <= TEXT_BYTES_MAX && !found.contains('\0');
    if sound { Ok(found) } else { Err(AnswerError::Field(field)) }
}

fn endpoint(host: &str, unsaid: Encryption) -> Result<(String, Encryption), AnswerError> {
    let (encryption, rest) = match host.split_once("://") {
        None => (unsaid, host),
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "mqtt" | "tcp" => (Encryption::Plain, rest),
            "mqtts" | "ssl" | "tls" => (Encryption::Tls, rest),
            other => return Err(AnswerError::Scheme(other.to_owned())),
        },
    };
    let name = rest.trim_end_matches('/');
    // An IPv6 address goes without its brackets from here on: the name in a certificate has none.
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let colons = name.contains(':') && name.parse::<Ipv6Addr>().is_err();
    let odd = name.is_empty() || colons || name.contains(['/', '@', ' ', '?', '#']);
    if odd { Err(AnswerError::Field("host")) } else { Ok((name.to_owned(), encryption)) }
}

/// Returns whether a topic filter is one (MQTT 3.1.1 §4.7.1): `+` fills a level, `#` the last one.
fn is_filter(filter: &str) -> bool {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let sound = match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            other => !other.contains(['+', '#']),
        };
        if !sound {
            return false;
        }
    }
    true
}

/// Returns whether a topic is one of a filter's (MQTT 3.1.1 §4.7). Topics that begin with `$` are the broker's own.
pub(super) fn matches(topic: &str, filter: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}
