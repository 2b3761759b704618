//! What a client is told before and after it is let in: the challenge, its seat, `hello-ok`.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use callboard_actors::client::{
    Backlog, ClientActor, ClientLine, ClientSeat, Cutter, NodeFacts, Payload, Scope, Seating, WAITING_BYTES_MAX,
};
use callboard_actors::core::ControlError;
use callboard_actors::message::{EventBody, EventName, Listener, event_frame};
use callboard_actors::registry::main_key;
use serde_json::{Value, json};

use super::handshake::{Admitted, IssuedAuth, Method};
use super::pulse::TICK_EVERY;
use super::socket::FRAME_BYTES_MAX;
use super::{Control, table};

/// Returns the first frame of a connection.
pub(super) fn challenge(nonce: &str, now_ms: i64) -> Bytes {
    event_frame(&EventBody::new(EventName::Challenge, &json!({ "nonce": nonce, "ts": now_ms })), None)
}

/// Gives a client that was let in its seat and its actor, says hello, and lets it hear events from there on.
///
/// # Errors
/// Its actor cannot be started: the gateway is going down.
pub(super) fn seat(
    control: &Arc<Control>,
    admitted: Admitted,
    conn: &str,
    address: Option<IpAddr>,
    (backlog, cutter): (Arc<Backlog>, Cutter),
) -> Result<ClientLine, ControlError> {
    let Admitted { id, protocol, client: card, grant, auth, method, pass, caps, commands, permissions, path_env } = admitted;
    let seat = ClientSeat::new(Seating {
        conn: conn.to_owned(),
        protocol: protocol.into(),
        card,
        node: NodeFacts { caps, commands, permissions, path_env },
        grant,
        pass,
        address,
        connected_ms: control.clock().now_ms(),
        backlog,
        cutter,
    });
    let actor = control.supervisor.start(ClientActor::spec(&seat, &control.methods()))?;
    tracing::info!(
        event = "client.connected", conn, client = %seat.card.id, mode = %seat.card.mode, ?address, protocol = seat.protocol,
        scopes = ?seat.grant.scopes
    );
    let noticed = control.presence.connected(&seat, seat.connected_ms);
    // The hello goes first; what happens from now on follows it.
    let hello = Payload::of(&hello(control, &seat, auth.as_ref(), method));
    seat.answer_early(&id, &Ok(hello));
    control.seats.seat(&seat);
    control.switchboard.listen(Arc::clone(&seat) as Arc<dyn Listener>);
    control.entered(&seat, noticed);
    Ok(ClientLine::new(seat, actor))
}

fn hello(control: &Control, seat: &ClientSeat, auth: Option<&IssuedAuth>, method: Method) -> Value {
    let mut hello = json!({
        "type": "hello-ok",
        "protocol": seat.protocol,
        "server": { "version": env!("CARGO_PKG_VERSION"), "host": control.places.host, "connId": seat.conn },
        "features": { "methods": table::names(), "events": EventName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>() },
        "snapshot": snapshot(control, seat),
        "auth": issued(seat, auth, method),
        "policy": {
            "maxPayload": FRAME_BYTES_MAX,
            "maxBufferedBytes": WAITING_BYTES_MAX,
            "tickIntervalMs": u64::try_from(TICK_EVERY.as_millis()).unwrap_or(u64::MAX),
        },
    });
    if let (Some(canvas), Some(fields)) = (&control.places.canvas_host, hello.as_object_mut()) {
        fields.insert("canvasHostUrl".to_owned(), canvas.clone().into());
    }
    hello
}

fn snapshot(control: &Control, seat: &ClientSeat) -> Value {
    let now_ms = control.clock().now_ms();
    let routes = control.routes.get();
    let main = main_key(&routes.default_agent, &routes.main_key);
    let mut snapshot = json!({
        "presence": control.presence.list(now_ms),
        "health": control.health.last(),
        "stateVersion": control.version(),
        "uptimeMs": control.uptime_ms(),
        "configPath": control.places.config_path,
        "stateDir": control.places.state_dir,
        "sessionDefaults": {
            "defaultAgentId": routes.default_agent, "mainKey": routes.main_key, "mainSessionKey": main, "scope": "per-sender",
        },
    });
    if seat.grant.allows(Scope::Read)
        && let Some(fields) = snapshot.as_object_mut()
    {
        fields.insert("config".to_owned(), Value::clone(&control.shown.get()));
    }
    snapshot
}

fn issued(seat: &ClientSeat, auth: Option<&IssuedAuth>, method: Method) -> Value {
    let mut told = json!({ "method": method, "role": seat.grant.role, "scopes": seat.grant.scopes });
    if let (Some(auth), Some(fields)) = (auth, told.as_object_mut()) {
        fields.insert("deviceToken".to_owned(), auth.device_token.clone().into());
        fields.insert("scopes".to_owned(), json!(auth.scopes));
        fields.insert("issuedAtMs".to_owned(), auth.issued_at_ms.into());
    }
    told
}
