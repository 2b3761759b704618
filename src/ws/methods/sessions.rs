//! `sessions.list`, `sessions.preview` and `sessions.resolve`: gateway-protocol §7.6.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{Entry, Role};
use callboard_actors::ports::{SessionName, SessionRow};
use callboard_actors::registry::normalise_agent;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::session_rows::{self, Kind};
use super::turns::session_named;
use crate::ws::snapshot;
use crate::ws::table::{Cx, Free, Method, SHORT, method};

/// How many sessions a list shows the titles and last messages of; further ones are shown without.
const READ_MAX: usize = 200;

/// How many lines a session may have whose title is looked for: of a longer one the first are not read.
const TITLE_LINES_MAX: usize = 100;

/// How many lines are read for a last message alone.
const LAST_LINES_READ: usize = 10;

/// How long a title is, characters.
const TITLE_CHARS_MAX: usize = 60;

/// How long the last message of a row is, characters.
const LAST_CHARS_MAX: usize = 160;

/// How many sessions are previewed at a time.
const PREVIEWS_MAX: usize = 64;

/// How many lines a preview has, when the client names no number and at the most.
const PREVIEW_LINES: (usize, usize) = (12, 50);

/// How long a line of a preview is, characters, when the client names no number and at the most.
const PREVIEW_CHARS: (usize, usize) = (240, 2_000);

pub(super) const METHODS: &[Method] = &[
    method!("sessions.list", Scope::Read, SHORT, "Lists known sessions, newest first.", ListParams => Free, list),
    method!("sessions.preview", Scope::Read, SHORT, "Returns the newest lines of sessions, cut short.", PreviewParams => Free, preview),
    method!("sessions.resolve", Scope::Read, SHORT, "Finds a session by its key, its id or its label.", ResolveParams => Free, resolve),
];

/// Which sessions, and what of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
struct ListParams {
    /// How many at the most.
    #[schemars(range(min = 1, max = u32::MAX))]
    limit: Option<u32>,
    /// Only those that changed within so many minutes.
    #[schemars(range(min = 1, max = u32::MAX))]
    active_minutes: Option<u32>,
    /// With the session `global`; only without when false.
    include_global: Option<bool>,
    /// With the session `unknown`; only without when false.
    include_unknown: Option<bool>,
    /// With a title from the first thing that was said; none for a session of more than a hundred lines.
    include_derived_titles: Option<bool>,
    /// With the last thing that was said.
    include_last_message: Option<bool>,
    /// Only the one with this name.
    label: Option<String>,
    /// Only those that this one made.
    spawned_by: Option<String>,
    /// Only those of this agent.
    agent_id: Option<String>,
    /// Only those with this in key, name or id.
    search: Option<String>,
}

impl ListParams {
    fn fits(&self, row: &SessionRow, now_ms: i64) -> bool {
        let given = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let since = self.active_minutes.map(|minutes| now_ms.saturating_sub(i64::from(minutes) * 60_000));
        let agent = given(&self.agent_id).map(|agent| normalise_agent(&agent));
        let search = given(&self.search).map(|search| search.to_lowercase());
        let label = row.traits.label.as_deref();
        (self.include_global != Some(false) || Kind::of(&row.key) != Kind::Global)
            && (self.include_unknown != Some(false) || Kind::of(&row.key) != Kind::Unknown)
            && since.is_none_or(|since| row.updated_ms >= since)
            && agent.is_none_or(|agent| row.key.agent() == Some(&agent))
            && given(&self.label).is_none_or(|wanted| label == Some(&wanted))
            && given(&self.spawned_by).is_none_or(|wanted| row.traits.spawned_by.as_deref() == Some(&wanted))
            && search.is_none_or(|search| {
                let words = [row.key.as_str(), label.unwrap_or_default(), &row.id.to_string()].map(str::to_lowercase);
                words.iter().any(|word| word.contains(&search))
            })
    }
}

async fn list(cx: Cx, params: ListParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let now_ms = control.clock().now_ms();
    let known = control.store.sessions(snapshot::SESSIONS_MAX).await?;
    let limit = params.limit.map_or(usize::MAX, |limit| limit as usize);
    let rows: Vec<&SessionRow> = known.iter().filter(|row| params.fits(row, now_ms)).take(limit).collect();
    let (titles, last) = (params.include_derived_titles == Some(true), params.include_last_message == Some(true));
    let mut sessions = Vec::with_capacity(rows.len());
    for (place, row) in rows.into_iter().enumerate() {
        let mut told = session_rows::list_row(control, row);
        if (titles || last) && place < READ_MAX {
            let whole = titles && row.entries <= TITLE_LINES_MAX as u64;
            let lines = match (whole, last) {
                (true, _) => control.store.history(row.key.clone(), TITLE_LINES_MAX).await?,
                (false, true) => control.store.history(row.key.clone(), LAST_LINES_READ).await?,
                (false, false) => Vec::new(),
            };
            if let Some(fields) = told.as_object_mut() {
                let title = said(lines.iter(), &[Role::User], TITLE_CHARS_MAX).filter(|_| whole);
                fields.extend(title.map(|title| ("derivedTitle".to_owned(), title.into())));
                let text = said(lines.iter().rev(), &[Role::User, Role::Assistant], LAST_CHARS_MAX).filter(|_| last);
                fields.extend(text.map(|text| ("lastMessagePreview".to_owned(), text.into())));
            }
        }
        sessions.push(told);
    }
    Ok(Free(json!({
        "ts": now_ms,
        "path": snapshot::store_path(control),
        "count": sessions.len(),
        "defaults": session_rows::defaults(control),
        "sessions": sessions,
    })))
}

/// Returns the first of some lines that somebody of these said, on one line and cut.
fn said<'a>(mut lines: impl Iterator<Item = &'a Entry>, roles: &[Role], chars_max: usize) -> Option<String> {
    let line = lines.find(|line| roles.contains(&line.role) && !line.text.trim().is_empty())?;
    Some(short(&line.text, chars_max))
}

fn short(text: &str, chars_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    line.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

/// Which sessions are previewed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct PreviewParams {
    /// Their keys.
    #[schemars(length(min = 1))]
    keys: Vec<String>,
    /// How many lines of each.
    #[serde(default)]
    #[schemars(range(min = 1, max = u32::MAX))]
    limit: Option<u32>,
    /// How long each line may be.
    #[serde(default)]
    #[schemars(range(min = 20, max = u32::MAX))]
    max_chars: Option<u32>,
}

async fn preview(cx: Cx, params: PreviewParams) -> Result<Free, Refusal> {
    let bounded = |wanted: Option<u32>, (usual, most): (usize, usize)| wanted.map_or(usual, |wanted| most.min(wanted as usize));
    let (limit, chars_max) = (bounded(params.limit, PREVIEW_LINES), bounded(params.max_chars, PREVIEW_CHARS));
    let mut previews = Vec::new();
    for key in params.keys.iter().take(PREVIEWS_MAX) {
        let (status, items) = preview_of(&cx, key, limit, chars_max).await;
        previews.push(json!({ "key": key, "status": status, "items": items }));
    }
    Ok(Free(json!({ "ts": cx.control.clock().now_ms(), "previews": previews })))
}

async fn preview_of(cx: &Cx, key: &str, limit: usize, chars_max: usize) -> (&'static str, Vec<Value>) {
    let Ok(named) = session_named(&cx.control, None, key) else { return ("missing", Vec::new()) };
    match cx.control.store.session(named.key.clone()).await {
        Ok(Some(_)) => {}
        Ok(None) => return ("missing", Vec::new()),
        Err(_) => return ("error", Vec::new()),
    }
    match cx.control.store.history(named.key, limit).await {
        Ok(lines) if lines.is_empty() => ("empty", Vec::new()),
        Ok(lines) => (
            "ok",
            lines.iter().map(|line| json!({ "role": line.role.shown(), "text": short(&line.text, chars_max) })).collect(),
        ),
        Err(_) => ("error", Vec::new()),
    }
}

/// Which session is meant: one of key, id and label.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
struct ResolveParams {
    /// By its key.
    key: Option<String>,
    /// By the id of its transcript.
    session_id: Option<String>,
    /// By its name.
    label: Option<String>,
    /// Only of this agent.
    agent_id: Option<String>,
    /// Only of those that this one made.
    spawned_by: Option<String>,
    /// As in `sessions.list`.
    include_global: Option<bool>,
    /// As in `sessions.list`.
    include_unknown: Option<bool>,
}

async fn resolve(cx: Cx, params: ResolveParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let ResolveParams { key, session_id, label, agent_id, spawned_by, include_global, include_unknown } = params;
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let among = ListParams { agent_id, spawned_by, include_global, include_unknown, ..ListParams::default() };
    let fits = |row: &SessionRow| among.fits(row, 0);
    let found = match (given(key), given(session_id), given(label)) {
        (Some(key), None, None) => {
            let row = control.store.session(session_named(control, None, &key)?.key).await?;
            row.filter(fits).map(|row| row.key).ok_or_else(|| format!("No session found: {key}"))
        }
        (None, Some(id), None) => {
            let own = match Uuid::try_parse(&id) {
                Ok(id) => control.store.find_session(SessionName::Id(id)).await?.filter(fits),
                Err(_) => None,
            };
            own.map(|row| row.key).ok_or_else(|| format!("No session found: {id}"))
        }
        (None, None, Some(label)) => {
            let own = control.store.find_session(SessionName::Label(label.clone())).await?.filter(fits);
            own.map(|row| row.key).ok_or_else(|| format!("No session found with label: {label}"))
        }
        (None, None, None) => Err("Either key, sessionId or label is required".to_owned()),
        _ => Err("Provide either key, sessionId, or label (not multiple)".to_owned()),
    };
    Ok(Free(json!({ "ok": true, "key": found.map_err(WireError::invalid)? })))
}
