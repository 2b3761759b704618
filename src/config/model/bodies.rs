//! `gateway.http.endpoints.{chatCompletions, responses}`: what requests may bring along, by the names of the public configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a body holds where the file does not say it, bytes.
const BODY_BYTES: usize = 20_000_000;

/// `POST /v1/chat/completions`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ChatCompletions {
    /// Whether it answers.
    pub enabled: bool,
    /// The most bytes of a request; a larger one is answered with 413.
    #[schemars(range(min = 1024, max = 104_857_600))]
    pub max_body_bytes: usize,
    /// How many pictures the message may have that is answered.
    #[schemars(range(min = 0, max = 100))]
    pub max_image_parts: usize,
    /// How many bytes its pictures may have together.
    #[schemars(range(min = 1, max = 104_857_600))]
    pub max_total_image_bytes: u64,
    /// Which pictures are taken.
    pub images: BodyImages,
}

impl Default for ChatCompletions {
    fn default() -> Self {
        Self {
            enabled: true,
            max_body_bytes: BODY_BYTES,
            max_image_parts: 8,
            max_total_image_bytes: 20_000_000,
            images: BodyImages::default(),
        }
    }
}

/// `POST /v1/responses`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Responses {
    /// Whether it answers.
    pub enabled: bool,
    /// The most bytes of a request; a larger one is answered with 413.
    #[schemars(range(min = 1024, max = 104_857_600))]
    pub max_body_bytes: usize,
    /// How many pictures and files a request may name by address.
    #[schemars(range(min = 0, max = 100))]
    pub max_url_parts: usize,
    /// Which files are taken.
    pub files: BodyFiles,
    /// Which pictures are taken.
    pub images: BodyImages,
}

impl Default for Responses {
    fn default() -> Self {
        Self {
            enabled: true,
            max_body_bytes: BODY_BYTES,
            max_url_parts: 8,
            files: BodyFiles::default(),
            images: BodyImages::default(),
        }
    }
}

/// Pictures of a request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BodyImages {
    /// Whether public addresses are fetched, so that the model is shown what is there; else it is told the address. Without it `true`
    /// for `responses`, `false` for `chatCompletions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_url: Option<bool>,
    /// The hosts that may be asked: names, or `*.example.org` for all names below one; without any every public host.
    #[schemars(length(max = 256))]
    pub url_allowlist: Vec<String>,
    /// The types that are taken, by what the bytes are.
    #[schemars(length(max = 64))]
    pub allowed_mimes: Vec<String>,
    /// The most bytes of one.
    #[schemars(range(min = 1, max = 104_857_600))]
    pub max_bytes: u64,
    /// How often an address may send on.
    #[schemars(range(min = 0, max = 20))]
    pub max_redirects: usize,
    /// How long an address may take in all, milliseconds.
    #[schemars(range(min = 1, max = 120_000))]
    pub timeout_ms: u64,
}

impl Default for BodyImages {
    fn default() -> Self {
        Self {
            allow_url: None,
            url_allowlist: Vec::new(),
            allowed_mimes: texts(&["image/jpeg", "image/png", "image/gif", "image/webp"]),
            max_bytes: 10 << 20,
            max_redirects: 3,
            timeout_ms: 10_000,
        }
    }
}

/// Files of a request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BodyFiles {
    /// Whether public addresses are fetched; else a file by address is refused.
    pub allow_url: bool,
    /// The hosts that may be asked: names, or `*.example.org` for all names below one; without any every public host.
    #[schemars(length(max = 256))]
    pub url_allowlist: Vec<String>,
    /// The types that are taken. Texts are read to the model; what is none lies in the agent's workspace.
    #[schemars(length(max = 64))]
    pub allowed_mimes: Vec<String>,
    /// The most bytes of one.
    #[schemars(range(min = 1, max = 104_857_600))]
    pub max_bytes: u64,
    /// How many characters of a text are read; what is longer is cut there and says so.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_chars: usize,
    /// How often an address may send on.
    #[schemars(range(min = 0, max = 20))]
    pub max_redirects: usize,
    /// How long an address may take in all, milliseconds.
    #[schemars(range(min = 1, max = 120_000))]
    pub timeout_ms: u64,
}

impl Default for BodyFiles {
    fn default() -> Self {
        let read = ["text/plain", "text/markdown", "text/html", "text/csv", "application/json", "application/pdf"];
        Self {
            allow_url: true,
            url_allowlist: Vec::new(),
            allowed_mimes: texts(&read),
            max_bytes: 5 << 20,
            max_chars: 200_000,
            max_redirects: 3,
            timeout_ms: 10_000,
        }
    }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}
