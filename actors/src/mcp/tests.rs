use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::lent::lent;
use super::*;
use crate::agent::{Entrance, ToolContext, ToolFault, ToolNames, ToolOutput, ToolPolicy, Toolbox};
use crate::core::{ActorId, Drill, Live, State};
use crate::doubles::{Stage, play};
use crate::message::{Code, SessionKey, TraceId};
use crate::ports::{
    McpAnswer, McpChanged, McpDialer, McpFault, McpLink, McpProgress, McpServer, McpToolSpec, McpVerdict, McpWay, MediaRoom,
    NoMediaRoom,
};

mod laid;

/// A connection that does as its tools are called.
struct FakeLink {
    tools: Arc<Mutex<Vec<McpToolSpec>>>,
    over: watch::Sender<Option<String>>,
    closed: AtomicBool,
    changed: McpChanged,
    pings: AtomicBool,
}

impl McpLink for FakeLink {
    fn tools(&self, _: usize) -> BoxFuture<'static, Result<Vec<McpToolSpec>, McpFault>> {
        ready(Ok(self.tools.lock().unwrap().clone())).boxed()
    }

    fn call(
        &self,
        tool: &str,
        args: Map<String, Value>,
        progress: McpProgress,
    ) -> BoxFuture<'static, Result<McpAnswer, McpFault>> {
        progress("half".into());
        let mut over = self.over.subscribe();
        match tool {
            "hangs" => std::future::pending().boxed(),
            "dies" => async move {
                let _ = over.wait_for(Option::is_some).await;
                Err(McpFault::new(Code::Unavailable, "went away"))
            }
            .boxed(),
            _ => {
                let verdict = if tool == "fails" { McpVerdict::Failed } else { McpVerdict::Done };
                ready(Ok(McpAnswer { text: "done".into(), details: Value::Object(args), media: Vec::new(), verdict })).boxed()
            }
        }
    }

    fn ping(&self) -> BoxFuture<'static, Result<(), McpFault>> {
        if self.pings.load(Ordering::SeqCst) { ready(Ok(())).boxed() } else { std::future::pending().boxed() }
    }

    fn closed(&self) -> BoxFuture<'static, String> {
        let mut over = self.over.subscribe();
        async move { over.wait_for(Option::is_some).await.unwrap().clone().unwrap_or_default() }.boxed()
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let _ = self.over.send(Some("closed".into()));
    }
}

/// Makes connections, or says why not.
#[derive(Default)]
struct FakeDialer {
    tools: Arc<Mutex<Vec<McpToolSpec>>>,
    refusals: Mutex<VecDeque<&'static str>>,
    dials: AtomicUsize,
    links: Mutex<Vec<Arc<FakeLink>>>,
}

impl FakeDialer {
    fn dials(&self) -> usize {
        self.dials.load(Ordering::SeqCst)
    }

    fn last(&self) -> Arc<FakeLink> {
        self.links.lock().unwrap().last().cloned().unwrap()
    }
}

impl McpDialer for FakeDialer {
    fn dial(&self, _: Arc<McpServer>, changed: McpChanged) -> BoxFuture<'static, Result<Arc<dyn McpLink>, McpFault>> {
        let refusal = self.refusals.lock().unwrap().pop_front();
        self.dials.fetch_add(1, Ordering::SeqCst);
        if let Some(why) = refusal {
            return ready(Err(McpFault::new(Code::Unavailable, why))).boxed();
        }
        let (over, _) = watch::channel(None);
        let (tools, closed, pings) = (Arc::clone(&self.tools), AtomicBool::new(false), AtomicBool::new(true));
        let link = Arc::new(FakeLink { tools, over, closed, changed, pings });
        self.links.lock().unwrap().push(Arc::clone(&link));
        ready(Ok(link as Arc<dyn McpLink>)).boxed()
    }
}

fn spec(name: &str) -> McpToolSpec {
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    McpToolSpec { name: name.into(), description: "theirs".into(), schema: schema.as_object().cloned().unwrap() }
}

fn server(name: &str, fingerprint: u64) -> McpSettings {
    let way = McpWay::Process { command: "server".into(), args: Vec::new(), env: BTreeMap::new(), cwd: None };
    let server = McpServer { name: name.into(), way, call_time_max: Duration::from_secs(5) };
    McpSettings { server: Arc::new(server), allow: None, deny: ToolNames::new(["secret_*"]), fingerprint }
}

/// A fleet with its far side.
struct Port {
    stage: Arc<Stage>,
    dialer: Arc<FakeDialer>,
    servers: Arc<Mutex<Arc<Vec<McpSettings>>>>,
    desk: Arc<McpDesk>,
    toolbox: Arc<Toolbox>,
    fleet: Arc<McpFleet>,
}

fn room() -> Arc<dyn MediaRoom> {
    Arc::new(NoMediaRoom)
}

impl Port {
    fn new(stage: &Arc<Stage>, tools: &[&str]) -> Self {
        let dialer = Arc::new(FakeDialer::default());
        *dialer.tools.lock().unwrap() = tools.iter().map(|name| spec(name)).collect();
        let toolbox = Toolbox::new(Vec::new(), Live::fixed(ToolPolicy::default()), stage.clock.clone()).unwrap();
        let (toolbox, desk) = (Arc::new(toolbox), Arc::<McpDesk>::default());
        let servers = Arc::new(Mutex::new(Arc::new(vec![server("one", 1)])));
        let live = Arc::clone(&servers);
        let fleet = McpFleet::new(McpFleetParts {
            supervisor: stage.supervisor.clone(),
            servers: Live::new(move || Arc::clone(&live.lock().unwrap())),
            dialer: Arc::clone(&dialer) as _,
            desk: Arc::clone(&desk),
            toolbox: Arc::clone(&toolbox),
            media: room(),
        });
        Self { stage: Arc::clone(stage), dialer, servers, desk, toolbox, fleet: Arc::new(fleet) }
    }

    async fn up(stage: &Arc<Stage>, tools: &[&str]) -> Self {
        let port = Self::new(stage, tools);
        port.fleet.reconcile();
        port.is(McpState::Up).await;
        port
    }

    fn configure(&self, servers: Vec<McpSettings>) {
        *self.servers.lock().unwrap() = Arc::new(servers);
        self.fleet.reconcile();
    }

    fn state(&self) -> Option<McpState> {
        self.desk.statuses().first().map(|status| status.state)
    }

    async fn is(&self, state: McpState) {
        self.stage.pass_until(&format!("{state:?}"), || self.state() == Some(state)).await;
    }

    fn has(&self, tool: &str) -> bool {
        self.toolbox.find(context(), tool).is_ok()
    }

    async fn call(&self, tool: &str) -> Result<ToolOutput, ToolFault> {
        let args = json!({ "text": "hi" }).as_object().cloned().unwrap();
        self.toolbox.find(context(), tool)?.call(args).await
    }
}

fn context() -> ToolContext {
    ToolContext::new(Entrance::Turn, SessionKey::new("agent:main:main"), "main", TraceId::new())
}

#[test]
fn a_server_lends_its_tools() {
    play(|stage| async move {
        let port = Port::up(&stage, &["echo", "fails", "secret_one"]).await;
        assert!(port.has("one__echo") && port.has("one__fails") && !port.has("one__secret_one"));
        let output = port.call("one__echo").await.unwrap();
        assert_eq!((output.text.as_str(), &output.details), ("done", &json!({ "server": "one", "result": { "text": "hi" } })));
        assert_eq!(port.call("one__fails").await.unwrap_err().code(), Code::Refused);
        let status = &port.desk.statuses()[0];
        assert_eq!((status.name.as_str(), status.tools, status.connects), ("one", 2, 1));
        // It says that its tools are others now.
        *port.dialer.tools.lock().unwrap() = vec![spec("new")];
        (port.dialer.last().changed)();
        stage.until("the new tool", || port.has("one__new")).await;
        assert!(!port.has("one__echo"));
        assert_eq!(port.dialer.dials(), 1);
    });
}

#[test]
fn a_server_that_dies_is_connected_anew_and_its_call_ends_honestly() {
    play(|stage| async move {
        let port = Port::up(&stage, &["dies", "echo"]).await;
        let mut call = Box::pin(port.call("one__dies"));
        assert!(futures_util::poll!(&mut call).is_pending());
        for why in ["no such program", "no such program still"] {
            port.dialer.refusals.lock().unwrap().push_back(why);
        }
        port.dialer.last().over.send(Some("it fell over".into())).unwrap();
        assert_eq!(call.await.unwrap_err().code(), Code::Unavailable);
        stage.until("it is noticed", || port.state() != Some(McpState::Up)).await;
        // Its tools are still there, and say what is the matter.
        let fault = port.call("one__echo").await.unwrap_err();
        assert!(fault.code() == Code::Unavailable && fault.to_string().contains("it fell over"), "{fault}");
        port.is(McpState::Up).await;
        assert_eq!(port.dialer.dials(), 4);
        assert!(port.call("one__echo").await.is_ok());
        assert!(port.desk.statuses()[0].error.is_none());
        let report = stage.supervisor.report(&ActorId::new("mcp:one")).unwrap();
        assert_eq!((report.state, report.restarts), (State::Running, 0), "a lost connection is no crash");
    });
}

#[test]
fn waits_between_connections_grow() {
    play(|stage| async move {
        let port = Port::new(&stage, &[]);
        port.dialer.refusals.lock().unwrap().extend(["no"; 12]);
        port.fleet.reconcile();
        let begun = stage.clock.elapsed();
        port.is(McpState::Up).await;
        // 250 ms, doubled twelve times and never over a minute, each with a fifth of jitter.
        let waited = stage.clock.elapsed() - begun;
        assert!(waited > Duration::from_secs(150) && waited < Duration::from_secs(400), "{waited:?}");
    });
}

#[test]
fn a_server_that_does_not_answer_is_left() {
    play(|stage| async move {
        let port = Port::up(&stage, &["hangs"]).await;
        let first = port.dialer.last();
        stage.pass(Duration::from_secs(300)).await;
        assert_eq!(port.dialer.dials(), 1, "one that answers is left alone");
        first.pings.store(false, Ordering::SeqCst);
        stage.pass_until("another connection", || port.dialer.dials() == 2).await;
        assert!(first.closed.load(Ordering::SeqCst), "its process is ended");
        // A call has its own deadline.
        port.is(McpState::Up).await;
        let clock = stage.clock.clone();
        let mut call = Box::pin(port.call("one__hangs"));
        assert!(futures_util::poll!(&mut call).is_pending());
        clock.advance(Duration::from_secs(6));
        assert_eq!(call.await.unwrap_err().code(), Code::Timeout);
    });
}

#[test]
fn no_process_outlives_its_actor() {
    play(|stage| async move {
        let port = Port::up(&stage, &["echo"]).await;
        let id = ActorId::new("mcp:one");
        let first = port.dialer.last();
        stage.supervisor.fault(&id, Drill::Panic).unwrap();
        stage.pass_until("another connection", || port.dialer.dials() == 2).await;
        assert!(first.closed.load(Ordering::SeqCst), "after a panic");
        port.is(McpState::Up).await;
        let second = port.dialer.last();
        stage.supervisor.restart(&id, Duration::from_secs(5)).await.unwrap();
        stage.pass_until("another connection", || port.dialer.dials() == 3).await;
        assert!(second.closed.load(Ordering::SeqCst), "after a restart by hand");
        port.is(McpState::Up).await;
        let third = port.dialer.last();
        stage.supervisor.stop(&id, Duration::from_secs(5)).await.unwrap();
        assert!(third.closed.load(Ordering::SeqCst), "after a stop");
        assert_eq!(port.state(), Some(McpState::Down));
    });
}

#[test]
fn the_fleet_follows_the_configuration() {
    play(|stage| async move {
        let port = Port::up(&stage, &["echo"]).await;
        port.configure(vec![server("one", 1), server("two", 1)]);
        stage.pass_until("the second", || port.has("two__echo")).await;
        assert_eq!(port.dialer.dials(), 2, "the first goes on");
        let second = port.dialer.last();
        port.configure(vec![server("one", 1), server("two", 2)]);
        stage.pass_until("the second again", || port.dialer.dials() == 3).await;
        assert!(second.closed.load(Ordering::SeqCst));
        port.configure(vec![server("one", 1)]);
        assert!(!port.has("two__echo") && port.has("one__echo"));
        stage.pass_until("its end", || stage.supervisor.report(&ActorId::new("mcp:two")).is_err()).await;
        assert_eq!(port.desk.statuses().len(), 1);
    });
}

/// Its actor ends later than the configuration changes, and may be told meanwhile what the server has.
#[test]
fn a_server_that_was_taken_out_lends_nothing_any_more() {
    play(|stage| async move {
        let port = Port::new(&stage, &["echo"]);
        port.fleet.reconcile();
        // Nothing else runs in between: its actor is about to connect, and does so before it hears that it is to end.
        port.configure(Vec::new());
        assert!(port.desk.lend("one", || ()).is_none());
        port.desk.connecting("one", 1);
        assert_eq!(port.desk.statuses(), []);
        stage.pass_until("its end", || stage.supervisor.report(&ActorId::new("mcp:one")).is_err()).await;
        assert!(!port.has("one__echo") && port.desk.statuses().is_empty());
    });
}

#[test]
fn a_server_that_is_taken_out_and_back_at_once_comes_up() {
    play(|stage| async move {
        let port = Port::up(&stage, &["echo"]).await;
        port.configure(Vec::new());
        port.configure(vec![server("one", 1)]);
        stage.pass_until("the next one", || port.has("one__echo")).await;
        assert_eq!((port.dialer.dials(), port.state()), (2, Some(McpState::Up)));
    });
}

#[test]
fn what_a_server_says_of_its_tools_is_bounded() {
    let clock = crate::core::Clock::manual(0);
    let big =
        McpToolSpec { schema: [("x".to_owned(), json!("y".repeat(SCHEMA_BYTES_MAX)))].into_iter().collect(), ..spec("big") };
    let talkative = McpToolSpec { description: "ä".repeat(DESCRIPTION_CHARS_MAX + 1), ..spec("talks") };
    let specs = vec![spec("a.b"), spec("a/b"), spec(""), spec(&"n".repeat(60)), big, talkative];
    let (tools, left_out) = lent(&server("one", 1), specs, &Arc::default(), &room(), &clock);
    let names: Vec<_> = tools.iter().map(|tool| tool.name().to_owned()).collect();
    assert_eq!(names, ["one__a_b", "one__talks"]);
    assert_eq!(tools[1].description().chars().count(), DESCRIPTION_CHARS_MAX);
    assert_eq!(left_out.len(), 4, "{left_out:?}");
    let many = (0..TOOLS_MAX + 3).map(|index| spec(&format!("t{index}"))).collect();
    let (tools, left_out) = lent(&server("one", 1), many, &Arc::default(), &room(), &clock);
    assert_eq!((tools.len(), left_out.len()), (TOOLS_MAX, 3));
}
