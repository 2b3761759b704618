//! What actors' mailboxes did: a look each second for those in trouble, a line each interval for those with traffic.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use callboard_actors::core::{ActorId, ActorKind, ActorReport, Ages, Clock, Live, Supervisor};

/// How often mailboxes are looked at for trouble.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The settings of the mailbox events.
#[derive(Clone, Debug, PartialEq)]
pub struct MailboxSettings {
    /// How often those with traffic are told (`logging.mailboxIntervalSec`); zero is never.
    pub interval: Duration,
    /// How many of them, the busiest first (`logging.mailboxActorsMax`).
    pub actors_max: usize,
    /// How full a mailbox is told of at once, percent of its capacity (`logging.mailboxWarnDepthPercent`).
    pub depth_warn_percent: u32,
    /// Which age at the 99th percentile of a second is told of at once, milliseconds (`logging.mailboxWarnAgeMs`).
    pub age_warn_ms: f64,
}

impl Default for MailboxSettings {
    /// 30 s, the 50 busiest, 80 %, 1 s.
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), actors_max: 50, depth_warn_percent: 80, age_warn_ms: 1000.0 }
    }
}

/// What a mailbox, or those of one kind, did since the last look.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Whose: one actor, or all actors of a kind.
    pub whose: Whose,
    /// How many messages wait now.
    pub depth: u64,
    /// The most that ever waited in one mailbox.
    pub high_water: u32,
    /// How many were handled since the last look.
    pub handled: u64,
    /// How many found no room since the last look.
    pub rejected: u64,
    /// The age that half of those handled since did not exceed, milliseconds; of a kind, the worst actor's.
    pub age_p50_ms: f64,
    /// The age that 99 of 100 of those handled since did not exceed, milliseconds; of a kind, the worst actor's.
    pub age_p99_ms: f64,
}

/// Whom a [`Sight`] is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One actor.
    Actor(ActorId),
    /// All actors of a kind, and how many had traffic.
    Kind(ActorKind, usize),
}

/// The counters at an earlier look.
#[derive(Clone, Debug)]
struct Mark {
    handled: u64,
    rejected: u64,
    ages: Ages,
}

impl Mark {
    fn of(report: &ActorReport) -> Self {
        let mailbox = &report.mailbox;
        Self { handled: mailbox.handled, rejected: mailbox.rejected, ages: mailbox.ages }
    }
}

/// Whether an actor's trouble has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarm {
    Quiet,
    Told,
}

/// Compares looks. Holds as much as there are actors.
#[derive(Debug, Default)]
pub struct Reporter {
    interval: HashMap<ActorId, Mark>,
    second: HashMap<ActorId, (Mark, Alarm)>,
}

impl Reporter {
    /// Returns what those with traffic did since the last call: the busiest, then a sum of each kind.
    pub fn interval(&mut self, reports: &[ActorReport], settings: &MailboxSettings) -> Vec<Sight> {
        let mut sights: Vec<_> = reports
            .iter()
            .map(|report| (report.kind, sight(report, self.interval.get(&report.id))))
            .filter(|(_, sight)| sight.handled > 0 || sight.rejected > 0 || sight.depth > 0)
            .collect();
        self.interval = reports.iter().map(|report| (report.id.clone(), Mark::of(report))).collect();
        let sums = sums(&sights);
        sights.sort_by_key(|(_, sight)| Reverse((sight.handled.saturating_add(sight.rejected), sight.depth)));
        sights.truncate(settings.actors_max);
        sights.into_iter().map(|(_, sight)| sight).chain(sums).collect()
    }

    /// Returns those that have crossed a threshold since the last call. One that stays above is told once; it is told anew
    /// after it was below half of it.
    pub fn crossings(&mut self, reports: &[ActorReport], settings: &MailboxSettings) -> Vec<Sight> {
        let mut crossed = Vec::new();
        let mut marks = HashMap::with_capacity(reports.len());
        for report in reports {
            let before = self.second.get(&report.id);
            let sight = sight(report, before.map(|(mark, _)| mark));
            let told = before.map_or(Alarm::Quiet, |(_, alarm)| *alarm);
            let load = load(&sight, report.mailbox.capacity, settings);
            let alarm = match told {
                Alarm::Quiet if load >= 1.0 => {
                    crossed.push(sight);
                    Alarm::Told
                }
                Alarm::Told if load < 0.5 => Alarm::Quiet,
                same => same,
            };
            marks.insert(report.id.clone(), (Mark::of(report), alarm));
        }
        self.second = marks;
        crossed
    }
}

/// Returns how close to its thresholds a mailbox is; 1 is at the nearer one.
fn load(sight: &Sight, capacity: u32, settings: &MailboxSettings) -> f64 {
    let full = f64::from(capacity) * f64::from(settings.depth_warn_percent) / 100.0;
    let depth = if full > 0.0 { sight.depth as f64 / full } else { 0.0 };
    let age = if settings.age_warn_ms > 0.0 { sight.age_p99_ms / settings.age_warn_ms } else { 0.0 };
    depth.max(age)
}

fn sight(report: &ActorReport, before: Option<&Mark>) -> Sight {
    let mailbox = &report.mailbox;
    let ages = before.map_or(mailbox.ages, |mark| mailbox.ages.since(&mark.ages));
    Sight {
        whose: Whose::Actor(report.id.clone()),
        depth: u64::from(mailbox.depth),
        high_water: mailbox.high_water,
        handled: mailbox.handled.saturating_sub(before.map_or(0, |mark| mark.handled)),
        rejected: mailbox.rejected.saturating_sub(before.map_or(0, |mark| mark.rejected)),
        age_p50_ms: ages.percentile_ms(0.5),
        age_p99_ms: ages.percentile_ms(0.99),
    }
}

fn sums(sights: &[(ActorKind, Sight)]) -> Vec<Sight> {
    let mut kinds: BTreeMap<ActorKind, Sight> = BTreeMap::new();
    for (kind, sight) in sights {
        let sum = kinds.entry(*kind).or_insert_with(|| Sight {
            whose: Whose::Kind(*kind, 0),
            depth: 0,
            high_water: 0,
            handled: 0,
            rejected: 0,
            age_p50_ms: 0.0,
            age_p99_ms: 0.0,
        });
        if let Whose::Kind(_, actors) = &mut sum.whose {
            *actors += 1;
        }
        sum.depth += sight.depth;
        sum.high_water = sum.high_water.max(sight.high_water);
        sum.handled += sight.handled;
        sum.rejected += sight.rejected;
        sum.age_p50_ms = sum.age_p50_ms.max(sight.age_p50_ms);
        sum.age_p99_ms = sum.age_p99_ms.max(sight.age_p99_ms);
    }
    kinds.into_values().collect()
}

/// Looks and tells, until it is dropped.
pub async fn run(supervisor: Supervisor, settings: Live<MailboxSettings>, clock: Clock) {
    let mut reporter = Reporter::default();
    let mut told_at = clock.elapsed();
    loop {
        clock.sleep(LOOK_EVERY).await;
        let (settings, reports) = (settings.get(), supervisor.reports());
        for sight in reporter.crossings(&reports, &settings) {
            warn(&sight);
        }
        if !settings.interval.is_zero() && clock.elapsed().saturating_sub(told_at) >= settings.interval {
            told_at = clock.elapsed();
            for sight in reporter.interval(&reports, &settings) {
                tell(&sight);
            }
        }
    }
}

fn warn(sight: &Sight) {
    let Whose::Actor(id) = &sight.whose else { return };
    tracing::warn!(
        event = "mailbox",
        actor = %id,
        depth = sight.depth,
        highWater = sight.high_water,
        handled = sight.handled,
        rejected = sight.rejected,
        ageP50Ms = sight.age_p50_ms,
        ageP99Ms = sight.age_p99_ms,
        "messages wait too long or too many"
    );
}

fn tell(sight: &Sight) {
    let (kind, actors) = match &sight.whose {
        Whose::Actor(_) => (None, None),
        Whose::Kind(kind, actors) => (Some(kind.as_str()), Some(*actors)),
    };
    let actor = match &sight.whose {
        Whose::Actor(id) => Some(id.as_str()),
        Whose::Kind(..) => None,
    };
    tracing::info!(
        event = "mailbox",
        actor,
        kind,
        actors,
        depth = sight.depth,
        highWater = sight.high_water,
        handled = sight.handled,
        rejected = sight.rejected,
        ageP50Ms = sight.age_p50_ms,
        ageP99Ms = sight.age_p99_ms,
        "traffic"
    );
}
