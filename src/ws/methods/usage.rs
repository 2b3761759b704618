//! `usage.cost` and `sessions.usage`: what turns used and cost. Days are those of UTC, whatever a client asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::Usage;
use callboard_actors::ports::{SessionRow, UsageDay, UsageGroup, UsageQuery, UsageSum, UsageSums};
use callboard_actors::registry::normalise_agent;
use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::session_rows;
use super::turns::session_named;
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Free, Method, SHORT, method};

/// How many days are summed where the client names none, and at the most.
const DAYS: (u32, u32) = (30, 3_650);
/// How many sessions are told of where the client names no number, and at the most.
const SESSIONS: (u32, u32) = (50, 1_000);
/// The channel of sessions whose answers went nowhere else.
const NO_CHANNEL: &str = "webchat";
/// Sums over all sessions are made one at a time: each reads every row, and others want to read too. Whoever comes meanwhile waits, as long
/// as a method may take.
static SUMS: Semaphore = Semaphore::const_new(1);
/// The first day.
const FIRST: Date = Date::constant(1970, 1, 1);

pub(super) const METHODS: &[Method] = &[
    method!("usage.cost", Scope::Read, SHORT, "Sums what turns used and cost, day by day.", SpanParams => Costs, cost),
    method!("sessions.usage", Scope::Read, SHORT, "Tells what sessions have used and cost since their last reset.", SessionsParams => Free, sessions),
];

/// Which days; the last thirty without. Further fields are taken and have no effect.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct SpanParams {
    /// How many, today included; at least 1 are told.
    days: Option<Count>,
    /// The first one, `2026-01-31`.
    #[schemars(length(max = 32))]
    start_date: Option<String>,
    /// The last one.
    #[schemars(length(max = 32))]
    end_date: Option<String>,
    /// Costs are not kept by agent: leave it out.
    #[schemars(length(max = 128))]
    agent_id: Option<String>,
}

/// A number, also as a text: clients send both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Count {
    Number(f64),
    Text(String),
}

impl Count {
    /// Returns the whole number; `None` for what is none.
    fn get(&self) -> Option<i64> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        // By way of text, which rounds and never wraps.
        format!("{:.0}", number.floor()).parse().ok()
    }
}

/// Days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: i64,
    last: i64,
}

impl SpanParams {
    fn span(&self, method: &str, today: i64) -> Result<Span, WireError> {
        let most = i64::from(DAYS.1);
        let last = read_date(method, "endDate", self.end_date.as_deref())?.unwrap_or(today);
        let days = self.days.as_ref().and_then(Count::get).unwrap_or_else(|| i64::from(DAYS.0)).clamp(1, most);
        let first = read_date(method, "startDate", self.start_date.as_deref())?.unwrap_or(last - (days - 1));
        if first > last {
            return Err(invalid(method, "at /startDate: must not be later than endDate"));
        }
        Ok(Span { first: first.max(last - (most - 1)), last })
    }
}

fn read_date(method: &str, field: &str, text: Option<&str>) -> Result<Option<i64>, WireError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let date: Date = text.parse().map_err(|_| invalid(method, &format!("at /{field}: must be a date such as 2026-01-31")))?;
    Ok(Some(date.duration_since(FIRST).as_hours() / 24))
}

/// Writes a day as a date; one that no calendar holds as the first.
fn date(day: i64) -> String {
    let date = i32::try_from(day).ok().and_then(|day| FIRST.checked_add(day.days()).ok());
    date.unwrap_or(FIRST).to_string()
}

/// What was used and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Totals {
    /// Tokens read, those from a cache not counted.
    input: u64,
    /// Tokens written.
    output: u64,
    /// Tokens read from a cache.
    cache_read: u64,
    /// Tokens put into a cache.
    cache_write: u64,
    /// All of them.
    total_tokens: u64,
    /// What they cost, in the currency of the prices.
    total_cost: f64,
    /// How many answers counted tokens and have no price; summaries and failed tries are none. Of sessions, how many have used tokens
    /// for nothing: it is not kept which of their answers had a price.
    missing_cost_entries: u64,
}

impl Totals {
    fn new(usage: Usage, missing_cost_entries: u64) -> Self {
        let Usage { input, output, cache_read, cache_write, cost_nanos } = usage;
        let (total_tokens, total_cost) = (usage.total(), money(cost_nanos));
        Self { input, output, cache_read, cache_write, total_tokens, total_cost, missing_cost_entries }
    }

    fn of(sum: UsageSum) -> Self {
        Self::new(sum.usage, sum.unpriced)
    }

    /// Whether a session's turns had a price is not kept; one that used tokens for nothing had none.
    fn of_session(usage: Usage) -> Self {
        Self::new(usage, u64::from(usage.total() > 0 && usage.cost_nanos == 0))
    }
}

/// Returns billionths as the whole.
pub(super) fn money(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

/// What turns cost.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Costs {
    /// When this was summed, milliseconds since 1970.
    updated_at: i64,
    /// How many days are summed.
    days: i64,
    /// The days of which something is known, oldest first.
    daily: Vec<Day>,
    /// Their sum.
    totals: Totals,
}

/// One day.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Day {
    /// Its date, in UTC.
    date: String,
    #[serde(flatten)]
    totals: Totals,
}

async fn cost(cx: Cx, params: SpanParams) -> Result<Costs, Refusal> {
    let method = "usage.cost";
    if params.agent_id.as_deref().is_some_and(|agent| !agent.trim().is_empty()) {
        return Err(invalid(method, "at /agentId: costs are kept for all agents together: leave it out").into());
    }
    let updated_at = cx.control.clock().now_ms();
    let span = params.span(method, UsageDay::of(updated_at))?;
    let (daily, totals) = days(&cx, span).await?;
    Ok(Costs { updated_at, days: span.last - span.first + 1, daily, totals })
}

async fn days(cx: &Cx, span: Span) -> Result<(Vec<Day>, Totals), Refusal> {
    let mut known = cx.control.store.usage_days(span.first).await?;
    known.retain(|day| day.day <= span.last);
    let sum = known.iter().fold(UsageDay::default(), |sum, day| sum.plus(*day));
    let told = known.iter().map(|day| Day { date: date(day.day), totals: Totals::new(day.usage, day.unpriced) });
    Ok((told.collect(), Totals::new(sum.usage, sum.unpriced)))
}

/// Which sessions. Further fields are taken and have no effect.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct SessionsParams {
    /// Only this one.
    #[schemars(length(max = 1_024))]
    key: Option<String>,
    /// Only those of this agent.
    #[schemars(length(max = 128))]
    agent_id: Option<String>,
    /// How many are told of; the sums have all of them.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// Only those that changed within so many days.
    days: Option<Count>,
    /// Only those that changed since this day.
    #[schemars(length(max = 32))]
    start_date: Option<String>,
    /// Only those that changed until this day.
    #[schemars(length(max = 32))]
    end_date: Option<String>,
}

async fn sessions(cx: Cx, params: SessionsParams) -> Result<Free, Refusal> {
    let SessionsParams { key, agent_id, limit, days: count, start_date, end_date } = params;
    let control = &cx.control;
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let now_ms = control.clock().now_ms();
    let span = SpanParams { days: count, start_date, end_date, agent_id: None };
    let span = span.span("sessions.usage", UsageDay::of(now_ms))?;
    let agent = given(agent_id).map(|agent| normalise_agent(&agent));
    let rows_max = limit.map_or(SESSIONS.0, |limit| limit.min(SESSIONS.1)) as usize;
    let query = UsageQuery { agent, first_day: span.first, last_day: span.last, rows_max };
    let sums = match given(key) {
        Some(key) => {
            let row = control.store.session(session_named(control, None, &key)?.key).await?;
            let mut sums = UsageSums::default();
            row.into_iter().filter(|row| query.has(&row.key, row.updated_ms)).for_each(|row| sums.add_row(row));
            sums
        }
        None => {
            // It is never closed, and whoever has it gives it back however that ends.
            let _one = SUMS.acquire().await;
            control.store.usage_sums(query).await?
        }
    };
    let told: Vec<Value> = sums.rows.iter().map(|row| told(&cx, row)).collect();
    let (daily, _) = days(&cx, span).await?;
    let (by_agent, by_channel) = (sums.by(|group| &group.agent), sums.by(channel_of));
    Ok(Free(json!({
        "updatedAt": now_ms,
        "startDate": date(span.first),
        "endDate": date(span.last),
        "sessions": told,
        "totals": Totals::of(sums.total()),
        "aggregates": {
            "byAgent": named(by_agent, "agentId"),
            "byChannel": named(by_channel, "channel"),
            "daily": daily,
        },
    })))
}

fn told(cx: &Cx, row: &SessionRow) -> Value {
    let mut told = session_rows::list_row(&cx.control, row);
    if let Some(fields) = told.as_object_mut() {
        let own = json!({
            "label": row.traits.label,
            "agentId": row.key.agent(),
            "channel": row.reply_to.as_ref().map_or(NO_CHANNEL, |target| target.account.channel()),
            "usage": Totals::of_session(row.usage),
        });
        fields.extend(own.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()));
    }
    told
}

fn channel_of(group: &UsageGroup) -> &str {
    if group.channel.is_empty() { NO_CHANNEL } else { &group.channel }
}

fn named(sums: BTreeMap<&str, UsageSum>, field: &str) -> Vec<Value> {
    sums.into_iter().map(|(name, sum)| json!({ field: name, "totals": Totals::of(sum) })).collect()
}

/// Returns what a session has used, as rows of sessions tell it.
pub(super) fn fields(usage: Usage) -> Map<String, Value> {
    let told = json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "cacheRead": usage.cache_read,
        "cacheWrite": usage.cache_write,
        "totalTokens": usage.total(),
        "estimatedCostUsd": (usage.cost_nanos > 0).then(|| money(usage.cost_nanos)),
    });
    let told = told.as_object().cloned().unwrap_or_default();
    told.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(params: Value) -> SpanParams {
        serde_json::from_value(params).unwrap()
    }

    #[test]
    fn a_span_of_days_is_read_in_every_form() {
        let today = 20_000;
        let cases = [
            (json!({}), Span { first: today - 29, last: today }),
            (json!({ "days": 7 }), Span { first: today - 6, last: today }),
            (json!({ "days": "7.9", "mode": "utc" }), Span { first: today - 6, last: today }),
            (json!({ "days": -3 }), Span { first: today, last: today }),
            (json!({ "days": 1e300 }), Span { first: today - 29, last: today }),
            (json!({ "days": 99_999 }), Span { first: today - 3_649, last: today }),
            (json!({ "days": "many" }), Span { first: today - 29, last: today }),
            (json!({ "startDate": "1970-01-02", "endDate": " 1970-01-05 " }), Span { first: 1, last: 4 }),
            (json!({ "endDate": "1970-02-01", "days": 2 }), Span { first: 30, last: 31 }),
        ];
        for (given, expected) in cases {
            assert_eq!(params(given.clone()).span("usage.cost", today).unwrap(), expected, "{given}");
        }
        for wrong in [json!({ "startDate": "tomorrow" }), json!({ "startDate": "1970-01-05", "endDate": "1970-01-02" })] {
            assert!(params(wrong.clone()).span("usage.cost", today).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_are_dates_and_money_is_whole() {
        for (day, expected) in [(0, "1970-01-01"), (20_783, "2026-11-26"), (i64::MAX, "1970-01-01")] {
            assert_eq!(date(day), expected);
        }
        assert_eq!(money(1_500_000_000).to_string(), "1.5");
        assert_eq!(fields(Usage::tokens(1, 2)).get("estimatedCostUsd"), None, "nobody knows");
    }
}
