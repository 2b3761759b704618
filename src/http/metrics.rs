//! The metrics page, in Prometheus' text format 0.0.4, drawn from live state at each look. Labels are kind, channel and account
//! only, so the number of series follows the configuration and never the traffic.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::web::Data;
use callboard_actors::core::{ActorReport, State};
use callboard_actors::mcp::McpState;
use callboard_actors::message::{AccountCounters, Counter, LinkState};
use callboard_actors::session::{Lane, LaneStand};

use super::gateway::Gateway;
use super::process;
use super::readiness::Phase;
use crate::providers::ProviderStanding;

/// Whether a number only grows.
#[derive(Clone, Copy)]
enum Sort {
    Counter,
    Gauge,
}

/// Shows what is counted.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(gateway: Data<Gateway>) -> HttpResponse {
    let mut page = Page(String::with_capacity(8 * 1024));
    page.process(&gateway);
    page.actors(&gateway.supervisor.reports());
    page.store(&gateway);
    page.lanes(&gateway);
    page.links(&gateway);
    page.ways(&gateway);
    page.accounts(&gateway);
    page.mcp(&gateway);
    page.providers(&gateway);
    page.edge(&gateway);
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(page.0)
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, sort: Sort, help: &str) {
        let sort = match sort {
            Sort::Counter => "counter",
            Sort::Gauge => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP callboard_{name} {help}\n# TYPE callboard_{name} {sort}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.0, "callboard_{name}");
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn single(&mut self, name: &str, sort: Sort, help: &str, value: impl std::fmt::Display) {
        self.head(name, sort, help);
        self.value(name, &[], value);
    }

    fn process(&mut self, gateway: &Gateway) {
        let ready = u8::from(gateway.doctor.readiness.phase() == Phase::Ready);
        self.single("gateway_ready", Sort::Gauge, "1 while the gateway neither starts nor drains.", ready);
        let seconds = gateway.clock.elapsed().as_secs();
        self.single("gateway_uptime_seconds", Sort::Gauge, "Time since the process started.", seconds);
        let process = process::look();
        let looks = [
            ("process_resident_memory_bytes", "Resident memory.", process.resident_bytes),
            ("process_open_fds", "Open file descriptors.", process.open_fds),
            ("process_threads", "Threads.", process.threads),
        ];
        for (name, help, value) in looks {
            if let Some(value) = value {
                self.single(name, Sort::Gauge, help, value);
            }
        }
    }

    fn actors(&mut self, reports: &[ActorReport]) {
        let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
        for report in reports {
            sums.entry(report.kind.as_str()).or_default().add(report);
        }
        // These are gauges, not counters: a session that leaves memory takes its numbers with it.
        for (name, help, read) in SUMS {
            self.head(name, Sort::Gauge, help);
            for (kind, sum) in &sums {
                self.value(name, &[("kind", kind)], read(sum));
            }
        }
    }

    fn store(&mut self, gateway: &Gateway) {
        let health = gateway.store.health();
        self.single("store_inbox_open_rows", Sort::Gauge, "Inbox rows that wait for an answer.", health.inbox_open);
        self.single("store_outbox_open_rows", Sort::Gauge, "Outbox rows that wait for a confirmation.", health.outbox_open);
        let writable = u8::from(health.trouble.is_none());
        self.single("store_writable", Sort::Gauge, "1 while the store can write.", writable);
    }

    fn links(&mut self, gateway: &Gateway) {
        let links: Vec<_> = gateway.channels.accounts().into_iter().filter(|account| account.enabled).collect();
        for (name, help, wanted) in LINKS {
            self.head(name, Sort::Gauge, help);
            for account in &links {
                let labels = [("channel", account.key.channel()), ("account", account.key.account())];
                self.value(name, &labels, u8::from(gateway.channels.link(&account.key).state == *wanted));
            }
        }
    }

    /// Shows by which way messages come, of accounts whose platform has several.
    fn ways(&mut self, gateway: &Gateway) {
        let accounts = gateway.channels.accounts();
        let known: Vec<_> =
            accounts.iter().filter_map(|account| Some((&account.key, gateway.channels.facts(&account.key).way?))).collect();
        for way in WAYS {
            let name = format!("link_way_{way}");
            self.head(&name, Sort::Gauge, "1 while messages come by this way.");
            for (key, used) in &known {
                self.value(&name, &[("channel", key.channel()), ("account", key.account())], u8::from(*used == way));
            }
        }
    }

    fn accounts(&mut self, gateway: &Gateway) {
        let accounts = gateway.counters.accounts();
        for (name, help, read) in ACCOUNT_COUNTERS {
            self.head(name, Sort::Counter, help);
            for (key, counters) in &accounts {
                self.value(name, &[("channel", key.channel()), ("account", key.account())], read(counters).get());
            }
        }
    }

    fn lanes(&mut self, gateway: &Gateway) {
        let stands = Lane::ALL.map(|lane| (lane.as_str(), gateway.gate.lanes().stand(lane)));
        for (name, help, read) in LANES {
            self.head(name, Sort::Gauge, help);
            for (lane, stand) in &stands {
                self.value(name, &[("kind", lane)], read(stand));
            }
        }
    }

    fn mcp(&mut self, gateway: &Gateway) {
        let servers = gateway.mcp.statuses();
        let count = |state: McpState| servers.iter().filter(|server| server.state == state).count();
        let tools: usize = servers.iter().map(|server| server.tools).sum();
        let connects: u64 = servers.iter().map(|server| server.connects).sum();
        self.single("mcp_servers_up", Sort::Gauge, "MCP servers whose tools can be called.", count(McpState::Up));
        let away = servers.len().saturating_sub(count(McpState::Up));
        self.single("mcp_servers_not_up", Sort::Gauge, "MCP servers that are configured and not connected.", away);
        self.single("mcp_tools", Sort::Gauge, "Tools that MCP servers lend.", tools);
        self.single("mcp_connects", Sort::Gauge, "Connections made to the MCP servers there are.", connects);
    }

    fn providers(&mut self, gateway: &Gateway) {
        let standing = gateway.standing.get();
        let keys: usize = standing.iter().map(|provider| provider.keys.len()).sum();
        let resting: usize = standing.iter().map(ProviderStanding::resting_keys).sum();
        let models = standing.iter().flat_map(|provider| &provider.models).filter(|model| model.rest.is_some()).count();
        self.single("provider_keys", Sort::Gauge, "Keys of LLM backends.", keys);
        self.single("provider_keys_resting", Sort::Gauge, "Keys that are left alone after a failure.", resting);
        self.single("provider_models_resting", Sort::Gauge, "Models that are left alone after a failure.", models);
    }

    fn edge(&mut self, gateway: &Gateway) {
        let (turns, http) = (&gateway.counters.turns, &gateway.http);
        let counters: [(&str, &str, &Counter); 11] = [
            ("turns_answered_total", "Turns that ended with a whole answer.", &turns.answered),
            ("turns_failed_total", "Turns that ended without a whole answer.", &turns.failed),
            ("turns_aborted_total", "Turns that were aborted.", &turns.aborted),
            ("turns_again_total", "Turns that were run again after a crash.", &turns.again),
            ("commands_total", "Commands of chats that were carried out.", &turns.commands),
            ("messages_dropped_total", "Messages that were ended without an answer.", &turns.dropped),
            ("messages_steered_total", "Messages that were handed to a running turn.", &turns.steered),
            ("http_requests_total", "HTTP requests that were answered.", &http.requests),
            ("http_client_errors_total", "HTTP requests answered with 4xx.", &http.client_errors),
            ("http_server_errors_total", "HTTP requests answered with 5xx.", &http.server_errors),
            ("http_auth_failures_total", "HTTP requests with missing or wrong credentials.", &http.auth_failures),
        ];
        for (name, help, counter) in counters {
            self.single(name, Sort::Counter, help, counter.get());
        }
    }
}

#[derive(Default)]
struct Sum {
    running: u64,
    not_running: u64,
    depth: u64,
    handled: u64,
    rejected: u64,
    restarts: u64,
}

impl Sum {
    fn add(&mut self, report: &ActorReport) {
        match report.state {
            State::Running => self.running += 1,
            _ => self.not_running += 1,
        }
        self.depth += u64::from(report.mailbox.depth);
        self.handled += report.mailbox.handled;
        self.rejected += report.mailbox.rejected;
        self.restarts += u64::from(report.restarts);
    }
}

type SumLine = (&'static str, &'static str, fn(&Sum) -> u64);

const SUMS: &[SumLine] = &[
    ("actors_running", "Actors that run.", |sum| sum.running),
    ("actors_not_running", "Actors that are listed and do not run.", |sum| sum.not_running),
    ("mailbox_depth", "Messages that wait, summed over the actors there are.", |sum| sum.depth),
    ("mailbox_handled", "Messages handled by the actors there are.", |sum| sum.handled),
    ("mailbox_rejected", "Messages that found no room, of the actors there are.", |sum| sum.rejected),
    ("actor_restarts", "Rebuilds of the actors there are.", |sum| sum.restarts),
];

const LINKS: &[(&str, &str, LinkState)] = &[
    ("link_up", "1 while messages flow.", LinkState::Up),
    ("link_blocked", "1 while the link waits for a hand.", LinkState::Blocked),
];

/// The ways that links have names for.
const WAYS: [&str; 3] = ["websocket", "polling", "rest"];

type LaneLine = (&'static str, &'static str, fn(&LaneStand) -> usize);

const LANES: &[LaneLine] = &[
    ("turns_running", "Turns that run in a lane.", |stand| stand.running),
    ("turns_waiting", "Turns that wait for room in their lane.", |stand| stand.waiting),
];

type AccountLine = (&'static str, &'static str, fn(&AccountCounters) -> &Counter);

const ACCOUNT_COUNTERS: &[AccountLine] = &[
    ("inbound_accepted_total", "Messages that got an inbox row.", |c| &c.inbound_accepted),
    ("inbound_duplicate_total", "Messages that had a row already.", |c| &c.inbound_duplicate),
    ("inbound_dropped_total", "Messages that policy let go no further.", |c| &c.inbound_dropped),
    ("inbound_bad_total", "Frames that could not be read.", |c| &c.inbound_bad),
    ("outbound_sent_total", "Payloads that the platform confirmed.", |c| &c.outbound_sent),
    ("outbound_retried_total", "Attempts to send that failed and are made again.", |c| &c.outbound_retried),
    ("outbound_dead_total", "Payloads that became dead letters.", |c| &c.outbound_dead),
    ("outbox_resent_total", "Payloads sent again that the platform may have seen.", |c| &c.outbox_resent),
    ("marks_dropped_total", "Marks of messages taken in that were left out or refused.", |c| &c.marks_dropped),
    ("link_reconnects_total", "Links made after the first.", |c| &c.reconnects),
    ("link_way_changes_total", "Changes of the way by which messages come.", |c| &c.way_changes),
];

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
