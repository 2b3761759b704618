//! The command line from outside: what it prints and what it exits with.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A home folder of its own and the command line in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with_config(text: &str) -> Self {
        let home = Self::new();
        std::fs::create_dir(home.file("")).unwrap();
        std::fs::write(home.file("callboard.json"), text).unwrap();
        home
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(".callboard").join(name)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file("callboard.json")).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path()).args(args);
        command
    }

    /// Runs a line, expects an exit code, returns what was printed to both ends.
    fn run(&self, args: &[&str], code: i32) -> (String, String) {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{args:?}: {out}{err}");
        (out, err)
    }
}

/// Answers one connection after the other, each with the next answer; gives the requests back.
fn stand_in(answers: Vec<(&'static str, &'static str)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for (head, body) in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !is_whole(&request) {
                let read = socket.read(&mut buffer).unwrap();
                assert!(read > 0, "the request broke off: {request}");
                request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            requests.push(request);
            write!(socket, "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
        requests
    });
    (url, served)
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn setup_makes_a_config_that_is_sound() {
    let home = Home::new();
    let (out, _) = home.run(&["setup"], 0);
    assert!(out.contains("callboard gateway"), "{out}");
    let first = home.text();
    home.run(&["config", "validate"], 0);
    let (out, _) = home.run(&["setup"], 0);
    assert!(out.contains("nothing to do"), "{out}");
    assert_eq!(home.text(), first);
    let (out, _) = home.run(&["config", "get", "gateway.auth.token"], 0);
    assert_eq!(out, "[redacted]\n");
    assert!(!first.contains("redacted"));
}

#[test]
fn profiles_and_dev_have_their_own_places() {
    let home = Home::new();
    home.run(&["setup", "--profile", "blue"], 0);
    home.run(&["--dev", "setup"], 0);
    for name in [".callboard-blue", ".callboard-dev"] {
        assert!(home.0.path().join(name).join("callboard.json").exists(), "{name}");
    }
    assert!(!home.file("callboard.json").exists());
    home.run(&["setup", "--profile", "../x"], 2);
}

#[test]
fn without_a_config_the_gateway_names_setup_and_what_was_found() {
    let home = Home::new();
    std::fs::create_dir(home.0.path().join(".clawdbot")).unwrap();
    let (_, err) = home.run(&["gateway"], 1);
    assert!(err.contains("callboard setup") && err.contains(".clawdbot"), "{err}");
}

#[test]
fn validate_names_everything_that_is_wrong() {
    let home = Home::with_config("{\n  gateway: { prot: 1, bind: 'x' },\n}");
    let (out, err) = home.run(&["config", "validate"], 1);
    assert_eq!(out, "");
    assert!(err.contains("callboard.json:2: gateway.prot: unknown key, did you mean `gateway.port`?"), "{err}");
    assert!(err.contains("gateway.bind"), "{err}");
    let (out, _) = home.run(&["config", "validate", "--json"], 1);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((told["ok"].as_bool(), told["problems"].as_array().unwrap().len()), (Some(false), 2));
    Home::new().run(&["config", "validate"], 1);
}

#[test]
fn get_set_and_unset_go_together() {
    let home = Home::with_config("// mine\n{ gateway: { port: 1, /* kept */ }, hooks: { enabled: true } }\n");
    assert_eq!(home.run(&["config", "get", "gateway.port"], 0).0, "1\n");
    assert_eq!(home.run(&["config", "get", "gateway.bind"], 0).0, "loopback\n");
    let (_, err) = home.run(&["config", "set", "gateway.port", "2"], 0);
    assert!(err.contains("warning: ") && err.contains("hooks.enabled"), "{err}");
    home.run(&["config", "set", "gateway.auth.token", "12345"], 0);
    home.run(&["config", "set", "agents.list", "[{ id: 'ops' }]"], 0);
    assert!(home.text().contains("// mine") && home.text().contains("/* kept */"), "{}", home.text());
    assert!(home.text().contains("\"12345\""), "a token is a text: {}", home.text());
    home.run(&["config", "unset", "gateway.port"], 0);
    assert_eq!(home.run(&["config", "get", "agents.list[0].id", "--json"], 0).0, "\"ops\"\n");
    home.run(&["config", "unset", "gateway.port"], 1);
    home.run(&["config", "get", "gateway.nope"], 1);
    home.run(&["config", "get", "gateway..port"], 2);
}

#[test]
fn what_would_not_be_sound_is_not_written() {
    let home = Home::with_config("{}");
    let (_, err) = home.run(&["config", "set", "gateway.port", "many"], 1);
    assert!(err.contains("has to be a whole number"), "{err}");
    home.run(&["config", "set", "gateway.nope", "1"], 1);
    assert_eq!(home.text(), "{}");
}

#[test]
fn the_schema_is_printed_as_json() {
    let (out, _) = Home::new().run(&["config", "schema"], 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}

#[test]
fn nobody_there_is_exit_code_3() {
    let home = Home::new();
    let url = nobody();
    for line in [vec!["health"], vec!["status"], vec!["actors", "list"], vec!["agent", "--message", "hi"]] {
        let (_, err) = home.run(&[&line[..], &["--url", &url]].concat(), 3);
        assert!(err.contains("callboard gateway") && err.contains("--url"), "{err}");
    }
}

#[test]
fn usage_errors_are_exit_code_2() {
    let home = Home::new();
    home.run(&["nonsense"], 2);
    home.run(&["health", "--url", "nonsense"], 2);
    home.run(&["channels", "add", "nonsense", "--token", "x"], 2);
    let (_, err) = home.run(&["channels", "add", "socket-chat"], 2);
    assert!(err.contains("socket-chat requires --token <apiKey>"), "{err}");
}

#[test]
fn a_wrong_token_is_exit_code_4_and_never_shown() {
    let home = Home::new();
    let refusal = ("401 Unauthorized", "{\"error\":{\"message\":\"no\"}}");
    let (url, served) = stand_in(vec![refusal, refusal]);
    let (_, err) = home.run(&["actors", "list", "--url", &url], 4);
    assert!(err.contains("wants a token"), "{err}");
    let (_, err) = home.run(&["actors", "list", "--url", &url, "--token", "sesame"], 4);
    assert!(err.contains("refused the token") && !err.contains("sesame"), "{err}");
    assert!(served.join().unwrap()[1].contains("authorization: Bearer sesame"));
}

#[test]
fn json_is_the_bodys_own_text() {
    let body = "{\"actors\":[ {\"id\":\"registry\",\"zzz\":1} ],\"next\":null}";
    let (url, served) =
        stand_in(vec![("200 OK", body), ("200 OK", body), ("404 Not Found", "{\"error\":{\"message\":\"no such actor\"}}")]);
    let home = Home::new();
    assert_eq!(home.run(&["--json", "actors", "list", "--url", &url], 0).0, format!("{body}\n"));
    let (out, _) = home.run(&["actors", "list", "--url", &url, "--after", "a b&c"], 0);
    assert!(out.starts_with("ID") && out.contains("registry"), "{out}");
    let (_, err) = home.run(&["actors", "restart", "channel:socket-chat:a/b?c", "--url", &url], 1);
    assert!(err.contains("404: no such actor"), "{err}");
    let requests = served.join().unwrap();
    assert!(requests[1].starts_with("GET /admin/actors?after=a+b%26c "), "{}", requests[1]);
    assert!(requests[2].starts_with("POST /admin/actors/channel:socket-chat:a%2Fb%3Fc/restart "), "{}", requests[2]);
}

#[test]
fn the_configured_token_goes_to_this_machine_only() {
    let home = Home::with_config("{ gateway: { auth: { token: 'sesame' } } }");
    let (url, served) = stand_in(vec![("200 OK", "{}")]);
    home.run(&["actors", "list", "--url", &url.replace("http", "ws")], 0);
    assert!(served.join().unwrap()[0].contains("Bearer sesame"));
}

#[test]
fn states_are_shown_as_people_read_them() {
    let ready = r#"{"ready":false,"reasons":[{"id":"channel:c:a","state":"running","link":"down","code":"link_down","text":"broker away"}]}"#;
    let channels = r#"{"channels":[{"channel":"c","account":"a","label":"A","enabled":true,"state":"running","link":"down","reason":"broker away"}]}"#;
    let pairing = r#"{"pairing":{"channel":"c","account":"a","code":"ABCD2345","peer":"wxid_1","name":"Ann"}}"#;
    let failed = r#"{"channel":"c","account":"a","probe":{"ok":false,"error":"API key refused"}}"#;
    let found = r#"{"channel":"c","account":"a","probe":{"ok":true,"host":"h"}}"#;
    let (url, served) = stand_in(vec![
        ("503 Service Unavailable", ready),
        ("200 OK", channels),
        ("200 OK", pairing),
        ("200 OK", failed),
        ("200 OK", found),
        ("200 OK", r#"{"old":{"state":"running"},"new":{"state":"stopped"}}"#),
    ]);
    let home = Home::new();
    let (out, _) = home.run(&["status", "--url", &url], 0);
    assert!(out.starts_with("not ready") && out.contains("broker away") && out.contains("CHANNEL"), "{out}");
    assert_eq!(home.run(&["pairing", "approve", "c", "abcd2345", "--url", &url], 0).0, "approved Ann (wxid_1)\n");
    let (out, err) = home.run(&["channels", "probe", "c", "--url", &url], 1);
    assert!(out.contains("c:default: failed") && err.contains("API key refused"), "{out}{err}");
    assert_eq!(home.run(&["channels", "probe", "c", "--account", "a", "--url", &url], 0).0, "c:a: ok host=h\n");
    assert_eq!(home.run(&["channels", "stop", "c", "--account", "a", "--url", &url], 0).0, "c:a: running → stopped\n");
    let requests = served.join().unwrap();
    assert!(requests[2].starts_with("POST /admin/pairing/c/ABCD2345/approve "), "{}", requests[2]);
    assert!(requests[5].starts_with("POST /admin/channels/c/a/stop "), "{}", requests[5]);
}

#[test]
fn messages_are_sent_with_what_was_given() {
    let (url, served) = stand_in(vec![("202 Accepted", "{\"id\":\"i\",\"state\":\"queued\"}")]);
    let (out, _) = Home::new().run(&["send", "--channel", "c", "--to", "t", "hello there", "--url", &url], 0);
    assert_eq!(out, "queued i\n");
    let request = served.join().unwrap().remove(0);
    assert!(request.ends_with("{\"channel\":\"c\",\"to\":\"t\",\"text\":\"hello there\"}"), "{request}");
}

#[test]
fn an_agents_answer_is_printed_as_it_streams() {
    let stream = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n\
                  data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n";
    let whole: &'static str = format!("{stream}data: [DONE]\n\n").leak();
    let head = "200 OK\r\ncontent-type: text/event-stream; charset=utf-8";
    let (url, served) = stand_in(vec![(head, whole), (head, stream)]);
    let home = Home::new();
    let (out, _) = home.run(&["agent", "--message", "hi", "--session-key", "main", "--url", &url], 0);
    assert_eq!(out, "Hello\n");
    let (out, err) = home.run(&["agent", "--message", "hi", "--url", &url], 1);
    assert!(out == "Hello\n" && err.contains("broke off"), "{out}{err}");
    assert!(served.join().unwrap()[0].contains("x-callboard-session-key: main"));
}

#[test]
fn built_in_plugins_need_no_installing() {
    let home = Home::new();
    let (out, _) = home.run(&["plugins", "add", "@openclaw-channel/socket-chat@1.0.8"], 0);
    assert!(out.contains("callboard channels add socket-chat --token"), "{out}");
    home.run(&["plugins", "add", "left-pad"], 1);
    assert!(home.run(&["plugins", "list"], 0).0.contains("socket-chat"));
}

#[test]
fn a_channel_account_is_put_into_the_file() {
    let home = Home::with_config("{ // mine\n}");
    let (out, err) = home.run(&["channels", "add", "socket-chat", "--token", "first-key", "--http-url", "http://h"], 0);
    assert!(!out.contains("first-key") && !err.contains("first-key"), "{out}{err}");
    home.run(&["channels", "add", "socket-chat", "--token", "second-key", "--account", "b"], 0);
    let tree: serde_json::Value = serde_json::from_str(&home.text().replace("// mine", "")).unwrap();
    let section = &tree["channels"]["socket-chat"];
    assert_eq!((section["apiKey"].as_str(), section["apiBaseUrl"].as_str()), (Some("first-key"), Some("http://h")));
    assert_eq!((section["accounts"]["b"]["apiKey"].as_str(), section["enabled"].as_bool()), (Some("second-key"), Some(true)));
    assert!(home.text().contains("// mine"));
}

#[test]
fn the_channel_that_is_built_in_needs_no_key_and_no_file() {
    let home = Home::with_config("{}");
    assert!(home.run(&["channels", "list"], 0).0.contains("webchat"));
    let (_, err) = home.run(&["channels", "remove", "webchat"], 1);
    assert!(err.contains("callboard config set channels.webchat.enabled false"), "{err}");
    let (_, err) = home.run(&["channels", "add", "webchat", "--token", "a-key"], 2);
    assert!(err.contains("webchat takes no --token") && !err.contains("a-key"), "{err}");
    home.run(&["channels", "add", "webchat", "--account", "kiosk", "--name", "Hall"], 0);
    let tree: serde_json::Value = serde_json::from_str(&home.text()).unwrap();
    assert_eq!(tree["channels"]["webchat"]["accounts"]["kiosk"], serde_json::json!({ "name": "Hall", "enabled": true }));
    home.run(&["channels", "remove", "webchat", "--account", "kiosk"], 0);
    home.run(&["config", "set", "channels.webchat.enabled", "false"], 0);
    assert!(home.run(&["channels", "list"], 0).0.contains("false"));
}

#[test]
fn a_broken_config_is_in_nobodys_way_when_everything_is_said() {
    let home = Home::with_config("{");
    let (url, _served) = stand_in(vec![("200 OK", "{}")]);
    home.run(&["health", "--url", &url], 0);
    home.run(&["config", "get"], 1);
}
