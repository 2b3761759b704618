//! The command line over the socket, against the gateway itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::gateway::{Gateway, TOKEN};

/// A running command; killed with its value.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    fn start(gateway: &Gateway, arguments: &[&str]) -> Self {
        let mut command = gateway.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let (send, lines) = std::sync::mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { input: child.stdin.take(), child, lines }
    }

    /// Waits for a line with this text.
    fn line(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(crate::harness::PATIENCE).unwrap_or_else(|_| panic!("no line with {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("its input"), "{line}").expect("it reads");
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a process id")), signal).expect("a signal");
    }

    async fn ended(&mut self) -> Option<i32> {
        self.input = None;
        let child = &mut self.child;
        crate::harness::until("the command's end", async || child.try_wait().expect("its state")).await.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn methods_are_called_and_refusals_have_exit_code_1() {
    let gateway = Gateway::start(json!({})).await;
    let told: Value = serde_json::from_str(&gateway.run(0, &["gateway", "call", "health", "--json"])).expect("JSON");
    assert_eq!(told["ok"], json!(true), "{told}");
    assert!(gateway.run(0, &["gateway", "health"]).starts_with("ok"));
    assert!(gateway.run(0, &["gateway", "status"]).contains("sessions: 0"));
    let told = gateway.run(1, &["gateway", "call", "no.such"]);
    assert!(told.contains("INVALID_REQUEST: unknown method: no.such"), "{told}");
    let (code, output, _) = gateway.cli(&["gateway", "call", "no.such", "--json"]);
    let told: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &told["ok"], &told["error"]["code"]), (1, &json!(false), &json!("INVALID_REQUEST")));
    let told = gateway.run(1, &["gateway", "call", "health", "--params", "{\"probe\":1}"]);
    assert!(told.contains("at /probe"), "{told}");
    let told = gateway.run(2, &["gateway", "--port", "1", "health"]);
    assert!(told.contains("--port"), "{told}");
}

#[tokio::test]
async fn a_probe_tells_how_it_was_reached_and_what_it_says() {
    let gateway = Gateway::start(json!({})).await;
    let told: Value = serde_json::from_str(&gateway.run(0, &["gateway", "probe", "--json"])).expect("JSON");
    assert_eq!((&told["ok"], &told["hello"]["protocol"]), (&json!(true), &json!(4)), "{told}");
    assert!(told["connectMs"].is_u64() && told["health"]["ok"].is_boolean() && told["config"]["path"].is_string(), "{told}");
    let here = told["presence"].as_array().expect("a list");
    assert!(here.iter().any(|entry| entry["mode"] == "probe"), "{told}");
    let told = gateway.run(0, &["gateway", "probe"]);
    assert!(told.starts_with("reachable: yes (") && told.contains("\nhealth: ok"), "{told}");
}

#[tokio::test]
async fn a_wrong_token_is_exit_code_4_and_nobody_there_is_3() {
    let mut gateway = Gateway::start(json!({})).await;
    for line in [&["gateway", "call", "health"][..], &["logs"], &["sessions", "list"], &["chat"], &["gateway", "probe"]] {
        let told = gateway.run(4, &[line, &["--gateway-token", "sesame"]].concat());
        assert!(told.contains("refused the token") && !told.contains("sesame"), "{told}");
    }
    // The flag that `gateway` itself has too is the one that is shown to the gateway that is asked.
    for line in [&["gateway", "--token", "sesame", "health"][..], &["gateway", "health", "--token", "sesame"]] {
        gateway.run(4, line);
    }
    gateway.run(0, &["gateway", "--token", TOKEN, "health"]);
    gateway.stop();
    let told = gateway.run(3, &["gateway", "call", "health"]);
    assert!(told.contains("no gateway answers"), "{told}");
}

#[tokio::test]
async fn a_remote_gateway_is_used_by_the_config_file() {
    let gateway = Gateway::start(json!({ "gateway": { "auth": { "mode": "password", "password": TOKEN } } })).await;
    let url = gateway.url.replacen("http", "ws", 1);
    for (password, code) in [(TOKEN, 0), ("shut", 4)] {
        let far = Gateway::prepare(json!({ "gateway": { "mode": "remote", "remote": { "url": url, "password": password } } }));
        far.run(code, &["gateway", "health"]);
    }
    // The password by the variable, as over HTTP.
    let mut command = gateway.command(&["gateway", "health", "--url", &url]);
    let done = command.env("CALLBOARD_GATEWAY_PASSWORD", TOKEN).output().expect("the program");
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test]
async fn the_log_is_followed_until_a_signal_ends_it() {
    let gateway = Gateway::start(json!({})).await;
    assert!(!gateway.run(0, &["logs", "--limit", "5"]).is_empty());
    let mut following = Running::start(&gateway, &["logs", "--follow", "--json", "--limit", "1"]);
    following.line("\"lines\"");
    gateway.run(4, &["gateway", "health", "--gateway-token", "sesame"]);
    following.line("handshake.");
    following.signal(Signal::SIGTERM);
    assert_eq!(following.ended().await, Some(0));
}

#[tokio::test]
async fn a_conversation_in_a_pipe_is_answered_line_by_line_and_stands_in_the_list() {
    let gateway = Gateway::start(json!({})).await;
    let mut chat = Running::start(&gateway, &["chat", "--session", "main"]);
    chat.say("good morning");
    chat.line("good morning");
    chat.say("good night");
    chat.line("good night");
    assert_eq!(chat.ended().await, Some(0));
    let listed = gateway.run(0, &["sessions", "list"]);
    assert!(listed.contains("agent:main:main"), "{listed}");
    let shown = gateway.run(0, &["sessions", "show", "agent:main:main"]);
    assert!(shown.contains("user: good morning") && shown.contains("assistant: "), "{shown}");
    let exported = gateway.run(0, &["sessions", "export", "agent:main:main"]);
    let lines: Vec<serde_json::Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["type"], &lines[0]["key"]), (&json!("session"), &json!("agent:main:main")));
    let said: Vec<_> = lines[1..].iter().map(|line| line["message"]["content"][0]["text"].as_str().expect("a text")).collect();
    assert_eq!(said, ["good morning", "good morning", "good night", "good night"]);
    gateway.run(1, &["sessions", "export", "agent:main:nobody"]);
    let (page, next) = {
        let params = json!({ "key": "main", "limit": 3 }).to_string();
        let page: serde_json::Value =
            serde_json::from_str(&gateway.run(0, &["gateway", "call", "sessions.export", "--params", &params, "--json"]))
                .expect("JSON");
        (page["lines"].as_array().expect("lines").len(), page["next"].clone())
    };
    assert_eq!(page, 3);
    let params = json!({ "key": "main", "after": next }).to_string();
    let rest = gateway.run(0, &["gateway", "call", "sessions.export", "--params", &params, "--json"]);
    let rest: serde_json::Value = serde_json::from_str(&rest).expect("JSON");
    assert_eq!((rest["lines"].as_array().expect("lines").len(), &rest["next"]), (1, &serde_json::Value::Null));
    gateway.run(0, &["sessions", "compact", "agent:main:main"]);
    assert!(gateway.run(0, &["sessions", "reset", "agent:main:main"]).contains("begins anew"));
    gateway.run(1, &["sessions", "delete", "agent:main:main"]);
}

#[tokio::test]
async fn an_interrupt_ends_the_answer_first_and_then_the_conversation() {
    let mut gateway = Gateway::prepare(json!({}));
    gateway.play("steps: [{ do: [text: begun, waitMs: 20000, text: ended] }]");
    gateway.again().await;
    let mut chat = Running::start(&gateway, &["chat", "--json"]);
    chat.say("hello");
    // Its events come over the same socket; the answer is shown when its line ends.
    chat.line("\"delta\"");
    chat.signal(Signal::SIGINT);
    chat.line("\"aborted\"");
    chat.signal(Signal::SIGINT);
    assert_eq!(chat.ended().await, Some(0));
}

#[tokio::test]
async fn devices_are_listed_and_unknown_requests_refused() {
    let gateway = Gateway::start(json!({})).await;
    assert_eq!(gateway.run(0, &["devices", "list"]), "no devices\n");
    let told = gateway.run(1, &["devices", "approve", "nobody"]);
    assert!(told.contains("unknown requestId"), "{told}");
    gateway.run(1, &["devices", "revoke", "nobody"]);
}
