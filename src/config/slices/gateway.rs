//! The listener and who may use it.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::model::{AuthMode, Bind, ChatCompletions, Gateway, Mode, Model, ReloadMode, Responses};
use crate::config::{KeyPath, Paths, Problem};

/// The listener and who may use it.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Where the gateway runs, if the file says so.
    pub mode: Option<Mode>,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// Which addresses.
    pub bind: Bind,
    /// The address of [`Bind::Custom`].
    pub custom_bind_host: Option<IpAddr>,
    /// Who may use it.
    pub auth: AuthSettings,
    /// `POST /v1/chat/completions`.
    pub chat_completions: ChatCompletions,
    /// `POST /v1/responses`.
    pub responses: Responses,
    /// Whether `GET /v1/models` answers.
    pub models: bool,
    /// Whether `POST /tools/invoke` answers.
    pub tools_invoke: bool,
    /// Names under which the gateway is reached beside those of the loopback, lower-case.
    pub hosts: Vec<String>,
    /// Origins of pages that may change things, as browsers write them.
    pub origins: Vec<String>,
    /// Whether faults can be made on purpose.
    pub faults: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ProxyNet>,
    /// How long turns may take to finish at shutdown.
    pub drain: Duration,
    /// Whether the tailnet's proxy on this machine is believed when it says who asks.
    pub allow_tailscale: bool,
    /// Whether the control UI may do without a device identity on a page without TLS.
    pub allow_insecure_auth: bool,
    /// Whether the control UI's device identity is not looked at.
    pub disable_device_auth: bool,
    /// What happens when the config file changes.
    pub reload: ReloadSettings,
    /// Whether SIGUSR1 restarts the gateway.
    pub restart_by_signal: bool,
}

impl GatewaySettings {
    /// Takes the address of others: what is listened on does not change with the settings.
    pub fn keep_address(&mut self, bound: &Self) {
        (self.port, self.bind, self.custom_bind_host) = (bound.port, bound.bind, bound.custom_bind_host);
    }
}

/// What happens when the config file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadSettings {
    /// Whether it is taken over, and how.
    pub mode: ReloadMode,
    /// How long the file has to be left alone before it is read.
    pub debounce: Duration,
}

/// Who may use the gateway: at most one of the two secrets counts, by the mode.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// Which secret counts; `None` when there is none.
    pub mode: Option<AuthMode>,
    /// The token, where the mode is `token`.
    pub token: Option<SecretString>,
    /// The password, where the mode is `password`.
    pub password: Option<SecretString>,
}

impl AuthSettings {
    /// Returns the secret that counts.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretString> {
        match self.mode? {
            AuthMode::Token => self.token.as_ref(),
            AuthMode::Password => self.password.as_ref(),
        }
    }
}

/// An address or a range of them: `10.0.0.1` or `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyNet {
    address: IpAddr,
    prefix: u8,
}

impl ProxyNet {
    /// Returns whether an address is in the range. IPv4 addresses written as IPv6 ones count as what they are.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same(u128::from(net.to_bits()) << 96, u128::from(address.to_bits()) << 96, self.prefix)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => same(net.to_bits(), address.to_bits(), self.prefix),
            _ => false,
        }
    }
}

impl FromStr for ProxyNet {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim().parse().map_err(|_| ())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), |prefix| prefix.trim().parse().map_err(|_| ()))?;
        if prefix > bits { Err(()) } else { Ok(Self { address, prefix }) }
    }
}

fn same(one: u128, other: u128, prefix: u8) -> bool {
    let rest = 128 - u32::from(prefix);
    one.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
}

pub(super) fn cut(model: &Model, paths: &Paths, problems: &mut Vec<Problem>) -> GatewaySettings {
    let gateway = &model.gateway;
    let at = KeyPath::default().key("gateway");
    GatewaySettings {
        mode: gateway.mode,
        port: gateway.port.unwrap_or(paths.port),
        bind: gateway.bind,
        custom_bind_host: custom_host(gateway, &at, problems),
        auth: auth(gateway, &at.key("auth"), problems),
        chat_completions: gateway.http.endpoints.chat_completions.clone(),
        responses: gateway.http.endpoints.responses.clone(),
        models: gateway.http.endpoints.models.enabled,
        tools_invoke: gateway.http.endpoints.tools_invoke.enabled,
        hosts: hosts(&gateway.http.hosts, &at.key("http").key("hosts"), problems),
        origins: origins(&gateway.control_ui.allowed_origins, &at.key("controlUi").key("allowedOrigins"), problems),
        faults: gateway.faults.enabled,
        trusted_proxies: proxies(&gateway.trusted_proxies, &at.key("trustedProxies"), problems),
        drain: Duration::from_secs(gateway.drain_sec),
        allow_tailscale: gateway.auth.allow_tailscale,
        allow_insecure_auth: gateway.control_ui.allow_insecure_auth,
        disable_device_auth: gateway.control_ui.dangerously_disable_device_auth,
        reload: ReloadSettings { mode: gateway.reload.mode, debounce: Duration::from_millis(gateway.reload.debounce_ms) },
        restart_by_signal: model.commands.restart,
    }
}

fn custom_host(gateway: &Gateway, at: &KeyPath, problems: &mut Vec<Problem>) -> Option<IpAddr> {
    let text = gateway.custom_bind_host.as_deref().filter(|text| !text.trim().is_empty());
    let host = text.and_then(|text| text.trim().parse().ok());
    let missing = gateway.bind == Bind::Custom && text.is_none();
    if missing || (text.is_some() && host.is_none()) {
        let text = "has to be the IP address to listen on, for example \"192.0.2.7\", with `bind: \"custom\"`";
        problems.push(Problem::new(at.key("customBindHost"), text));
    }
    host
}

fn auth(gateway: &Gateway, at: &KeyPath, problems: &mut Vec<Problem>) -> AuthSettings {
    let filled = |secret: &Option<SecretString>| secret.clone().filter(|secret| !secret.expose_secret().trim().is_empty());
    let (token, password) = (filled(&gateway.auth.token), filled(&gateway.auth.password));
    let mode = gateway.auth.mode.or(match (&token, &password) {
        (Some(_), _) => Some(AuthMode::Token),
        (None, Some(_)) => Some(AuthMode::Password),
        (None, None) => None,
    });
    match (gateway.auth.mode, &token, &password) {
        (Some(AuthMode::Password), Some(_), None) => {
            let text = "is needed with `mode: \"password\"`: set it, or choose `mode: \"token\"`";
            problems.push(Problem::new(at.key("password"), text));
        }
        (Some(AuthMode::Token), None, Some(_)) => {
            problems.push(Problem::new(
                at.key("token"),
                "is needed with `mode: \"token\"`: set it, or choose `mode: \"password\"`",
            ));
        }
        _ => {}
    }
    AuthSettings { mode, token, password }
}

fn proxies(texts: &[String], at: &KeyPath, problems: &mut Vec<Problem>) -> Vec<ProxyNet> {
    each(texts, at, "has to be an IP address or a range like \"10.0.0.0/8\"", problems, |text| text.parse().ok())
}

fn hosts(texts: &[String], at: &KeyPath, problems: &mut Vec<Problem>) -> Vec<String> {
    let mend = "has to be a host's name without scheme and port, for example \"bot.example.org\"";
    each(texts, at, mend, problems, |text| Some(url::Host::parse(text.trim()).ok()?.to_string()))
}

fn origins(texts: &[String], at: &KeyPath, problems: &mut Vec<Problem>) -> Vec<String> {
    let mend = "has to be an origin as browsers write it, for example \"https://bot.example.org\"";
    each(texts, at, mend, problems, |text| {
        let url = url::Url::parse(text.trim()).ok()?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
        (url.origin().is_tuple() && bare).then(|| url.origin().ascii_serialization())
    })
}

/// Reads each entry of a list; one that cannot be read is a problem with the mend given.
fn each<T>(
    texts: &[String],
    at: &KeyPath,
    mend: &str,
    problems: &mut Vec<Problem>,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        match read(text) {
            Some(one) => all.push(one),
            None => problems.push(Problem::new(at.index(place), mend)),
        }
    }
    all
}
