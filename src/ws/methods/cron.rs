//! `cron.list`, `cron.status`: gateway-protocol §7.9. There are no jobs yet, and both say so.

use callboard_actors::client::{Refusal, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ws::table::{Cx, Method, Nothing, SHORT, method};

/// How many jobs a page has when nobody says.
const PAGE_JOBS: u32 = 50;

pub(super) const METHODS: &[Method] = &[
    method!("cron.list", Scope::Read, SHORT, "Lists the jobs: none, as long as this gateway runs none.", ListParams => Jobs, list),
    method!("cron.status", Scope::Read, SHORT, "Tells whether jobs are run: they are not yet.", Nothing => CronStatus, status),
];

/// Which jobs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct ListParams {
    /// Whether those that are switched off are wanted too.
    #[serde(default)]
    #[expect(dead_code, reason = "there is no job that it could leave out")]
    include_disabled: Option<bool>,
    /// How many.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// How many to pass over.
    #[serde(default)]
    #[schemars(range(min = 0, max = u32::MAX))]
    offset: Option<u32>,
}

/// A page of jobs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Jobs {
    /// The jobs.
    jobs: Vec<Value>,
    /// Names the state of the list; the same while nothing changes.
    snapshot_revision: &'static str,
    /// How many there are.
    total: u32,
    /// How many were passed over.
    offset: u32,
    /// How many a page may have.
    limit: u32,
    /// Whether there are more.
    has_more: bool,
    /// Where the next page begins.
    next_offset: Option<u32>,
}

async fn list(_cx: Cx, ListParams { limit, offset, .. }: ListParams) -> Result<Jobs, Refusal> {
    let (offset, limit) = (offset.unwrap_or_default(), limit.unwrap_or(PAGE_JOBS));
    Ok(Jobs { jobs: Vec::new(), snapshot_revision: "0", total: 0, offset, limit, has_more: false, next_offset: None })
}

/// Whether jobs are run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CronStatus {
    /// Whether jobs are run.
    enabled: bool,
    /// Where they would be kept.
    store_path: String,
    /// How many there are.
    jobs: u32,
    /// When the next one is due, milliseconds since 1970.
    next_wake_at_ms: Option<i64>,
}

async fn status(cx: Cx, _: Nothing) -> Result<CronStatus, Refusal> {
    let store_path = cx.control.places.state_dir.join("cron").join("jobs.json").display().to_string();
    Ok(CronStatus { enabled: false, store_path, jobs: 0, next_wake_at_ms: None })
}
