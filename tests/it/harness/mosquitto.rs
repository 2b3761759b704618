//! A real mosquitto on free ports of the loopback, with its own folder, stopped and started as a test likes.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::PATIENCE;

/// Where Debian puts the broker.
const BROKER: &str = "/usr/sbin/mosquitto";
const MISSING: &str = "these tests need mosquitto: apt-get install -y mosquitto mosquitto-clients openssl";

/// The user of the gateway.
pub const GATEWAY_USER: &str = "gateway";
/// The user of whoever plays the platform.
pub const PLATFORM_USER: &str = "platform";

/// How a broker is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// How many messages a client may have unacknowledged; 0 is no bound.
    pub inflight_max: u32,
    /// Whether the user `gateway` may subscribe.
    pub reading: Reading,
    /// Whether a second port speaks TLS.
    pub tls: Tls,
    /// How much the broker logs.
    pub log: Log,
}

/// How much a broker logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Every packet.
    #[default]
    Everything,
    /// What went wrong, so that the log does not slow what is measured.
    Errors,
}

/// Whether a broker speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// It does not.
    #[default]
    Off,
    /// It does, with a certificate for 127.0.0.1 and localhost by a CA of its own.
    On,
}

/// Whether the user `gateway` may subscribe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Everybody may do everything.
    #[default]
    Allowed,
    /// Only `gateway` may log in, and every subscription is answered with 128.
    Refused,
}

/// A broker; it ends with its value.
pub struct Mosquitto {
    /// The plain port.
    pub port: u16,
    /// The port with TLS, where it was asked for.
    pub tls_port: u16,
    dir: TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts a broker with the users `gateway` and `platform`, whose passwords are their names with `-pw`.
    ///
    /// # Panics
    /// Panics when mosquitto is not installed or does not come up.
    pub fn start(setup: &Setup) -> Self {
        assert!(Path::new(BROKER).exists(), "{MISSING}");
        let dir = tempfile::tempdir().expect("a folder");
        let (port, tls_port) = (free_port(), free_port());
        let mut broker = Self { port, tls_port, dir, child: None };
        for user in [GATEWAY_USER, PLATFORM_USER] {
            broker.set_password(user, &format!("{user}-pw"));
        }
        if setup.tls == Tls::On {
            make_certificates(broker.dir.path());
        }
        std::fs::write(broker.path("mosquitto.conf"), broker.config(setup)).expect("the config");
        broker.again();
        broker
    }

    /// Starts a stopped broker again, on the same ports, with what it had kept.
    pub fn again(&mut self) {
        assert!(self.child.is_none(), "the broker runs already");
        let deadline = Instant::now() + PATIENCE;
        let mut child = self.spawn();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not come up:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
            // Some connection may have been given our port for its own end in the meantime.
            if child.try_wait().expect("the broker's state").is_some() {
                child = self.spawn();
            }
        }
        self.child = Some(child);
    }

    fn spawn(&self) -> Child {
        let log = std::fs::File::create(self.path("stderr.log")).expect("a log");
        Command::new(BROKER)
            .args(["-c".as_ref(), self.path("mosquitto.conf").as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(MISSING)
    }

    /// Stops the broker in good order: it writes down its sessions first.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    /// Kills the broker: what it did not write down is gone.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    /// Sets a user's password; a running broker reads it at once, and asks for it at the next login.
    pub fn set_password(&self, user: &str, password: &str) {
        let file = self.path("passwd");
        let mut command = Command::new("mosquitto_passwd");
        command.arg("-b");
        if !file.exists() {
            command.arg("-c");
        }
        let status = command.arg(&file).args([user, password]).stderr(Stdio::null()).status().expect(MISSING);
        assert!(status.success(), "mosquitto_passwd failed");
        if let Some(child) = &self.child {
            signal(child, Signal::SIGHUP);
        }
    }

    /// Returns the certificate of the broker's CA, PEM.
    pub fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.path("ca.pem")).expect("a broker with TLS")
    }

    /// Returns what the broker has logged.
    pub fn log(&self) -> String {
        let read = |name| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        format!("{}{}", read("stderr.log"), read("mosquitto.log"))
    }

    fn end(&mut self, by: Signal) {
        if let Some(mut child) = self.child.take() {
            signal(&child, by);
            child.wait().expect("the broker's end");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the users of the plugin: `gateway` alone, whose role allows nothing.
    fn forbid_reading(&self) {
        let file = self.path("dynamic.json");
        let command = Command::new("mosquitto_ctrl")
            .args(["dynsec".as_ref(), "init".as_ref(), file.as_os_str()])
            .args([GATEWAY_USER, &format!("{GATEWAY_USER}-pw")])
            .output()
            .expect(MISSING);
        assert!(command.status.success(), "mosquitto_ctrl: {}", String::from_utf8_lossy(&command.stderr));
        let text = std::fs::read(&file).expect("the plugin's users");
        let mut users: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        users["roles"][0]["acls"] = serde_json::json!([]);
        std::fs::write(&file, users.to_string()).expect("the plugin's users");
    }

    fn config(&self, setup: &Setup) -> String {
        let dir = self.dir.path().display();
        let log = if setup.log == Log::Errors { "error" } else { "all" };
        let mut config = format!(
            "user root\nlog_dest file {dir}/mosquitto.log\nlog_type {log}\nallow_anonymous false\npassword_file {dir}/passwd\n\
             persistence true\npersistence_location {dir}/\nautosave_interval 1\n\
             max_queued_messages 0\nmax_inflight_messages {}\nset_tcp_nodelay true\nlistener {} 127.0.0.1\n",
            setup.inflight_max, self.port
        );
        if setup.tls == Tls::On {
            let port = self.tls_port;
            let _ = write!(
                config,
                "listener {port} 127.0.0.1\ncafile {dir}/ca.pem\ncertfile {dir}/server.pem\nkeyfile {dir}/server.key\n"
            );
        }
        if setup.reading == Reading::Refused {
            self.forbid_reading();
            // An access list cannot do it: mosquitto lets everybody subscribe and holds the messages back.
            config = config.replace(&format!("password_file {dir}/passwd\n"), "");
            let plugin = dynamic_security();
            let _ = write!(config, "plugin {}\nplugin_opt_config_file {dir}/dynamic.json\n", plugin.display());
        }
        config
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // In good order, so that the log is whole.
            self.stop();
            eprintln!("---- mosquitto\n{}", self.log());
        }
        self.kill();
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(pid), signal).expect("a signal");
}

/// Returns a port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Returns where Debian's package has the plugin that can refuse a subscription: below the machine's own name.
fn dynamic_security() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("libraries").filter_map(Result::ok);
    let places = folders.map(|folder| folder.path().join("mosquitto_dynamic_security.so"));
    places.into_iter().find(|place| place.exists()).expect(MISSING)
}

/// Makes a CA (`ca.pem`) and a certificate by it for the loopback (`server.pem`, `server.key`).
///
/// # Panics
/// Panics without openssl.
pub fn make_certificates(dir: &Path) {
    std::fs::write(dir.join("ext"), "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n").expect("a file");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca = ["-x509", "-days", "30", "-subj", "/CN=Callboard test CA", "-keyout", "ca.key", "-out", "ca.pem"];
    let request = ["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"];
    let sign = ["-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30"];
    let to = ["-extfile", "ext", "-out", "server.pem"];
    openssl(dir, &[&["req"], &key[..], &ca[..]].concat());
    openssl(dir, &[&["req"], &key[..], &request[..]].concat());
    openssl(dir, &[&["x509"], &sign[..], &to[..]].concat());
}

fn openssl(dir: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(dir).output().expect(MISSING);
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
