//! What every command needs: places, variables, the gateway meant, the way to print.

use callboard_actors::client::Scope;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};

use super::Globals;
use super::client::Client;
use super::error::CliError;
use super::output::Output;
use super::wire::{CALL_TIMEOUT, Face, Link, Outcome};
use crate::config::model::{Bind, Mode};
use crate::config::{Config, Environment, Instance, Overrides, Paths, load};

/// Everything that the global flags decide.
#[derive(Debug)]
pub struct Context {
    /// The variables, `.env` files included.
    pub env: Environment,
    /// The places.
    pub paths: Paths,
    /// How to print.
    pub output: Output,
    url: Option<String>,
    token: Option<SecretString>,
}

impl Context {
    /// Reads the environment and finds the places. The config file is read by those who need it.
    ///
    /// # Errors
    /// When a `.env` file cannot be read or there is no place for the state.
    pub fn new(globals: &Globals) -> Result<Self, CliError> {
        let instance = match (&globals.profile, globals.dev) {
            (Some(name), _) => Instance::profile(name)?,
            (None, true) => Instance::Dev,
            (None, false) => Instance::Default,
        };
        let mut env = Environment::of_process();
        if let Ok(folder) = std::env::current_dir() {
            env.fill_from(&folder.join(".env"))?;
        }
        let paths = Paths::resolve(instance, &env)?;
        env.fill_from(&paths.env_file())?;
        let token = globals.gateway_token.as_ref().or(globals.token.as_ref());
        let token = token.filter(|token| !token.trim().is_empty()).map(|token| token.as_str().into());
        Ok(Self { env, paths, output: Output::new(globals.json), url: globals.url.clone(), token })
    }

    /// Loads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn config(&self) -> Result<Config, CliError> {
        Ok(load(&self.paths, &self.env, &Overrides::default())?)
    }

    /// Returns a client of the gateway that is meant.
    ///
    /// # Errors
    /// When its address cannot be read, or neither flags nor a sound config file say where it is.
    pub fn client(&self) -> Result<Client, CliError> {
        let (url, credential) = self.target()?;
        Client::new(&url, credential.as_ref())
    }

    /// Connects to the control plane of the gateway that is meant.
    ///
    /// # Errors
    /// As [`Context::client`]; when nobody answers, or the gateway does not let us in.
    pub(super) async fn link(&self, face: Face) -> Result<Link, CliError> {
        let (url, credential) = self.target()?;
        Link::open(&url, credential.as_ref(), face).await
    }

    /// Connects with these scopes, makes one request, and leaves.
    ///
    /// # Errors
    /// As [`Context::link`].
    pub(super) async fn ask(&self, scopes: &'static [Scope], method: &str, params: Value) -> Result<Outcome, CliError> {
        let mut link = self.link(Face::cli(scopes)).await?;
        let outcome = link.call(method, params, CALL_TIMEOUT).await?;
        link.close().await;
        Ok(outcome)
    }

    /// Returns where the gateway is that is meant, and what to show to it.
    fn target(&self) -> Result<(Url, Option<SecretString>), CliError> {
        let from_env = || self.env.ours("GATEWAY_TOKEN").or_else(|| self.env.ours("GATEWAY_PASSWORD")).map(SecretString::from);
        let token = self.token.clone().or_else(from_env);
        match (&self.url, token) {
            // Everything is said: a broken config file is in nobody's way.
            (Some(url), Some(token)) => Ok((address(url)?, Some(token))),
            (Some(url), None) => {
                let url = address(url)?;
                let token = self.config().ok().and_then(|config| token_for(&url, &config));
                Ok((url, token))
            }
            (None, token) => {
                let config = self.config()?;
                let url = configured(&config)?;
                let token = token.or_else(|| token_for(&url, &config));
                Ok((url, token))
            }
        }
    }
}

/// Returns the address of the gateway that the configuration means.
fn configured(config: &Config) -> Result<Url, CliError> {
    let gateway = &config.slices.gateway;
    match (gateway.mode, &config.model.gateway.remote.url, gateway.bind, gateway.custom_bind_host) {
        (Some(Mode::Remote), Some(url), ..) => address(url),
        (Some(Mode::Remote), None, ..) => Err(CliError::failed(
            "gateway.mode is \"remote\" and gateway.remote.url is not set: set it, or name a gateway with --url",
        )),
        _ if gateway.port == 0 => {
            Err(CliError::failed("gateway.port is 0, so the gateway may be on any port: name it with --url"))
        }
        (_, _, Bind::Custom, Some(host)) => address(&format!("http://{}", std::net::SocketAddr::new(host, gateway.port))),
        _ => address(&format!("http://127.0.0.1:{}", gateway.port)),
    }
}

/// Returns the configured credential for an address: never the local gateway's for an address elsewhere.
fn token_for(url: &Url, config: &Config) -> Option<SecretString> {
    let remote = &config.model.gateway.remote;
    let is_remote =
        remote.url.as_deref().and_then(|url| address(url).ok()).is_some_and(|remote| remote.origin() == url.origin());
    if is_remote {
        return remote.token.clone().or_else(|| remote.password.clone());
    }
    let here = match url.host() {
        Some(Host::Ipv4(host)) => host.is_loopback() || config.slices.gateway.custom_bind_host == Some(host.into()),
        Some(Host::Ipv6(host)) => host.is_loopback() || config.slices.gateway.custom_bind_host == Some(host.into()),
        Some(Host::Domain(host)) => host == "localhost",
        None => false,
    };
    config.slices.gateway.auth.secret().filter(|_| here).map(|secret| secret.expose_secret().into())
}

/// Reads an address; ws and wss are the same gateway's http and https.
fn address(text: &str) -> Result<Url, CliError> {
    let wrong =
        || CliError::Usage(format!("`{}` is not an address: write http(s)://HOST:PORT or ws(s)://HOST:PORT", bare(text)));
    let text = text.trim();
    let http = match text.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => text.to_owned(),
    };
    let mut url = Url::parse(&http).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Returns an address without what may be a secret in it.
fn bare(text: &str) -> &str {
    let without_query = text.split(['?', '#']).next().unwrap_or_default();
    without_query.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::{address, bare, token_for};
    use crate::config::{Environment, Instance, Overrides, Paths, load};

    #[test]
    fn the_local_gateways_token_goes_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.json");
        let text = "{ gateway: { auth: { token: 'local' }, customBindHost: '192.0.2.7', remote: { url: 'wss://far', token: 'far' } } }";
        std::fs::write(&file, text).unwrap();
        let [home, file] = [folder.path(), &file].map(|path| path.to_str().unwrap());
        let env = Environment::from_pairs([("HOME", home), ("CALLBOARD_CONFIG_PATH", file)]);
        let config = load(&Paths::resolve(Instance::Default, &env).unwrap(), &env, &Overrides::default()).unwrap();
        for (url, token) in [
            ("http://127.0.0.1:5", Some("local")),
            ("http://[::1]:5", Some("local")),
            ("ws://localhost", Some("local")),
            ("http://192.0.2.7", Some("local")),
            ("https://far", Some("far")),
            ("http://far", None),
            ("http://example.org", None),
            ("http://localhost.example.org", None),
        ] {
            let found = token_for(&address(url).unwrap(), &config);
            assert_eq!(found.as_ref().map(|token| token.expose_secret()), token, "{url}");
        }
    }

    #[test]
    fn addresses_are_read_and_turned_to_http() {
        for (text, wanted) in [
            ("http://127.0.0.1:18789", Some("http://127.0.0.1:18789/")),
            ("ws://h:1/x?token=y", Some("http://h:1/x")),
            ("wss://h", Some("https://h/")),
            ("https://h/base/", Some("https://h/base/")),
            ("127.0.0.1:18789", None),
            ("ftp://h", None),
            ("", None),
        ] {
            assert_eq!(address(text).ok().map(String::from).as_deref(), wanted, "{text}");
        }
        assert_eq!(bare("ws://user:pw@h?token=x"), "h");
    }
}
