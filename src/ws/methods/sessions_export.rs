//! `sessions.export`: a transcript from its beginning, by pages.

use callboard_actors::client::{Refusal, Scope, WireError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::turns::session_named;
use crate::archive;
use crate::ws::table::{Cx, Free, Method, SHORT, method};

/// How many lines a page has at the most.
const LINES_MAX: usize = 500;

/// How large a page may be, bytes of JSON; one line is always there.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The form of the lines, as files of the existing gateway number theirs.
const VERSION: u32 = 3;

pub(super) const METHODS: &[Method] = &[
    method!("sessions.export", Scope::Read, SHORT, "Returns a page of a session's transcript, oldest first.", ExportParams => Free, export),
];

/// Which part of which transcript.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct ExportParams {
    /// The session's key.
    #[schemars(length(min = 1))]
    key: String,
    /// Begin behind this line: the `next` of the page before.
    #[serde(default)]
    after: Option<u64>,
    /// How many lines at the most.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

async fn export(cx: Cx, ExportParams { key, after, limit }: ExportParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let key = session_named(control, None, &key)?.key;
    let row = control.store.session(key.clone()).await?;
    let Some(row) = row else { return Err(WireError::invalid(format!("No session found: {key}")).into()) };
    let limit = limit.map_or(LINES_MAX, |limit| LINES_MAX.min(limit as usize));
    // One more than is told says whether there are more.
    let read = control.store.transcript(key.clone(), after.unwrap_or(0), limit + 1).await?;
    let (mut lines, mut room, mut last) = (Vec::new(), PAGE_BYTES_MAX, None);
    let all = read.len();
    for (number, entry) in read.into_iter().take(limit) {
        let told = archive::told(&entry);
        let bytes = told.to_string().len();
        if bytes > room && !lines.is_empty() {
            break;
        }
        room = room.saturating_sub(bytes);
        last = Some(number);
        lines.push(told);
    }
    let next = if lines.len() < all { last } else { None };
    let header = json!({ "type": "session", "version": VERSION, "id": row.id, "key": key, "timestamp": row.updated_ms });
    Ok(Free(json!({ "key": key, "sessionId": row.id, "header": header, "lines": Value::Array(lines), "next": next })))
}
