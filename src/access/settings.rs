//! What the door reads from the configuration, at each request.

use callboard_actors::client::Pass;
use ring::digest::{Context, SHA256};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::slices::ProxyNet;

/// Who may ask.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Whoever has the token (`gateway.auth.mode` `token`). An empty one lets nobody in.
    Token(SecretString),
    /// Whoever has the password (`gateway.auth.mode` `password`). An empty one lets nobody in.
    Password(SecretString),
    /// Everybody: for tests, never for a listening gateway.
    Open,
}

/// From where the listener can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// From this machine only: a foreign `Host` is a page that had its name point here, and is refused.
    Loopback,
    /// From elsewhere: addresses are as good as names, since nobody can have an address point here. Under names that nobody
    /// knows here pages are refused, and everybody else too as soon as `hosts` names some.
    Network,
}

/// The settings of the door.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// Who may ask; read at each request, so a new token holds at once.
    pub auth: Auth,
    /// From where the listener can be reached.
    pub exposure: Exposure,
    /// Host names that are ours, beside those of the loopback (`gateway.http.hosts`); without port, lower-case.
    pub hosts: Vec<String>,
    /// Origins of pages that may read answers and change things, beside our own (`gateway.controlUi.allowedOrigins`), as browsers write them.
    pub origins: Vec<String>,
    /// Proxies that are believed when they say for whom they ask (`gateway.trustedProxies`).
    pub trusted_proxies: Vec<ProxyNet>,
    /// Whether the tailnet's proxy on this machine is believed when it says who asks (`gateway.auth.allowTailscale`).
    pub allow_tailscale: bool,
    /// Whether the control UI may do without a device identity, as it must on a page without TLS
    /// (`gateway.controlUi.allowInsecureAuth`).
    pub allow_insecure_auth: bool,
    /// Whether the control UI's device identity is not even looked at (`gateway.controlUi.dangerouslyDisableDeviceAuth`).
    pub disable_device_auth: bool,
    /// How many wrong credentials one address may send at once before it hears 429; read when the gateway is made.
    pub failed_auth_burst: u32,
    /// How many more each minute gives back; read when the gateway is made.
    pub failed_auth_per_minute: u32,
}

impl AccessSettings {
    /// Returns the pass of whoever comes by the secret that operators share.
    #[must_use]
    pub fn shared_pass(&self) -> Pass {
        let (mode, secret) = match &self.auth {
            Auth::Token(secret) => ("token", secret.expose_secret()),
            Auth::Password(secret) => ("password", secret.expose_secret()),
            Auth::Open => ("open", ""),
        };
        pass(mode, secret)
    }

    /// Returns the pass of whoever comes by the word of the tailnet's proxy; `None` while that is not believed.
    #[must_use]
    pub fn tailnet_pass(&self) -> Option<Pass> {
        self.allow_tailscale.then(|| pass("tailnet", ""))
    }
}

fn pass(kind: &str, secret: &str) -> Pass {
    let mut context = Context::new(&SHA256);
    // The zero ends the kind: no other kind and secret are the same bytes.
    for part in [kind.as_bytes(), &[0], secret.as_bytes()] {
        context.update(part);
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    Pass::new(fingerprint)
}

impl Default for AccessSettings {
    /// An empty token, so nobody is let in until one is set; loopback; nothing and nobody trusted.
    fn default() -> Self {
        Self {
            auth: Auth::Token(SecretString::default()),
            exposure: Exposure::Loopback,
            hosts: Vec::new(),
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            allow_tailscale: false,
            allow_insecure_auth: false,
            disable_device_auth: false,
            failed_auth_burst: 10,
            failed_auth_per_minute: 30,
        }
    }
}
