//! From a method's name to its scope, its types and its handler: the one table.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use callboard_actors::client::{Answer, Call, ClientSeat, Found, Methods, Role, Scope, WireError};
use callboard_actors::message::Code;
use futures_util::future::BoxFuture;
use jsonschema::Validator;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::budget::SMALL_BYTES;
use super::{Control, methods, params};

/// From which protocol on a missing scope is told as `FORBIDDEN` with details: gateway-protocol §17.
const FORBIDDEN_FROM: u32 = 4;

/// How long most methods may take.
pub(super) const SHORT: Duration = Duration::from_secs(60);

/// How long a method may take that waits for a turn; the turn's own deadline ends it before.
pub(super) const TURN: Duration = Duration::from_secs(25 * 3_600);

/// What a handler is given.
pub(super) struct Cx {
    /// Everything that the methods are lent.
    pub(super) control: Arc<Control>,
    /// The request.
    pub(super) call: Call,
}

impl Cx {
    /// Returns the client that asks.
    pub(super) fn seat(&self) -> &Arc<ClientSeat> {
        &self.call.seat
    }
}

/// What becomes of a client that lacks a method's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// It is refused.
    Refused,
    /// One of protocol 4 or later without any scope is answered, with less: gateway-protocol §17.
    Less,
}

/// One method.
pub(super) struct Method {
    /// Its name.
    pub(super) name: &'static str,
    /// The scope that an operator needs for it.
    pub(super) need: Scope,
    /// What becomes of a client that lacks the scope.
    pub(super) lacking: Lacking,
    /// What it does, one sentence.
    pub(super) about: &'static str,
    /// How long it may take.
    pub(super) patience: Duration,
    /// Returns the schema of its parameters.
    pub(super) params: fn(SchemaGenerator) -> Schema,
    /// Returns the schema of its result.
    pub(super) result: fn(SchemaGenerator) -> Schema,
    /// Says whether the type takes parameters that the schema takes.
    #[cfg(test)]
    pub(super) fits: fn(Value) -> Result<(), serde_json::Error>,
    /// Runs it with parameters that fit.
    pub(super) run: fn(Cx, Value) -> BoxFuture<'static, Answer>,
}

/// Writes a line of the table: name, scope, patience, what it does, the types of parameters and result, the handler. A handler
/// is `async fn(Cx, Params) -> Result<T, E>` with `T` the result, or a [`callboard_actors::client::Payload`] of it.
macro_rules! method {
    ($name:literal, $need:expr, $patience:expr, $about:literal, $params:ty => $result:ty, $run:path) => {
        $crate::ws::table::Method {
            name: $name,
            need: $need,
            lacking: $crate::ws::table::Lacking::Refused,
            about: $about,
            patience: $patience,
            params: |generator| generator.into_root_schema_for::<$params>(),
            result: |generator| generator.into_root_schema_for::<$result>(),
            #[cfg(test)]
            fits: |params| serde_json::from_value::<$params>(params).map(drop),
            run: |cx, params| {
                Box::pin(async move {
                    // Parameters that fit the schema fit the type; a difference between the two is told, not hidden.
                    let params: $params = serde_json::from_value(params)
                        .map_err(|error| $crate::ws::params::invalid($name, &format!("at root: {error}")))?;
                    let answer = $run(cx, params).await?;
                    Ok(callboard_actors::client::Payload::of(&answer))
                })
            },
        }
    };
}
pub(super) use method;

/// No parameters.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A result in a form that has no type of its own here.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub(super) struct Free(pub(super) Value);

struct Entry {
    method: &'static Method,
    validator: OnceLock<Option<Validator>>,
}

impl Entry {
    /// Returns what checks the parameters. A schema that cannot be compiled would let everything through to the type itself; a
    /// test compiles them all.
    fn validator(&self) -> Option<&Validator> {
        let compile = || jsonschema::validator_for((self.method.params)(SchemaGenerator::default()).as_value()).ok();
        self.validator.get_or_init(compile).as_ref()
    }
}

static TABLE: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    let entry = |method: &'static Method| (method.name, Entry { method, validator: OnceLock::new() });
    methods::all().map(entry).collect()
});

/// Methods that take files: only theirs are parameters of megabytes.
const WITH_FILES: &[&str] = &["agent", "chat.send"];

/// Returns every method that works, by name.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLE.keys().copied().collect();
    names.sort_unstable();
    names
}

/// Returns the scope that an operator needs for a method; nothing for one that there is not.
pub(crate) fn scope_of(name: &str) -> Option<Scope> {
    methods::all().find(|method| method.name == name).map(|method| method.need)
}

/// The table as the clients' actors see it.
pub(super) struct Table(pub(super) Arc<Control>);

impl Methods for Table {
    fn find(&self, seat: &ClientSeat, name: &str) -> Result<Found, WireError> {
        if name == "connect" {
            return Err(WireError::invalid("connect is only valid as the first request"));
        }
        let Some(entry) = TABLE.get(name) else {
            // Unknown before scopes are looked at; known and not built is something else.
            return Err(if methods::LATER.contains(&name) {
                WireError::new(Code::NotImplemented, format!("not implemented: {name}"))
            } else {
                WireError::invalid(format!("unknown method: {name}"))
            });
        };
        may(seat, entry.method)?;
        Ok(Found { patience: entry.method.patience })
    }

    fn call(&self, call: Call) -> BoxFuture<'static, Answer> {
        let Some(entry) = TABLE.get(&*call.method) else {
            return Box::pin(ready(Err(WireError::invalid(format!("unknown method: {}", call.method)).into())));
        };
        let size = call.params.as_deref().map_or(0, |params| params.get().len());
        if size > SMALL_BYTES && !WITH_FILES.contains(&entry.method.name) {
            let text = format!("the parameters of {} have {size} bytes: it takes {SMALL_BYTES}", entry.method.name);
            return Box::pin(ready(Err(WireError::new(Code::TooLarge, text).into())));
        }
        match params::read(entry.method.name, call.seat.protocol, call.params.as_deref(), entry.validator()) {
            Ok(params) => (entry.method.run)(Cx { control: Arc::clone(&self.0), call }, params),
            Err(error) => Box::pin(ready(Err(error.into()))),
        }
    }
}

fn may(seat: &ClientSeat, method: &Method) -> Result<(), WireError> {
    let role = seat.grant.role;
    if role == Role::Node {
        return Err(WireError::invalid(format!("unauthorized role: {role}")));
    }
    let less = method.lacking == Lacking::Less && seat.protocol >= FORBIDDEN_FROM && seat.grant.scopes.is_empty();
    if less || seat.grant.allows(method.need) { Ok(()) } else { Err(missing(seat, method.need)) }
}

/// Returns the error of a client that lacks a scope, in the form of its protocol.
pub(super) fn missing(seat: &ClientSeat, scope: Scope) -> WireError {
    let error = WireError::invalid(format!("missing scope: {scope}"));
    if seat.protocol < FORBIDDEN_FROM {
        return error;
    }
    let details = json!({ "code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": [scope] });
    WireError { code: "FORBIDDEN", ..error }.details(details)
}
