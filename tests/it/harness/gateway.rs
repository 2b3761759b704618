//! The gateway's own program, started as an operator starts it, in a home of its own.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PATIENCE, eventually};

/// The token of every gateway here.
pub const TOKEN: &str = "token-of-the-tests-0123456789abcdef";

/// A gateway's program and its home. Killed with its value.
pub struct Gateway {
    /// Where it listens, `http://127.0.0.1:port`; the same over restarts.
    pub url: String,
    home: TempDir,
    http: reqwest::Client,
    child: Option<Child>,
    output: Arc<Mutex<String>>,
}

impl Gateway {
    /// Starts a gateway with these settings over those that every test needs, and waits until it is ready for requests.
    pub async fn start(settings: Value) -> Self {
        let mut gateway = Self::prepare(settings);
        gateway.again().await;
        gateway
    }

    /// Makes a home with a config file and starts nothing.
    pub fn prepare(settings: Value) -> Self {
        // Only a client that is made before has to know of it; every test binary makes one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().expect("a home");
        let port = super::mosquitto::free_port();
        let mut config = json!({
            "gateway": { "mode": "local", "port": port, "auth": { "token": TOKEN }, "faults": { "enabled": true } },
            // Most tests count answers; those of other modes name theirs.
            "messages": { "queue": { "mode": "followup" } },
            // No test may depend on the hour.
            "session": { "reset": { "mode": "off" } },
            "logging": { "level": "debug" }
        });
        merge(&mut config, settings);
        let gateway = Self {
            url: format!("http://127.0.0.1:{port}"),
            home,
            http: reqwest::Client::builder().timeout(PATIENCE).build().expect("a client"),
            child: None,
            output: Arc::default(),
        };
        gateway.configure(&config);
        gateway
    }

    /// Returns the port that it listens on.
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Writes the config file.
    pub fn configure(&self, config: &Value) {
        std::fs::create_dir_all(self.state()).expect("the state folder");
        let file = self.state().join("callboard.json");
        std::fs::write(&file, config.to_string()).expect("the config");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("the config");
    }

    /// Returns the config file's settings.
    pub fn settings(&self) -> Value {
        let text = std::fs::read(self.state().join("callboard.json")).expect("the config");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Lays settings over those in the config file.
    pub fn change(&self, settings: Value) {
        let mut config = self.settings();
        merge(&mut config, settings);
        self.configure(&config);
    }

    /// Makes the agent play a script instead of echoing.
    pub fn play(&self, script: &str) {
        std::fs::write(self.state().join("script.yaml"), script).expect("the script");
        self.change(json!({ "models": { "providers": { "play": { "api": "script", "scriptFile": "script.yaml" } } } }));
    }

    /// Starts the program, again if it ran before, and waits until the gateway itself is ready.
    pub async fn again(&mut self) {
        self.spawn();
        self.ready("gateway").await;
    }

    /// Starts the program and does not wait.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "the gateway runs already");
        let mut child = self.command(&["gateway"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
        for stream in [
            Box::new(child.stdout.take().expect("its output")) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().expect("its errors")),
        ] {
            let output = Arc::clone(&self.output);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut output = output.lock().expect("the output");
                    output.push_str(&line);
                    output.push('\n');
                }
            });
        }
        self.child = Some(child);
    }

    /// Waits until `/readyz` says yes, `gateway` leaving the channels out, `all` with them.
    pub async fn ready(&self, scope: &str) {
        let url = format!("{}/readyz?scope={scope}", self.url);
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.http.get(&url).bearer_auth(TOKEN).send().await;
            let text = match answer {
                Ok(answer) if answer.status() == StatusCode::OK => return,
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            assert!(std::time::Instant::now() < deadline, "not ready: {text}\n{}", self.output());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Returns the program with this home, ready for arguments of the caller's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        command.args(arguments).env_clear().env("HOME", self.home.path()).current_dir(self.home.path()).stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Runs a command of the program to its end; answers exit code, output and errors.
    pub fn cli(&self, arguments: &[&str]) -> (i32, String, String) {
        let done = self.command(arguments).output().expect("the program");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
    }

    /// Runs a command of the program that has to end with this exit code; returns its output, or its errors where it has to fail.
    pub fn run(&self, code: i32, arguments: &[&str]) -> String {
        let (found, output, errors) = self.cli(arguments);
        assert_eq!(found, code, "{arguments:?}: {output}{errors}");
        if code == 0 { output } else { errors }
    }

    /// Makes a request with the token; answers status and body, `Null` for one that is not JSON.
    pub async fn request(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Gets a page with the token; it has to be 200.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.request(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Makes a request with the token whose answer has to have this status; returns the body.
    pub async fn expect(&self, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        let (found, answer) = self.request(method, path, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{path} {body:?}: {answer}");
        answer
    }

    /// Posts nothing; returns the body of the 200.
    pub async fn post(&self, path: &str) -> Value {
        self.expect(200, Method::POST, path, None).await
    }

    /// Returns one value of the metrics page, by its name and labels without the `callboard_`.
    pub async fn metric(&self, name: &str) -> u64 {
        let request = self.http.get(format!("{}/metrics", self.url)).bearer_auth(TOKEN);
        let page = request.send().await.expect("an answer").text().await.expect("a page");
        let line = page.lines().find_map(|line| line.strip_prefix("callboard_")?.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().expect("a number"))
    }

    /// Returns one actor of the list.
    pub async fn actor(&self, id: &str) -> Value {
        let list = self.get("/admin/actors").await;
        let actors = list["actors"].as_array().expect("a list").clone();
        actors.into_iter().find(|actor| actor["id"] == id).unwrap_or(Value::Null)
    }

    /// Kills the program at once.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    /// Stops the program in good order; answers its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.end(Signal::SIGTERM)
    }

    /// Returns whether the program still runs.
    pub fn lives(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Returns the program's process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Returns what the program has printed.
    pub fn output(&self) -> String {
        self.output.lock().expect("the output").clone()
    }

    /// Returns the state folder.
    pub fn state(&self) -> PathBuf {
        self.home.path().join(".callboard")
    }

    /// Returns the home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until the log file has a line with all of these texts.
    pub async fn logged(&self, texts: &[&str]) {
        eventually(&format!("a log line with {texts:?}"), || {
            self.log().lines().any(|line| texts.iter().all(|text| line.contains(text)))
        })
        .await;
    }

    /// Returns everything that stands in the log files.
    pub fn log(&self) -> String {
        let folder = std::fs::read_dir(self.state().join("logs")).into_iter().flatten().filter_map(Result::ok);
        // The link to the newest file would have its lines here twice.
        let files = folder.filter(|file| file.file_type().is_ok_and(|kind| kind.is_file()));
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
    }

    /// Sends the program a signal and does not wait.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.pid()).expect("a process id")), signal).expect("a signal");
    }

    /// Waits for the program to end by itself; answers its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child = self.child.take()?;
        super::until("the program's end", async || child.try_wait().expect("its state")).await.code()
    }

    fn end(&mut self, by: Signal) -> Option<i32> {
        let mut child = self.child.take()?;
        kill(Pid::from_raw(i32::try_from(child.id()).expect("a process id")), by).expect("a signal");
        child.wait().expect("its end").code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- gateway\n{}", self.output());
        }
    }
}

/// Lays an object over another, deep.
pub fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}
