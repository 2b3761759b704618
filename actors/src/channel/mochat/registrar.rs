//! Makes an agent on a server and binds it to its owner, for whoever sets the channel up.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::message::text_at;
use super::rest::{Call, Rest, RestError, Unreachable};
use super::target::is_id;
use crate::core::Clock;

/// What an agent is called where nobody says.
const NAME: &str = "Callboard";
/// What its owner reads first where nobody says.
const GREETING: &str = "Hello! I am connected now. Write to me here.";
/// Statuses by which the server refuses what it was given.
const BAD_INPUT: [u16; 3] = [400, 422, 442];

/// Why a step of the setup failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupFault {
    /// The e-mail address is none, or the server does not take it.
    #[error("the e-mail address is not accepted: {0}")]
    Email(String),
    /// The server cannot be reached.
    #[error("the server cannot be reached: {0}")]
    Network(String),
    /// The token does not count, or no more.
    #[error("the token is refused: {0}")]
    Token(String),
    /// The server may have done it.
    #[error("the server's answer is lost: {0}")]
    Unsure(String),
    /// The server refused.
    #[error("the server refused: {0}")]
    Refused(String),
}

impl From<RestError> for SetupFault {
    fn from(error: RestError) -> Self {
        let text = error.to_string();
        match error {
            RestError::Timeout { .. } | RestError::Unreachable { .. } | RestError::Misconfigured(_) => Self::Network(text),
            RestError::Unauthorized { .. } => Self::Token(text),
            _ => Self::Refused(text),
        }
    }
}

/// An agent of one's own.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its token.
    pub token: SecretString,
    /// The id of its user: `agentUserId`.
    pub agent_user_id: String,
    /// The workspace that it is in.
    pub workspace_id: Option<String>,
    /// The group that it is in.
    pub group_id: Option<String>,
}

/// An agent with an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The owner's id.
    pub owner_user_id: String,
    /// The session of the two.
    pub session_id: Option<String>,
}

/// Speaks to a server for a setup. Nothing of it is tried twice: each call may be made again by hand.
#[derive(Clone, Debug)]
pub struct Registrar {
    base: String,
    ca_pem: Option<String>,
    clock: Clock,
}

impl Registrar {
    /// Returns one for a server's address.
    #[must_use]
    pub fn new(base: &str, ca_pem: Option<String>, clock: Clock) -> Self {
        Self { base: base.trim().trim_end_matches('/').to_owned(), ca_pem, clock }
    }

    /// Makes an agent. Every call makes another one.
    ///
    /// # Errors
    /// Says why there is none; after a lost answer there may be one that nobody has the token of.
    pub async fn register(&self, name: Option<&str>) -> Result<Registered, SetupFault> {
        let body = json!({ "name": name.unwrap_or(NAME) });
        let answer = self.rest(None).call(&Call::new("agents/selfRegister", body)).await.map_err(|error| match error {
            // A server that was not reached has made nothing.
            RestError::Unreachable { how: Unreachable::Dns(_) | Unreachable::Tls(_) | Unreachable::Refused, .. } => {
                error.into()
            }
            unsure if unsure.leaves_doubt() => SetupFault::Unsure(unsure.to_string()),
            sure => sure.into(),
        })?;
        let id = |key: &str| text_at(&answer, key).filter(|id| is_id(id));
        let (Some(token), Some(agent_user_id)) = (id("token"), id("botUserId")) else {
            return Err(SetupFault::Refused("the answer of agents/selfRegister holds no token and botUserId".to_owned()));
        };
        Ok(Registered { token: token.into(), agent_user_id, workspace_id: id("workspaceId"), group_id: id("groupId") })
    }

    /// Binds an agent to its owner, who is found or made by the e-mail address and greeted. May be made again.
    ///
    /// # Errors
    /// Says why it is not bound.
    pub async fn bind(&self, token: &SecretString, email: &str, greeting: Option<&str>) -> Result<Bound, SetupFault> {
        let body = json!({ "email": email, "greeting_msg": greeting.unwrap_or(GREETING) });
        let answer = self.rest(Some(token)).call(&Call::new("agents/bind", body)).await.map_err(|error| match error {
            RestError::Refused { status, text, .. } if BAD_INPUT.contains(&status) => SetupFault::Email(text),
            other => other.into(),
        })?;
        let Some(owner_user_id) = text_at(&answer, "ownerUserId").filter(|id| is_id(id)) else {
            return Err(SetupFault::Refused("the answer of agents/bind names no owner".to_owned()));
        };
        Ok(Bound { owner_user_id, session_id: text_at(&answer, "sessionId").filter(|id| is_id(id)) })
    }

    /// Returns whose agent a token's is, which also shows whether it counts; `None` for an agent that is bound to nobody.
    ///
    /// # Errors
    /// The token is refused, or the server does not say.
    pub async fn owner(&self, token: &SecretString) -> Result<Option<String>, SetupFault> {
        let answer = self.rest(Some(token)).call(&Call::new("agents/owner", json!({}))).await?;
        Ok(answer.get("owner").and_then(|owner: &Value| text_at(owner, "userId")))
    }

    /// Has a new token made; the old one counts no more when this answers.
    ///
    /// # Errors
    /// Says why not; after a lost answer the old one may count no more.
    pub async fn rotate(&self, token: &SecretString, agent_user_id: &str) -> Result<SecretString, SetupFault> {
        let body = json!({ "botUserId": agent_user_id });
        let answer = self.rest(Some(token)).call(&Call::new("agents/rotateToken", body)).await?;
        let token = text_at(&answer, "token").filter(|token| is_id(token));
        token.map(Into::into).ok_or_else(|| SetupFault::Refused("the answer of agents/rotateToken holds no token".to_owned()))
    }

    fn rest(&self, token: Option<&SecretString>) -> Rest {
        Rest::new(self.base.clone(), token.cloned(), self.ca_pem.clone(), self.clock.clone())
    }
}

/// Looks whether a text can be an e-mail address, so that no server is asked for what cannot be.
///
/// # Errors
/// Says that it cannot.
pub fn check_email(text: &str) -> Result<(), SetupFault> {
    let whole = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@')
    });
    let plain = text.len() <= 254 && !text.chars().any(|mark| mark.is_whitespace() || mark.is_control());
    if whole && plain { Ok(()) } else { Err(SetupFault::Email("it has to look like you@example.com".to_owned())) }
}
