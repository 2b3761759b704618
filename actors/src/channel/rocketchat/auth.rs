//! The account's login: a token of the settings, or one that a password gave. One login at a time, kept until it is refused.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::rest::{Call, Rest, RestError, Session};
use crate::message::Code;

/// What the account can show.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    /// A token and its user.
    pub(super) token: Option<(SecretString, String)>,
    /// A name and its password.
    pub(super) login: Option<(String, SecretString)>,
}

/// Why there is no login. No text of it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AuthError {
    /// There is nothing to log in with.
    #[error("authToken+userId or username+password missing")]
    Missing,
    /// The token of the settings does not hold any more.
    #[error(
        "the auth token has expired or was revoked, and no username and password are set to log in again: set a new personal access token (authToken and userId), or username and password"
    )]
    TokenExpired,
    /// The password does not hold.
    #[error(
        "the server refused the username or the password (HTTP {0}): check `username` and `password`, or set a personal access token"
    )]
    PasswordRefused(u16),
    /// The user has a second factor.
    #[error(
        "the user has two-factor authentication, so a password alone does not log in: set a personal access token (authToken and userId; create it with \"Ignore Two Factor Authentication\")"
    )]
    SecondFactor,
    /// The login could not be made for now.
    #[error("the login failed: {0}")]
    Failed(#[from] RestError),
    /// The answer to a login lacks what it should have.
    #[error("the login failed: the answer lacks data.authToken or data.userId")]
    Odd,
}

impl AuthError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Missing => Code::Misconfigured,
            Self::TokenExpired | Self::PasswordRefused(_) | Self::SecondFactor => Code::BadCredentials,
            Self::Failed(error) => error.code(),
            Self::Odd => Code::BadUpstream,
        }
    }
}

/// The login of one account.
pub(super) struct Auth {
    credentials: Credentials,
    rest: Arc<Rest>,
    /// Held while a login is under way, so that there is one at a time.
    turn: tokio::sync::Mutex<()>,
    current: Mutex<Option<Session>>,
}

impl Auth {
    /// Returns an account that has not logged in yet; its token counts first.
    pub(super) fn new(credentials: Credentials, rest: Arc<Rest>) -> Self {
        let current = credentials.token.clone().map(|(token, user_id)| Session { token, user_id });
        Self { credentials, rest, turn: tokio::sync::Mutex::new(()), current: Mutex::new(current) }
    }

    /// Returns the login of this moment, made if there is none.
    ///
    /// # Errors
    /// There is nothing to log in with, or the server refuses it.
    pub(super) async fn session(&self) -> Result<Session, AuthError> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let _turn = self.turn.lock().await;
        match self.current() {
            Some(session) => Ok(session),
            None => self.log_in().await,
        }
    }

    /// Returns a login in the place of one that the server refused.
    ///
    /// # Errors
    /// As [`Self::session`].
    pub(super) async fn renew(&self, refused: &Session) -> Result<Session, AuthError> {
        let _turn = self.turn.lock().await;
        match self.current() {
            // Somebody else was faster.
            Some(session) if session.token.expose_secret() != refused.token.expose_secret() => Ok(session),
            _ => {
                if self.credentials.login.is_some() {
                    self.set(None);
                }
                self.log_in().await
            }
        }
    }

    async fn log_in(&self) -> Result<Session, AuthError> {
        let Some((user, password)) = &self.credentials.login else {
            return Err(if self.credentials.token.is_some() { AuthError::TokenExpired } else { AuthError::Missing });
        };
        let call = Call::post("login", json!({ "user": user, "password": password.expose_secret() }));
        let answer = self.rest.call(&call, None).await.map_err(refused)?;
        let field = |name: &str| answer.pointer(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(token), Some(user_id)) = (field("/data/authToken"), field("/data/userId")) else {
            return Err(AuthError::Odd);
        };
        let session = Session { token: token.to_owned().into(), user_id: user_id.to_owned() };
        self.set(Some(session.clone()));
        Ok(session)
    }

    fn current(&self) -> Option<Session> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, session: Option<Session>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

fn refused(error: RestError) -> AuthError {
    match error {
        RestError::Refused { kind, .. } if kind == "totp-required" => AuthError::SecondFactor,
        RestError::Refused { status: status @ (400 | 401 | 403), .. } | RestError::Status { status: status @ (401 | 403) } => {
            AuthError::PasswordRefused(status)
        }
        other => AuthError::Failed(other),
    }
}
