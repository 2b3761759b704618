//! A stand-in for Mochat: its REST interface and a real Socket.IO server from npm on one port, driven over another.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Client;
use serde_json::{Value, json};

use super::{PATIENCE, until};

/// The token of the agent that every platform begins with.
pub const TOKEN: &str = "claw_0123456789abcdef0123456789abcdef0123456789abcdef";
/// Its user.
pub const BOT: &str = "bot_1";
/// A person.
pub const ALICE: &str = "user_alice";

/// Returns where `tests/run` put the server.
pub fn tools() -> PathBuf {
    let named = std::env::var_os("CALLBOARD_TEST_TOOLS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("a home");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let tools = named.unwrap_or_else(|| cache.join("callboard").join("test-tools")).join("socketio");
    let server = tools.join("node_modules/socket.io/package.json");
    assert!(server.is_file(), "no Socket.IO server in {}: tests/run puts it there", tools.display());
    tools
}

/// A platform with the agent [`BOT`] and the person [`ALICE`]; it ends with its value.
pub struct Mochat {
    /// Where it is, `http://127.0.0.1:port`.
    pub url: String,
    control: String,
    client: Client,
    child: Child,
    /// It ends when this does, also when the test is killed.
    _stdin: ChildStdin,
}

impl Mochat {
    /// Starts a platform as the public one is: WebSocket alone, MessagePack.
    pub async fn start() -> Self {
        // Already there when another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/mochat/platform/main.cjs");
        let mut command = Command::new("node");
        command.arg(script).env("NODE_PATH", tools().join("node_modules"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node");
        let (stdin, stdout) = (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let first = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(PATIENCE, first).await.expect("in time").expect("its thread").expect("a line");
        let ports: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the platform does not come up: {line}"));
        let at = |name: &str| format!("http://127.0.0.1:{}", ports[name]);
        let client = Client::builder().timeout(PATIENCE).build().expect("a client");
        let platform = Self { url: at("port"), control: at("control"), client, child, _stdin: stdin };
        platform.order("agent", json!({ "token": TOKEN, "userId": BOT, "name": "Bot" })).await;
        platform.order("user", json!({ "userId": ALICE, "nickname": "Alice", "email": "alice@example.com" })).await;
        platform
    }

    /// Starts a platform with other options of its Socket.IO server.
    pub async fn start_with(options: Value) -> Self {
        let platform = Self::start().await;
        platform.options(options).await;
        platform
    }

    /// Gives an order over the control port; the orders stand in `control.cjs`.
    ///
    /// # Panics
    /// Panics when it is refused.
    pub async fn order(&self, what: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/{what}", self.control)).json(&body);
        let response = request.send().await.expect("the control port");
        let status = response.status();
        let answer: Value = response.json().await.expect("JSON");
        assert!(status.is_success(), "{what} {body}: {answer}");
        answer
    }

    /// Makes a session of [`BOT`] and [`ALICE`]; returns its id.
    pub async fn session(&self, id: &str) -> String {
        self.order("session", json!({ "sessionId": id, "participants": [BOT, ALICE] })).await;
        id.to_owned()
    }

    /// Makes a text panel; returns its id.
    pub async fn panel(&self, id: &str) -> String {
        self.order("panel", json!({ "panelId": id, "name": id })).await;
        id.to_owned()
    }

    /// Has [`ALICE`] say something: `{sessionId | panelId, content, meta?, author?, …}`; returns the message's id.
    pub async fn say(&self, mut what: Value) -> String {
        if what["author"].is_null() {
            what["author"] = json!(ALICE);
        }
        self.order("say", what).await["messageId"].as_str().expect("an id").to_owned()
    }

    /// Changes how the platform behaves; the settings stand in `faults.cjs`.
    pub async fn set(&self, settings: Value) {
        self.order("set", settings).await;
    }

    /// Adds a fault of REST: `{route?, kind, times?, …}`; the kinds stand in `rest.cjs`.
    pub async fn fault(&self, fault: Value) {
        self.order("fault", fault).await;
    }

    /// Ends every fault and every other behaviour; options stay.
    pub async fn heal(&self) {
        self.order("heal", json!({})).await;
    }

    /// Begins its Socket.IO server anew with other options: every connection is cut.
    pub async fn options(&self, options: Value) {
        self.order("options", options).await;
    }

    /// Ends every namespace by a packet; returns how many.
    pub async fn kick(&self) -> u64 {
        self.count("kick").await
    }

    /// Cuts every connection without a word; returns how many WebSockets there were.
    pub async fn drop_all(&self) -> u64 {
        self.count("drop").await
    }

    /// Closes every connection in order; returns how many.
    pub async fn hang_up(&self) -> u64 {
        self.count("hangUp").await
    }

    async fn count(&self, what: &str) -> u64 {
        self.order(what, json!({})).await["count"].as_u64().expect("a number")
    }

    /// Shuts its port and cuts what is open.
    pub async fn down(&self) {
        self.order("down", json!({})).await;
    }

    /// Opens its port again, the same one.
    pub async fn up(&self) {
        self.order("up", json!({})).await;
    }

    /// Stops its process where it stands, as a machine that hangs: connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets its process go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("an id");
        kill(Pid::from_raw(id), signal).expect("a signal");
    }

    /// Returns how often something happened: `rest <route>`, `emit <event>`, `upgrade`, `probe`, `connect`, `polling GET`, ….
    pub async fn happened(&self, what: &str) -> u64 {
        self.order("counts", json!({})).await[what].as_u64().unwrap_or(0)
    }

    /// Returns what was asked of it, in order; of one kind: `rest`, `emit`, `connect`, ….
    pub async fn journal(&self, kind: &str) -> Vec<Value> {
        let journal = self.order("journal", json!({})).await;
        let entries = journal["entries"].as_array().expect("entries").iter();
        entries.filter(|entry| entry["kind"] == kind).cloned().collect()
    }

    /// Returns the connections that stand in the namespace.
    pub async fn sockets(&self) -> Vec<Value> {
        self.order("sockets", json!({})).await["sockets"].as_array().expect("sockets").clone()
    }

    /// Waits until so many connections stand.
    pub async fn connected(&self, count: usize) {
        until("the connections", async || (self.sockets().await.len() == count).then_some(())).await;
    }

    /// Returns what agents said, each commit once: `{messageId, target, kind, content, replyTo, author, atMs}`.
    pub async fn sent(&self) -> Vec<Value> {
        self.sent_since(0).await
    }

    /// Returns what agents said, but for the first so many.
    pub async fn sent_since(&self, since: usize) -> Vec<Value> {
        self.order("sent", json!({ "since": since })).await["sent"].as_array().expect("messages").clone()
    }
}

impl Drop for Mochat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
