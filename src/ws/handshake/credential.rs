//! By which credential a client comes.

use callboard_actors::client::{ClientCard, Scopes};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::admitted::Method;
use super::connect::Connect;
use crate::access::{AccessSettings, Auth, Caller, Tailnet, TailnetFault, same};

/// What a client brought that is good.
#[derive(Clone, Copy, Debug)]
pub(super) enum Credential<'a> {
    /// The secret that all operators share: it gives every scope.
    Shared(Method),
    /// Its device's own token, which gives the scopes that it was made for.
    Device(Scopes, &'a SecretString),
    /// The word of the tailnet's proxy: it gives every scope.
    Tailnet,
}

impl Credential<'_> {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Shared(method) => method,
            Self::Device(..) => Method::DeviceToken,
            Self::Tailnet => Method::Tailscale,
        }
    }
}

/// The two secrets that operators can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    Token,
    Password,
}

/// Why a client's credential is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// It brought none.
    Missing(Secret),
    /// It brought another.
    Mismatch(Secret),
    /// The gateway itself has none.
    Unset(Secret),
    /// It brought what it says is its device's token, and nothing else.
    DeviceToken,
    /// Its address was wrong so often that nothing is looked at.
    Limited,
    /// It came over the tailnet, and something is wrong with what the proxy says.
    Tailnet(TailnetFault),
}

/// For whom the hint is that goes with a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The command line, which has a configuration of its own.
    CommandLine,
    /// A page.
    Page,
    /// Anything else.
    Other,
}

impl Hint {
    /// Returns the hint that helps a client.
    pub(super) fn to(client: &ClientCard) -> Self {
        match (client.id.as_str(), client.mode.as_str()) {
            ("cli", _) => Self::CommandLine,
            ("webchat" | "webchat-ui", _) | (_, "webchat") => Self::Page,
            (id, _) if is_control_ui(id) => Self::Page,
            _ => Self::Other,
        }
    }
}

/// Returns whether a client is the control UI, under any of the names that it has had.
pub(super) fn is_control_ui(client_id: &str) -> bool {
    client_id.ends_with("control-ui")
}

/// Looks for the secret that all operators share.
///
/// # Errors
/// It is missing or another, or there is none.
pub(super) fn shared(settings: &AccessSettings, connect: &Connect, caller: &Caller) -> Result<Method, Denial> {
    let (known, offered, which, method) = match &settings.auth {
        Auth::Open => return Ok(Method::None),
        Auth::Token(known) => (known, &connect.token, Secret::Token, Method::Token),
        Auth::Password(known) => (known, &connect.password, Secret::Password, Method::Password),
    };
    match (offered, caller.tailnet()) {
        _ if known.expose_secret().is_empty() => Err(Denial::Unset(which)),
        (Some(offer), _) if same(offer.expose_secret().as_bytes(), known) => Ok(method),
        (Some(_), _) => Err(Denial::Mismatch(which)),
        (None, Tailnet::Doubtful(fault)) => Err(Denial::Tailnet(*fault)),
        (None, _) => Err(Denial::Missing(which)),
    }
}

/// Returns whether a client that proves no device brought what may stand for one: a token, or the password where that is asked
/// for. Whether it is the right one is looked at later.
pub(super) const fn stands_for_device(settings: &AccessSettings, connect: &Connect) -> bool {
    match &settings.auth {
        Auth::Open => true,
        Auth::Token(_) => connect.token.is_some(),
        Auth::Password(_) => connect.token.is_some() || connect.password.is_some(),
    }
}

/// Returns the token as it stands in what a device signs.
pub(super) fn signed_token(connect: &Connect) -> &str {
    connect.token.as_ref().or(connect.device_token.as_ref()).map_or("", |token| token.expose_secret())
}

impl Denial {
    /// Returns what the client is told.
    pub(super) fn text(self, hint: Hint) -> String {
        let (what, mend) = match self {
            Self::Missing(secret) => (format!("gateway {} missing", secret.name()), secret.mend(hint)),
            Self::Mismatch(secret) => (format!("gateway {} mismatch", secret.name()), secret.mend(hint)),
            Self::Unset(Secret::Token) => ("gateway token not configured on gateway".into(), "set gateway.auth.token"),
            Self::Unset(Secret::Password) => ("gateway password not configured on gateway".into(), "set gateway.auth.password"),
            Self::DeviceToken => ("device token mismatch".into(), "rotate/reissue device token"),
            Self::Limited => ("too many failed authentication attempts".into(), "retry later"),
            Self::Tailnet(fault) => {
                let mend = match fault {
                    TailnetFault::NoProxy => "use Tailscale Serve or gateway token/password",
                    _ => "use Tailscale Serve auth or gateway token/password",
                };
                (format!("tailscale {}", self.words().0), mend)
            }
        };
        format!("unauthorized: {what} ({mend})")
    }

    /// Returns what machines are told.
    pub(super) fn details(self) -> Value {
        let (_, code, reason, _) = self.words();
        let step = match self {
            Self::Missing(_) | Self::Unset(_) => "update_auth_configuration",
            Self::Mismatch(_) | Self::DeviceToken => "update_auth_credentials",
            Self::Tailnet(_) => "review_auth_configuration",
            Self::Limited => "wait_then_retry",
        };
        json!({ "code": code, "authReason": reason, "canRetryWithDeviceToken": false, "recommendedNextStep": step })
    }

    /// Returns what the log is told.
    pub(super) const fn event(self) -> &'static str {
        self.words().3
    }

    /// Returns the fault, its code, its reason and its name in the log.
    const fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Missing(Secret::Token) => ("", "AUTH_TOKEN_MISSING", "token_missing", "handshake.token_missing"),
            Self::Mismatch(Secret::Token) => ("", "AUTH_TOKEN_MISMATCH", "token_mismatch", "handshake.token_mismatch"),
            Self::Unset(Secret::Token) => ("", "AUTH_TOKEN_NOT_CONFIGURED", "token_missing_config", "handshake.token_unset"),
            Self::Missing(Secret::Password) => ("", "AUTH_PASSWORD_MISSING", "password_missing", "handshake.password_missing"),
            Self::Mismatch(Secret::Password) => {
                ("", "AUTH_PASSWORD_MISMATCH", "password_mismatch", "handshake.password_mismatch")
            }
            Self::Unset(Secret::Password) => {
                ("", "AUTH_PASSWORD_NOT_CONFIGURED", "password_missing_config", "handshake.password_unset")
            }
            Self::DeviceToken => ("", "AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch", "handshake.device_token_mismatch"),
            Self::Limited => ("", "AUTH_RATE_LIMITED", "rate_limited", "handshake.limited"),
            Self::Tailnet(TailnetFault::Anonymous) => {
                ("identity missing", "AUTH_TAILSCALE_IDENTITY_MISSING", "tailscale_user_missing", "handshake.tailnet_anonymous")
            }
            Self::Tailnet(TailnetFault::NoProxy) => (
                "proxy headers missing",
                "AUTH_TAILSCALE_PROXY_MISSING",
                "tailscale_proxy_missing",
                "handshake.tailnet_no_proxy",
            ),
            Self::Tailnet(TailnetFault::Outside) => {
                ("identity check failed", "AUTH_TAILSCALE_WHOIS_FAILED", "tailscale_whois_failed", "handshake.tailnet_outside")
            }
            Self::Tailnet(TailnetFault::Ambiguous) => (
                "identity mismatch",
                "AUTH_TAILSCALE_IDENTITY_MISMATCH",
                "tailscale_user_mismatch",
                "handshake.tailnet_ambiguous",
            ),
        }
    }
}

impl Secret {
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Password => "password",
        }
    }

    const fn mend(self, hint: Hint) -> &'static str {
        match (self, hint) {
            (Self::Token, Hint::CommandLine) => "set gateway.remote.token to match gateway.auth.token",
            (Self::Token, Hint::Page) => "open a tokenized dashboard URL or paste token in Control UI settings",
            (Self::Token, Hint::Other) => "provide gateway auth token",
            (Self::Password, Hint::CommandLine) => "set gateway.remote.password to match gateway.auth.password",
            (Self::Password, Hint::Page) => "enter the password in Control UI settings",
            (Self::Password, Hint::Other) => "provide gateway auth password",
        }
    }
}
