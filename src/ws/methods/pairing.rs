//! `pairing.*`: strangers who ask to be let in, as under `/admin/pairing`.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::http::admin::pairing::{PairingAnswer, PairingDesk, PairingList, UNKNOWN};
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("pairing.list", Scope::Pairing, SHORT, "Lists the peers of channels who wait to be let in.", ListParams => PairingList, list),
    method!("pairing.approve", Scope::Pairing, SHORT, "Lets a peer in, and has it told so.", OneRequest => PairingAnswer, approve),
    method!("pairing.reject", Scope::Pairing, SHORT, "Turns a peer away; it is not told.", OneRequest => PairingAnswer, reject),
];

/// Which requests.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ListParams {
    /// Only those of this integration.
    #[serde(default)]
    #[schemars(length(max = 64))]
    channel: Option<String>,
}

/// One request.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct OneRequest {
    /// The integration.
    #[schemars(length(min = 1, max = 64))]
    channel: String,
    /// The code that the peer was told.
    #[schemars(length(min = 1, max = 64))]
    code: String,
}

async fn list(cx: Cx, ListParams { channel }: ListParams) -> Result<PairingList, Refusal> {
    Ok(PairingList::open(&*cx.control.store, channel.as_deref(), cx.control.clock().now_ms()).await?)
}

async fn approve(cx: Cx, OneRequest { channel, code }: OneRequest) -> Result<PairingAnswer, Refusal> {
    Ok(desk(&cx).approve(&channel, &code).await?.ok_or_else(unknown)?)
}

async fn reject(cx: Cx, OneRequest { channel, code }: OneRequest) -> Result<PairingAnswer, Refusal> {
    Ok(desk(&cx).reject(&channel, &code).await?.ok_or_else(unknown)?)
}

fn desk(cx: &Cx) -> PairingDesk<'_> {
    let control = &cx.control;
    PairingDesk {
        store: &*control.store,
        channels: &*control.channels,
        switchboard: &*control.switchboard,
        now_ms: control.clock().now_ms(),
    }
}

fn unknown() -> WireError {
    WireError::new(Code::NotFound, UNKNOWN)
}
