//! From nothing to a connection: whether the settings can be used, whether the token counts, and which places there are.

use std::collections::HashSet;

use super::connector::MochatConnector;
use super::discovery::{Discovery, Failure, Found};
use super::hush;
use super::marks::Marks;
use super::rest::RestError;
use crate::channel::LinkEnd;
use crate::core::Progress;
use crate::message::Code;

/// How an account is mended by hand.
pub(super) const MEND: &str = "run: callboard channels add mochat --token TOKEN --agent-user-id ID";

/// Checks an account against its server.
///
/// # Errors
/// Says what is wrong, and whether a hand must mend it.
pub(super) async fn open(connector: &MochatConnector, marks: &Marks, progress: &Progress) -> Result<Found, LinkEnd> {
    hush::check(&connector.token).map_err(|text| LinkEnd::new(Code::Misconfigured, text.to_owned()))?;
    if let Some(found) = connector.shared.stranger() {
        return Err(stranger(&connector.me, &found));
    }
    let owner = match connector.api.owner().await {
        // A server without this call may have all others.
        Err(error) if error.status() == Some(404) => None,
        owner => owner.map_err(refused)?,
    };
    progress.stamp();
    if owner.is_none() {
        tracing::warn!(event = "mochat.unbound", actor = %connector.account, "the agent is bound to no owner: nobody can see it on the platform");
    }
    if owner.as_ref() == Some(&connector.me) {
        let text = "agentUserId is the owner of the agent, not the agent itself: everything that its owner writes would count as its own. The \
                    registration of the agent shows the agent's id as botUserId";
        return Err(LinkEnd::new(Code::Misconfigured, text.to_owned()));
    }
    connector.shared.set_owner(owner);
    let discovery = Discovery {
        api: std::sync::Arc::clone(&connector.api),
        clerk: marks.clerk(),
        clock: connector.clock.clone(),
        sessions: connector.bounds.sessions.clone(),
        panels: connector.bounds.panels.clone(),
    };
    let found = discovery.run(HashSet::new()).await.map_err(failed)?;
    progress.stamp();
    look_at_people(&connector.me, &found)?;
    Ok(found)
}

/// An agent is in each of its own sessions: where it is in none of them, the settings name somebody else.
fn look_at_people(me: &str, found: &Found) -> Result<(), LinkEnd> {
    let told: Vec<_> = found.people.iter().filter(|people| !people.is_empty()).collect();
    if told.is_empty() || told.iter().any(|people| people.iter().any(|person| person == me)) {
        return Ok(());
    }
    // Whoever is in every session is the likely one, where only one is.
    let mut common: HashSet<&String> = told.first().map(|people| people.iter().collect()).unwrap_or_default();
    for people in &told {
        common.retain(|person| people.contains(person));
    }
    let mut likely = common.into_iter();
    let hint = match (likely.next(), likely.next()) {
        (Some(found), None) => format!("Perhaps it is {found}."),
        _ => "The registration of the agent shows it as botUserId.".to_owned(),
    };
    Err(LinkEnd::new(
        Code::Misconfigured,
        format!("agentUserId {me} is in none of the sessions of this clawToken: one of the two is another agent's. {hint}"),
    ))
}

/// Returns the end of a link whose token is somebody else's.
pub(super) fn stranger(me: &str, found: &str) -> LinkEnd {
    let text = format!(
        "agentUserId is {me}, but the token's own user is {found}: the account would answer itself. Set agentUserId to {found}"
    );
    LinkEnd::new(Code::Misconfigured, text)
}

/// Returns the end of a link for which the places are not known.
pub(super) fn failed(failure: Failure) -> LinkEnd {
    match failure {
        Failure::Rest(error) => refused(error),
        Failure::Store(error) => LinkEnd::new(error.code(), format!("where reading stopped is not known: {error}")),
    }
}

/// Returns the end of a link whose server refused.
pub(super) fn refused(error: RestError) -> LinkEnd {
    let code = if error.passes() { Code::LinkDown } else { error.code() };
    let forbidden = error.status() == Some(403);
    LinkEnd::new(if forbidden { Code::BadCredentials } else { code }, error.to_string())
}
