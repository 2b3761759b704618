//! From nothing to a connection that is logged in.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::api::{Api, ApiError, Me};
use super::auth::AuthError;
use super::ddp::{self, Answer, Frame, Wire, WireError};
use super::rest::Session;
use crate::channel::LinkEnd;
use crate::core::{Clock, Progress};
use crate::message::Code;
use crate::socketio::Proxies;

/// How long one answer of the server may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How many frames that cannot be read are borne before the login.
const BAD_FRAMES_MAX: u32 = 16;

/// A connection that is logged in.
pub(super) struct Opened {
    pub(super) wire: Wire,
    pub(super) me: Me,
}

/// Connects and logs in; a token that is refused is renewed, once.
///
/// # Errors
/// Says why not, and whether a hand must mend it.
pub(super) async fn open(api: &Arc<Api>, clock: &Clock, progress: &Progress) -> Result<Opened, LinkEnd> {
    let (me, session) = api.me().await.map_err(refused)?;
    progress.stamp();
    let mut wire = Wire::connect(&api.rest, &Proxies::System, clock.clone()).await.map_err(broken)?;
    progress.stamp();
    wire.write([ddp::connect()]).await.map_err(broken)?;
    match answer(&mut wire, clock, |frame| matches!(frame, Frame::Connected | Frame::Failed)).await? {
        Frame::Connected => {}
        _ => return Err(LinkEnd::new(Code::Misconfigured, "the server does not speak version 1 of DDP".to_owned())),
    }
    let Err(reason) = log_in(&mut wire, clock, "login", &session).await? else { return Ok(Opened { wire, me }) };
    tracing::info!(event = "rocketchat.login", "the server refused to resume the session: {reason}");
    let session = api.auth.renew(&session).await.map_err(|error| refused(error.into()))?;
    match log_in(&mut wire, clock, "login-again", &session).await? {
        Ok(()) => Ok(Opened { wire, me }),
        Err(reason) => Err(LinkEnd::new(Code::LinkDown, format!("the server refused the login over DDP: {reason}"))),
    }
}

async fn log_in(wire: &mut Wire, clock: &Clock, id: &str, session: &Session) -> Result<Result<(), String>, LinkEnd> {
    wire.write([ddp::resume(id, session.token.expose_secret())]).await.map_err(broken)?;
    let mine = |frame: &Frame| matches!(frame, Frame::Result { id: answered, .. } if answered == id);
    match answer(wire, clock, mine).await? {
        Frame::Result { answer: Answer::Refused { kind, reason }, .. } if kind == "too-many-requests" => {
            Err(LinkEnd::new(Code::LinkDown, format!("the server limits logins over DDP: {reason}")))
        }
        // Its words may repeat what they refuse.
        Frame::Result { answer: Answer::Refused { reason, .. }, .. } => {
            Ok(Err(reason.replace(session.token.expose_secret(), "***")))
        }
        _ => Ok(Ok(())),
    }
}

/// Waits for a frame; others are nothing yet.
async fn answer(wire: &mut Wire, clock: &Clock, wanted: impl Fn(&Frame) -> bool) -> Result<Frame, LinkEnd> {
    let waiting = async {
        let mut bad = 0;
        loop {
            let Some(text) = wire.read().await? else { continue };
            match Frame::read(&text) {
                Ok(frame) if wanted(&frame) => return Ok(frame),
                Ok(Frame::Ping { id }) => wire.write([ddp::pong(id.as_deref())]).await?,
                Ok(_) => {}
                Err(reason) if bad >= BAD_FRAMES_MAX => {
                    return Err(WireError::Broken(format!("no Rocket.Chat server: {reason}")));
                }
                Err(_) => bad += 1,
            }
        }
    };
    match clock.within(ANSWER_TIMEOUT, waiting).await {
        Some(answer) => answer.map_err(broken),
        None => Err(broken(WireError::Timeout("the server did not answer over DDP in time"))),
    }
}

/// Returns the end of a link whose login was refused.
pub(super) fn refused(error: ApiError) -> LinkEnd {
    let code = match &error {
        ApiError::Auth(AuthError::Failed(error)) | ApiError::Rest(error) if error.passes() => Code::LinkDown,
        other => other.code(),
    };
    LinkEnd::new(code, error.to_string())
}

fn broken(error: WireError) -> LinkEnd {
    LinkEnd::new(error.code(), error.to_string())
}
