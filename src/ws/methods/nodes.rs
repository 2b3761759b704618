//! `node.list`: gateway-protocol §7.10.

use std::collections::BTreeMap;

use callboard_actors::client::{ClientSeat, Refusal, Role, Scope};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ws::table::{Cx, Method, Nothing, SHORT, method};

pub(super) const METHODS: &[Method] =
    &[method!("node.list", Scope::Read, SHORT, "Lists the nodes that are connected.", Nothing => Nodes, list)];

/// The nodes.
#[derive(Debug, Serialize, JsonSchema)]
struct Nodes {
    /// When this was true, milliseconds since 1970.
    ts: i64,
    /// The nodes, in the order of their names.
    nodes: Vec<Node>,
}

/// One node.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Node {
    /// Its device, or its program where it proved none.
    node_id: String,
    /// Its name for people.
    display_name: Option<String>,
    /// What it runs on.
    platform: String,
    /// Its program's version.
    version: String,
    /// What sort of machine it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<String>,
    /// Which model of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    model_identifier: Option<String>,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<String>,
    /// What it can do.
    caps: Vec<String>,
    /// Which commands it takes.
    commands: Vec<String>,
    /// What its owner allowed it.
    permissions: BTreeMap<String, bool>,
    /// Its search path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_env: Option<String>,
    /// Since when it is connected, milliseconds since 1970.
    connected_at_ms: i64,
    /// Whether it is a device that was let in.
    paired: bool,
    /// Whether it is connected: always, here.
    connected: bool,
}

impl Node {
    fn of(seat: &ClientSeat) -> Self {
        let (card, facts) = (&seat.card, &seat.node);
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        Self {
            node_id: seat.grant.device.clone().unwrap_or_else(|| card.id.clone()),
            display_name: card.display_name.clone(),
            platform: card.platform.clone(),
            version: card.version.clone(),
            device_family: card.device_family.clone(),
            model_identifier: card.model_identifier.clone(),
            remote_ip: seat.address.filter(|address| !address.is_loopback()).map(|address| address.to_string()),
            caps: sorted(&facts.caps),
            commands: sorted(&facts.commands),
            permissions: facts.permissions.clone(),
            path_env: facts.path_env.clone(),
            connected_at_ms: seat.connected_ms,
            paired: seat.grant.device.is_some(),
            connected: true,
        }
    }
}

async fn list(cx: Cx, _: Nothing) -> Result<Nodes, Refusal> {
    let seats = cx.control.seats.list();
    // Of a node that has come back before its old connection was found dead, the newer one counts.
    let nodes: BTreeMap<_, _> = seats
        .iter()
        .filter(|seat| seat.grant.role == Role::Node)
        .map(|seat| Node::of(seat))
        .map(|node| (node.node_id.clone(), node))
        .collect();
    let mut nodes: Vec<_> = nodes.into_values().collect();
    nodes.sort_by(|one, other| (&one.display_name, &one.node_id).cmp(&(&other.display_name, &other.node_id)));
    Ok(Nodes { ts: cx.control.clock().now_ms(), nodes })
}
