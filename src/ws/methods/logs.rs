//! `logs.tail`: gateway-protocol §7.2.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log_lines;
use crate::logs::tail::{Tail, TailOrder, tail};
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("logs.tail", Scope::Read, SHORT, "Returns the end of the log, or what came since the cursor of the answer before.", TailParams => LogTail, read),
];

/// Which lines.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct TailParams {
    /// The `cursor` of the answer before.
    #[serde(default)]
    #[schemars(range(min = 0))]
    cursor: Option<u64>,
    /// How many lines; 500 without.
    #[serde(default)]
    #[schemars(range(min = 1, max = 5_000))]
    limit: Option<usize>,
    /// How many bytes of the file; 250000 without.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    max_bytes: Option<u64>,
}

/// The end of the log.
#[derive(Debug, Serialize, JsonSchema)]
struct LogTail {
    /// The file.
    file: String,
    /// Where the next reading begins, bytes from the file's start.
    cursor: u64,
    /// How long the file is, bytes.
    size: u64,
    /// Whole lines, oldest first.
    lines: Vec<String>,
    /// Whether lines before these were left out.
    truncated: bool,
    /// Whether the lines do not follow those of the answer before.
    reset: bool,
}

async fn read(cx: Cx, TailParams { cursor, limit, max_bytes }: TailParams) -> Result<LogTail, Refusal> {
    let order = TailOrder { cursor, limit, max_bytes };
    let found = tail(cx.control.places.logs_dir.clone(), order).await;
    let found = found.map_err(|error| WireError::new(Code::Unavailable, format!("the log cannot be read: {error}")))?;
    let Tail { file, cursor, size, lines, truncated, reset } = found;
    let lines = lines.iter().map(|line| log_lines::shown(line)).collect();
    Ok(LogTail { file: file.display().to_string(), cursor, size, lines, truncated, reset })
}
