//! Which pictures and files are taken from requests: `gateway.http.endpoints.{chatCompletions, responses}`.

use std::time::Duration;

use callboard_actors::ports::Reach;

/// What a body may hold.
#[derive(Clone, Debug)]
pub struct BodyRules {
    /// The most bytes of the whole; a larger one is answered with 413.
    pub bytes_max: usize,
    /// Which pictures.
    pub pictures: Kinds,
    /// How many pictures.
    pub pictures_max: usize,
    /// How many bytes of pictures.
    pub pictures_bytes_max: u64,
    /// Which files.
    pub files: Kinds,
    /// How many characters of a text are read.
    pub chars_max: usize,
    /// How many pictures and files by address.
    pub addresses_max: usize,
    /// The keys of these bounds, for errors.
    pub keys: Keys,
}

/// By which key of the configuration a bound is set, for errors; `None` for one that no key sets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    /// That of how many pictures.
    pub pictures_max: Option<&'static str>,
    /// That of how many bytes of pictures.
    pub pictures_bytes_max: Option<&'static str>,
    /// That of how many by address.
    pub addresses_max: Option<&'static str>,
}

/// Returns the words by which an error names a key; none where there is none.
pub(super) fn told(key: Option<&str>) -> String {
    key.map(|key| format!(" (`{key}`)")).unwrap_or_default()
}

/// Which pictures, or which files.
#[derive(Clone, Debug)]
pub struct Kinds {
    /// The key above these rules, for errors; `None` where no key sets them.
    pub key: Option<&'static str>,
    /// What becomes of those that are named by address.
    pub by_address: ByAddress,
    /// The types, by what the bytes are.
    pub mimes: Vec<String>,
    /// The most bytes of one.
    pub bytes_max: u64,
    /// How far an address is followed.
    pub reach: Reach,
}

/// What becomes of what is named by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByAddress {
    /// It is fetched, if it is public.
    Fetched,
    /// It is not fetched: the model is told the address of a picture, a file is refused.
    Told,
}

impl Kinds {
    /// Returns the words by which an error names one of the keys of these rules; none where there is none.
    pub(super) fn told(&self, name: &str) -> String {
        told(self.key.map(|key| format!("{key}.{name}")).as_deref())
    }

    /// Returns whether a type is one of these.
    pub(in crate::http) fn have(&self, mime: &str) -> bool {
        self.mimes.iter().any(|known| known.eq_ignore_ascii_case(mime))
    }
}

const KINDS_TIME: Duration = Duration::from_secs(10);

impl BodyRules {
    /// Returns the rules of chat completions where nothing is set.
    #[must_use]
    pub fn chat_completions() -> Self {
        let pictures = Kinds { by_address: ByAddress::Told, ..pictures(Some("gateway.http.endpoints.chatCompletions.images")) };
        // There is no setting for these: chat completions have no files in the public configuration.
        let files = Kinds { by_address: ByAddress::Told, ..files(None) };
        Self {
            bytes_max: 20_000_000,
            pictures,
            pictures_max: 8,
            pictures_bytes_max: 20_000_000,
            files,
            chars_max: 200_000,
            addresses_max: 8,
            keys: Keys {
                pictures_max: Some("gateway.http.endpoints.chatCompletions.maxImageParts"),
                pictures_bytes_max: Some("gateway.http.endpoints.chatCompletions.maxTotalImageBytes"),
                addresses_max: None,
            },
        }
    }

    /// Returns the rules of responses where nothing is set.
    #[must_use]
    pub fn responses() -> Self {
        Self {
            pictures: pictures(Some("gateway.http.endpoints.responses.images")),
            files: files(Some("gateway.http.endpoints.responses.files")),
            keys: Keys { addresses_max: Some("gateway.http.endpoints.responses.maxUrlParts"), ..Keys::default() },
            ..Self::chat_completions()
        }
    }
}

fn pictures(key: Option<&'static str>) -> Kinds {
    kinds(key, &["image/jpeg", "image/png", "image/gif", "image/webp"], 10 << 20)
}

fn files(key: Option<&'static str>) -> Kinds {
    let read = ["text/plain", "text/markdown", "text/html", "text/csv", "application/json", "application/pdf"];
    kinds(key, &read, 5 << 20)
}

fn kinds(key: Option<&'static str>, mimes: &[&str], bytes_max: u64) -> Kinds {
    let mimes = mimes.iter().map(|mime| (*mime).to_owned()).collect();
    let reach = Reach { time_max: KINDS_TIME, ..Reach::default() };
    Kinds { key, by_address: ByAddress::Fetched, mimes, bytes_max, reach }
}
