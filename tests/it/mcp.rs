//! The reference server of the Model Context Protocol, from npm and as it is, behind the gateway.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::{Gateway, merge};
use crate::harness::mosquitto::free_port;
use crate::harness::{eventually, until};

/// What a secret of the server's variables is; it may stand nowhere.
const SECRET: &str = "secret-of-the-server-5f2e";

/// Returns the server's program, which `tests/run` installs.
fn everything() -> PathBuf {
    let named = std::env::var_os("CALLBOARD_TEST_TOOLS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("a home");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let tools = named.unwrap_or_else(|| cache.join("callboard").join("test-tools"));
    let program = tools.join("mcp/node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    assert!(program.is_file(), "the server is not at {}: tests/run puts it there", program.display());
    program
}

/// Returns settings with the server over its standard input and output, and its tools open to clients over HTTP.
fn by_process(more: Value) -> Value {
    let mut server = json!({ "command": "node", "args": [everything(), "stdio"], "env": { "SERVER_SECRET": SECRET } });
    merge(&mut server, more);
    json!({ "mcp": { "servers": { "every": server } }, "gateway": { "tools": { "allow": ["group:mcp"] } } })
}

async fn invoke(gateway: &Gateway, status: u16, tool: &str, args: Value) -> Value {
    let body = json!({ "tool": tool, "args": args });
    gateway.expect(status, Method::POST, "/tools/invoke", Some(body)).await
}

/// Waits until the server's tools can be called.
async fn connected(gateway: &Gateway) {
    until("the server's tools", async || (gateway.metric("mcp_servers_up").await == 1).then_some(())).await;
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().expect("a text")
}

/// Returns the processes that have a text in their command line, the guards among them.
fn processes(text: &str) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").expect("the processes").filter_map(Result::ok);
    let numbered = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbered
        .filter(|id| {
            std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
        })
        .collect()
}

/// Returns a mark for a server's command line, so that a test finds its own.
fn mark(name: &str) -> String {
    format!("--mark-{name}-{}", std::process::id())
}

fn marked(name: &str) -> Value {
    json!({ "args": [everything(), "stdio", mark(name)] })
}

/// Returns the server's own process: of those with the mark the one that is no guard.
fn server(name: &str) -> Option<i32> {
    let is_guard = |id: &i32| {
        std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains("mcp-guard"))
    };
    processes(&mark(name)).into_iter().find(|id| !is_guard(id))
}

#[tokio::test]
async fn a_picture_of_an_answer_lies_in_the_workspace() {
    let gateway = Gateway::start(by_process(json!({}))).await;
    connected(&gateway).await;
    let told = invoke(&gateway, 200, "every__get-tiny-image", json!({})).await;
    assert!(text(&told).contains("[a picture, image/png: file 1]"), "{told}");
    let line = text(&told).lines().find_map(|line| line.strip_prefix("file 1: [media] ")).expect("a line");
    let (path, about) = line.split_once(' ').expect("what it is");
    assert!(about.starts_with("(image/png, "), "{line}");
    let file = std::fs::read(gateway.home().join("callboard").join(path)).expect("the file");
    assert!(file.starts_with(b"\x89PNG"), "{path}");
}

#[tokio::test]
async fn a_server_over_its_standard_input_lends_its_tools() {
    let gateway = Gateway::start(by_process(json!({ "tools": { "deny": ["get-tiny-image"] } }))).await;
    connected(&gateway).await;
    let echo = invoke(&gateway, 200, "every__echo", json!({ "message": "hello" })).await;
    assert_eq!(text(&echo), "Echo: hello");
    let sum = invoke(&gateway, 200, "every__get-sum", json!({ "a": 2, "b": 40 })).await;
    assert!(text(&sum).contains("42"), "{sum}");
    let wrong = invoke(&gateway, 400, "every__get-sum", json!({ "a": "two", "b": 40 })).await;
    assert_eq!(wrong["error"]["code"], "invalid_request", "the server's schema holds here: {wrong}");
    invoke(&gateway, 404, "every__get-tiny-image", json!({})).await;
    invoke(&gateway, 404, "every__nobody", json!({})).await;
    // Its variables are its own and a few that every program needs; those of the gateway stay with it.
    let env = invoke(&gateway, 200, "every__get-env", json!({})).await;
    let env: Value = serde_json::from_str(text(&env)).expect("JSON");
    assert!(env["SERVER_SECRET"] == SECRET && env["PATH"].is_string() && env["CALLBOARD_GATEWAY_TOKEN"].is_null());
    // What there is is shown, and no secret.
    let actor = gateway.actor("mcp:every").await;
    assert_eq!((&actor["kind"], &actor["state"]), (&json!("mcp"), &json!("running")));
    assert!(gateway.metric("mcp_tools").await > 5);
    assert!(!gateway.log().contains(SECRET) && !gateway.run(0, &["config", "get", "mcp"]).contains(SECRET));
}

#[tokio::test]
async fn tools_of_servers_are_kept_from_http_unless_they_are_allowed() {
    let mut settings = by_process(json!({}));
    settings["gateway"]["tools"] = json!({ "allow": ["every__echo"] });
    let gateway = Gateway::start(settings).await;
    connected(&gateway).await;
    invoke(&gateway, 200, "every__echo", json!({ "message": "hello" })).await;
    invoke(&gateway, 404, "every__get-env", json!({})).await;
    gateway.change(json!({ "tools": { "deny": ["every__*"] } }));
    gateway.signal(Signal::SIGHUP);
    until("the new policy", async || {
        let body = json!({ "tool": "every__echo", "args": { "message": "hello" } });
        let (status, _) = gateway.request(Method::POST, "/tools/invoke", Some(body)).await;
        (status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_killed_in_a_call_comes_back() {
    let gateway = Gateway::start(by_process(marked("killed"))).await;
    connected(&gateway).await;
    let first = server("killed").expect("its process");
    let long = json!({ "tool": "every__trigger-long-running-operation", "args": { "duration": 60, "steps": 60 } });
    let call = gateway.request(Method::POST, "/tools/invoke", Some(long));
    let killed = async {
        gateway.logged(&["tool.begun", "every__trigger-long-running-operation"]).await;
        kill(Pid::from_raw(first), Signal::SIGKILL).expect("a signal");
    };
    let ((status, answer), ()) = tokio::join!(call, killed);
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (503, &json!("unavailable")), "{answer}");
    let second = until("another process", async || server("killed").filter(|id| *id != first)).await;
    assert_ne!(first, second);
    until("the tools again", async || {
        let body = json!({ "tool": "every__echo", "args": { "message": "again" } });
        let (status, _) = gateway.request(Method::POST, "/tools/invoke", Some(body)).await;
        (status == 200).then_some(())
    })
    .await;
    assert_eq!(gateway.actor("mcp:every").await["restarts"], 0, "its actor did not crash");
}

/// A turn that calls two tools at once, and one that calls a tool whose server is killed meanwhile.
const SCRIPT: &str = "steps:
  - when: { contains: both }
    do:
      - tool: { name: every__echo, args: { message: hello } }
      - tool: { name: every__get-sum, args: { a: 2, b: 40 } }
      - results
  - when: { contains: long }
    do:
      - tool: { name: every__trigger-long-running-operation, args: { duration: 60, steps: 60 } }
      - text: 'It ended: '
      - results
";

#[tokio::test]
async fn a_turn_uses_a_server_and_survives_its_end() {
    let gateway = Gateway::prepare(by_process(marked("turn")));
    gateway.play(SCRIPT);
    let mut gateway = gateway;
    gateway.again().await;
    connected(&gateway).await;
    let mut client = ControlClient::connect(&gateway).await;
    let answer = ask(&mut client, "both").await;
    assert!(answer.starts_with("Echo: hello") && answer.contains("42"), "{answer}");
    let first = server("turn").expect("its process");
    let id = client.send("agent", order("long")).await;
    client.answer(&id).await.expect("accepted");
    gateway.logged(&["tool.begun", "every__trigger-long-running-operation"]).await;
    kill(Pid::from_raw(first), Signal::SIGKILL).expect("a signal");
    let end = client.answer(&id).await.expect("an answer all the same");
    let text = end["result"]["payloads"][0]["text"].as_str().expect("a text");
    assert!(text.starts_with("It ended: ") && text.contains("MCP server"), "{text}");
    connected_again(&gateway, first).await;
    assert!(ask(&mut client, "both").await.contains("42"), "the server is back for the next turn");
}

fn order(message: &str) -> Value {
    json!({ "message": message, "idempotencyKey": format!("{message}-{}", uuid::Uuid::new_v4()), "agentId": "main" })
}

async fn ask(client: &mut ControlClient, message: &str) -> String {
    let id = client.send("agent", order(message)).await;
    client.answer(&id).await.expect("accepted");
    let end = client.answer(&id).await.expect("an answer");
    end["result"]["payloads"][0]["text"].as_str().expect("a text").to_owned()
}

async fn connected_again(gateway: &Gateway, first: i32) {
    until("another process", async || server("turn").filter(|id| *id != first)).await;
    connected(gateway).await;
}

/// A gateway that is killed runs no code of its own any more.
#[tokio::test]
async fn no_server_outlives_its_gateway() {
    for name in ["kill-nine", "stopped"] {
        let mut gateway = Gateway::start(by_process(marked(name))).await;
        connected(&gateway).await;
        assert!(processes(&mark(name)).len() >= 2, "a server and its guard");
        match name {
            "stopped" => assert_eq!(gateway.stop(), Some(0)),
            _ => gateway.kill(),
        }
        eventually("no process is left", || processes(&mark(name)).is_empty()).await;
    }
}

/// A server whose guard is killed goes with it, and another one comes.
#[tokio::test]
async fn no_server_outlives_its_guard() {
    let gateway = Gateway::start(by_process(marked("guard"))).await;
    connected(&gateway).await;
    let first = server("guard").expect("its process");
    let guard = processes(&mark("guard")).into_iter().find(|id| *id != first).expect("its guard");
    kill(Pid::from_raw(guard), Signal::SIGKILL).expect("a signal");
    eventually("the first process is gone", || !processes(&mark("guard")).contains(&first)).await;
    until("another process", async || server("guard")).await;
}

#[tokio::test]
async fn servers_come_and_go_with_the_configuration() {
    let gateway = Gateway::start(json!({ "gateway": { "tools": { "allow": ["group:mcp"] } } })).await;
    assert_eq!(gateway.actor("mcp:every").await, Value::Null);
    gateway.change(by_process(marked("reload")));
    gateway.signal(Signal::SIGHUP);
    connected(&gateway).await;
    let first = server("reload").expect("its process");
    gateway.change(json!({ "mcp": { "servers": { "every": { "timeoutMs": 5000 } } } }));
    gateway.signal(Signal::SIGHUP);
    until("another process", async || server("reload").filter(|id| *id != first)).await;
    gateway.change(json!({ "mcp": { "servers": { "every": { "enabled": false } } } }));
    gateway.signal(Signal::SIGHUP);
    eventually("no process is left", || processes(&mark("reload")).is_empty()).await;
    invoke(&gateway, 404, "every__echo", json!({ "message": "hello" })).await;
}

#[tokio::test]
async fn a_program_that_is_none_is_told_and_tried_again() {
    let gateway = Gateway::start(json!({ "mcp": { "servers": { "none": { "command": "/nobody/has/this" } } } })).await;
    gateway.logged(&["mcp.lost", "look at its command"]).await;
    gateway.logged(&["mcp.said", "cannot be started"]).await;
    assert_eq!(gateway.actor("mcp:none").await["state"], "running");
    assert_eq!(gateway.metric("mcp_servers_not_up").await, 1);
}

/// A server by streamable HTTP on a port of its own. Killed with its value.
struct ByHttp {
    child: Child,
    port: u16,
}

impl ByHttp {
    async fn start(port: u16) -> Self {
        let mut command = Command::new("node");
        command.arg(everything()).arg("streamableHttp").env("PORT", port.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("node");
        let server = Self { child, port };
        until("the server's port", async || std::net::TcpStream::connect(("127.0.0.1", port)).ok()).await;
        server
    }
}

impl Drop for ByHttp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_server_by_streamable_http_lends_its_tools_and_comes_back() {
    let server = ByHttp::start(free_port()).await;
    let port = server.port;
    let settings = json!({
        "mcp": { "servers": { "far": { "url": format!("http://127.0.0.1:{port}/mcp"), "headers": { "x-key": SECRET } } } },
        "gateway": { "tools": { "allow": ["group:mcp"] } }
    });
    let gateway = Gateway::start(settings).await;
    connected(&gateway).await;
    let echo = invoke(&gateway, 200, "far__echo", json!({ "message": "hello" })).await;
    assert_eq!(text(&echo), "Echo: hello");
    let long = json!({ "tool": "far__trigger-long-running-operation", "args": { "duration": 1, "steps": 2 } });
    gateway.expect(200, Method::POST, "/tools/invoke", Some(long)).await;
    drop(server);
    let fault = until("an honest fault", async || {
        let body = json!({ "tool": "far__echo", "args": { "message": "hello" } });
        let (status, answer) = gateway.request(Method::POST, "/tools/invoke", Some(body)).await;
        (status != 200).then_some(answer)
    });
    assert_eq!(fault.await["error"]["code"], "unavailable");
    let _server = ByHttp::start(port).await;
    until("the tools again", async || {
        let body = json!({ "tool": "far__echo", "args": { "message": "again" } });
        let (status, _) = gateway.request(Method::POST, "/tools/invoke", Some(body)).await;
        (status == 200).then_some(())
    })
    .await;
    assert!(!gateway.log().contains(SECRET));
}
