//! The protocol's table of refusals (its reference, §2.4), row by row.

use serde_json::{Value, json};

use super::rig::{Door, Key, NONCE, NOW_MS, TOKEN, afar, caller, connect, frame, here, set, token, with_token, without};
use crate::access::{AccessSettings, Auth, Caller};
use crate::ws::handshake::Method;

/// One row: how the door is, who knocks with what, and what is told.
struct Row {
    name: &'static str,
    door: Door,
    caller: Caller,
    text: String,
    /// Code and message, where there is an answer.
    told: Option<(&'static str, String)>,
    close: (u16, String),
}

fn row(name: &'static str, caller: Caller, params: &Value, told: &str) -> Row {
    let close = (1008, told.get(..told.floor_char_boundary(120)).unwrap().to_owned());
    let told = Some(("INVALID_REQUEST", told.to_owned()));
    Row { name, door: Door::new(), caller, text: frame(params), told, close }
}

/// A frame to which nothing is said.
fn unanswered(name: &'static str, text: &str, (code, reason): (u16, &str)) -> Row {
    let close = (code, reason.to_owned());
    Row { name, door: Door::new(), caller: here(), text: text.to_owned(), told: None, close }
}

impl Row {
    fn door(self, change: impl FnOnce(&mut AccessSettings)) -> Self {
        Self { door: Door::with(change), ..self }
    }

    fn not_paired(mut self) -> Self {
        self.told = self.told.map(|(_, text)| ("NOT_PAIRED", text));
        self
    }

    async fn check(self) {
        let Self { name, door, caller, text, told, close } = self;
        let refusal = door.say(&caller, &text).await.expect_err(name);
        assert_eq!((refusal.close_code, &refusal.close_reason), (close.0, &close.1), "{name}");
        assert!(refusal.event.starts_with("handshake."), "{name}");
        assert!(!format!("{refusal:?}").contains(TOKEN), "{name}");
        let Some((code, message)) = told else {
            assert_eq!(refusal.answer, None, "{name}");
            return;
        };
        let answer: Value = serde_json::from_str(&refusal.answer.expect(name)).unwrap();
        assert_eq!((&answer["type"], &answer["id"], &answer["ok"]), (&json!("res"), &json!("c1"), &json!(false)), "{name}");
        assert_eq!((&answer["error"]["code"], &answer["error"]["message"]), (&json!(code), &json!(message)), "{name}");
    }
}

fn password(text: &str) -> Value {
    set(connect(3), "/auth", json!({ "password": text }))
}

fn named(id: &str, mode: &str, params: Value) -> Value {
    set(set(params, "/client/id", id.into()), "/client/mode", mode.into())
}

const OTHER: &str = "provide gateway auth token";

#[tokio::test]
async fn tokens() {
    const CLI: &str = "set gateway.remote.token to match gateway.auth.token";
    const PAGE: &str = "open a tokenized dashboard URL or paste token in Control UI settings";
    let key = Key::new(1);
    let wrong = || token(3, "wrong");
    let mismatch = |hint| format!("unauthorized: gateway token mismatch ({hint})");
    let missing = |hint| format!("unauthorized: gateway token missing ({hint})");
    let unset = "unauthorized: gateway token not configured on gateway (set gateway.auth.token)";
    let none = |settings: &mut AccessSettings| settings.auth = Auth::Token("".into());
    let no_device = "device identity required";
    for row in [
        row("wrong token", here(), &wrong(), &mismatch(OTHER)),
        row("longer token", here(), &token(3, &format!("{TOKEN}x")), &mismatch(OTHER)),
        row("wrong token, cli", here(), &named("cli", "cli", wrong()), &mismatch(CLI)),
        row("wrong token, probe of the cli", here(), &named("cli", "probe", wrong()), &mismatch(CLI)),
        row("wrong token, webchat", here(), &named("webchat", "webchat", wrong()), &mismatch(PAGE)),
        row("wrong token, webchat-ui", here(), &named("webchat-ui", "ui", wrong()), &mismatch(PAGE)),
        row("wrong token, control ui", here(), &key.sign(named("clawdbot-control-ui", "webchat", wrong())), &mismatch(PAGE)),
        row("wrong token, device", here(), &key.sign(wrong()), &mismatch(OTHER)),
        row("device, no token", here(), &key.sign(connect(3)), &missing(OTHER)),
        row("device, empty token", here(), &key.sign(token(3, "")), &missing(OTHER)),
        row("device, no token, cli", afar(), &key.sign(named("cli", "cli", connect(3))), &missing(CLI)),
        row("device, only a password", here(), &key.sign(password(TOKEN)), &missing(OTHER)),
        row("nothing configured", here(), &token(3, "anything"), unset).door(none),
        row("nothing configured, empty token", here(), &key.sign(token(3, "")), unset).door(none),
        row("nothing configured, device", here(), &key.sign(connect(3)), unset).door(none),
        row("no device, no token", here(), &connect(3), no_device).not_paired(),
        row("no device, empty token", here(), &token(3, ""), no_device).not_paired(),
        row("no device, only a password", here(), &password(TOKEN), no_device).not_paired(),
    ] {
        row.check().await;
    }
}

#[tokio::test]
async fn passwords() {
    let key = Key::new(1);
    let sesame = |settings: &mut AccessSettings| settings.auth = Auth::Password("open sesame".into());
    let none = |settings: &mut AccessSettings| settings.auth = Auth::Password("".into());
    let missing = "unauthorized: gateway password missing (provide gateway auth password)";
    let mismatch = "unauthorized: gateway password mismatch (provide gateway auth password)";
    let cli = "unauthorized: gateway password mismatch (set gateway.remote.password to match gateway.auth.password)";
    let unset = "unauthorized: gateway password not configured on gateway (set gateway.auth.password)";
    for row in [
        row("missing", here(), &key.sign(connect(3)), missing).door(sesame),
        row("mismatch", here(), &key.sign(password("wrong")), mismatch).door(sesame),
        row("mismatch without a device", here(), &password("wrong"), mismatch).door(sesame),
        row("mismatch, cli", here(), &key.sign(named("cli", "cli", password("wrong"))), cli).door(sesame),
        row("the password as a token", here(), &token(3, "open sesame"), missing).door(sesame),
        row("nothing configured", here(), &password("x"), unset).door(none),
        row("no device, nothing", here(), &connect(3), "device identity required").not_paired().door(sesame),
    ] {
        row.check().await;
    }
    let admitted = Door::with(sesame).enters(&here(), &password("open sesame")).await;
    assert_eq!(admitted.method, Method::Password);
}

#[tokio::test]
async fn tailnets() {
    let key = Key::new(1);
    let (login, proto) = (("tailscale-user-login", "ada@example.org"), ("x-forwarded-proto", "https"));
    let (name, host) = (("host", "box.tail1.ts.net"), ("x-forwarded-host", "box.tail1.ts.net"));
    let (address, outside) = (("x-forwarded-for", "100.101.102.103"), ("x-forwarded-for", "203.0.113.9"));
    let eve = ("tailscale-user-login", "eve@example.org");
    let auth = "Tailscale Serve auth";
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let table: [(Lines<'_>, &str, &str); 4] = [
        (&[name, address, proto, host], "identity missing", auth),
        (&[name, login], "proxy headers missing", "Tailscale Serve"),
        (&[name, login, outside, proto, host], "identity check failed", auth),
        (&[name, login, eve, address, proto, host], "identity mismatch", auth),
    ];
    for (lines, what, mend) in table {
        let told = format!("unauthorized: tailscale {what} (use {mend} or gateway token/password)");
        row("tailscale", caller("127.0.0.1", lines), &key.sign(connect(3)), &told).check().await;
        // A wrong token is said to be wrong.
        let told = format!("unauthorized: gateway token mismatch ({OTHER})");
        row("wrong token", caller("127.0.0.1", lines), &key.sign(token(3, "wrong")), &told).check().await;
    }
    // Whoever the proxy says it is: what may stand for a device has to be right.
    let ada = || caller("127.0.0.1", &[name, login, address, proto, host]);
    let sesame = |settings: &mut AccessSettings| settings.auth = Auth::Password("open sesame".into());
    let told = |secret: &str, what: &str| format!("unauthorized: gateway {secret} {what} (provide gateway auth {secret})");
    for row in [
        row("no device, wrong token", ada(), &token(3, "wrong"), &told("token", "mismatch")),
        row("no device, wrong password", ada(), &password("wrong"), &told("password", "mismatch")).door(sesame),
        row("no device, a token for a password", ada(), &token(3, "wrong"), &told("password", "missing")).door(sesame),
    ] {
        row.check().await;
    }
}

#[tokio::test]
async fn frames() {
    let first = "invalid handshake: first request must be connect";
    let health = r#"{"type":"req","id":"c1","method":"health"}"#;
    let endless = format!(r#"{{"type":"req","id":"{}","method":"connect"}}"#, "x".repeat(1000));
    let shape = (1008, "invalid request frame");
    for row in [
        Row { text: health.to_owned(), ..row("another method", here(), &Value::Null, first) },
        unanswered("an event", r#"{"type":"event","event":"tick"}"#, shape),
        unanswered("a response", r#"{"type":"res","id":"c1","ok":true}"#, shape),
        unanswered("no id", r#"{"type":"req","method":"connect","params":{}}"#, shape),
        unanswered("an empty id", r#"{"type":"req","id":"","method":"connect"}"#, shape),
        unanswered("an endless id", &endless, shape),
        unanswered("a number for an id", r#"{"type":"req","id":1,"method":"connect"}"#, shape),
        unanswered("no method", r#"{"type":"req","id":"c1"}"#, shape),
        unanswered("a list", "[]", shape),
        unanswered("a word", "\"connect\"", shape),
        unanswered("no JSON", "hello", (1000, "")),
        unanswered("half a frame", r#"{"type":"req","id":"c1""#, (1000, "")),
        unanswered("nothing", "", (1000, "")),
        unanswered("too deep", &"[".repeat(100_000), (1000, "")),
    ] {
        row.check().await;
    }
}

#[tokio::test]
async fn parameters_and_roles() {
    let mode = "invalid connect params: at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf \
        (webchat, cli, ui, backend, node, probe, test, operator)";
    let client = "invalid connect params: must have required property 'client'";
    let long = "invalid connect params: at /client/id: must NOT have more than 128 characters";
    for mut row in [
        row("no client", here(), &without(with_token(3), "/client"), client),
        row("unknown mode", here(), &set(with_token(3), "/client/mode", "nobody".into()), mode),
        row("long id", here(), &set(with_token(3), "/client/id", "x".repeat(200).into()), long),
        row("unknown role", here(), &set(with_token(3), "/role", "admin".into()), "invalid role"),
        row("a role in capitals", here(), &set(with_token(3), "/role", "Operator".into()), "invalid role"),
    ] {
        row.close.1.truncate(120);
        row.check().await;
    }
}

#[tokio::test]
async fn devices() {
    const INVALID: &str = "device signature invalid";
    const IDENTITY: &str = "device identity mismatch";
    const MINUTES: i64 = 60_000;
    let (key, other) = (Key::new(1), Key::new(2));
    let signed = || key.sign(with_token(3));
    let at = |ms| key.sign_at(with_token(3), ms, Some(NONCE));
    let nonce = |nonce| key.sign_at(with_token(3), NOW_MS, nonce);
    let forged = set(signed(), "/device/signature", other.sign(with_token(3))["device"]["signature"].clone());
    for row in [
        row("another's id", here(), &set(signed(), "/device/id", other.id().into()), IDENTITY),
        row("an id in capitals", here(), &set(signed(), "/device/id", key.id().to_uppercase().into()), IDENTITY),
        row("no key", here(), &set(signed(), "/device/publicKey", "AAAA".into()), IDENTITY),
        row("a key that is none", here(), &set(signed(), "/device/publicKey", "!".into()), IDENTITY),
        row("another's signature", here(), &forged, INVALID),
        row("a signature that is none", here(), &set(signed(), "/device/signature", "AAAA".into()), INVALID),
        row("other scopes than signed", here(), &set(signed(), "/scopes", json!(["operator.admin"])), INVALID),
        row("another role than signed", here(), &set(signed(), "/role", "node".into()), INVALID),
        row("another client than signed", here(), &set(signed(), "/client/id", "cli".into()), INVALID),
        row("another token than signed", here(), &set(signed(), "/auth/token", "other".into()), INVALID),
        row("signed too long ago", here(), &at(NOW_MS - 10 * MINUTES - 1), "device signature expired"),
        row("signed in the future", here(), &at(NOW_MS + 10 * MINUTES + 1), "device signature expired"),
        row("signed at the beginning of time", here(), &at(0), "device signature expired"),
        row("another challenge", here(), &nonce(Some("another")), "device nonce mismatch"),
        row("another challenge, from afar", afar(), &nonce(Some("another")), "device nonce mismatch"),
        row("no challenge, from afar", afar(), &nonce(None), "device nonce required"),
        row("challenge taken away", here(), &without(signed(), "/device/nonce"), INVALID),
        row("unpaired, from afar", afar(), &signed(), "pairing required").not_paired(),
    ] {
        row.check().await;
    }
    for ms in [NOW_MS - 10 * MINUTES, NOW_MS + 10 * MINUTES] {
        Door::new().enters(&here(), &at(ms)).await;
    }
}

#[tokio::test]
async fn control_uis() {
    let text = "control ui requires HTTPS or localhost (secure context)";
    let insecure = |settings: &mut AccessSettings| settings.allow_insecure_auth = true;
    let disabled = |settings: &mut AccessSettings| settings.disable_device_auth = true;
    for id in ["clawdbot-control-ui", "moltbot-control-ui", "openclaw-control-ui", "callboard-control-ui"] {
        let (params, nothing) = (named(id, "webchat", with_token(3)), named(id, "webchat", connect(3)));
        row("without a device", here(), &params, text).check().await;
        row("without anything", afar(), &nothing, text).check().await;
        for change in [insecure as fn(&mut AccessSettings), disabled] {
            let admitted = Door::with(change).enters(&afar(), &params).await;
            assert_eq!((admitted.grant.device, admitted.auth), (None, None));
            row("insecure, without anything", afar(), &nothing, "device identity required")
                .not_paired()
                .door(change)
                .check()
                .await;
        }
    }
}
