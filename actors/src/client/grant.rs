//! What a control client may do.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What sort of client it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Somebody who controls the gateway; what of it, the scopes say.
    #[default]
    Operator,
    /// A machine that the gateway uses; it has no scopes.
    Node,
}

impl Role {
    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Node => "node",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Operator, Self::Node].into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Scope {
    /// Everything, the other scopes too.
    #[serde(rename = "operator.admin")]
    Admin,
    /// To look.
    #[serde(rename = "operator.read")]
    Read,
    /// To look, and to send and ask.
    #[serde(rename = "operator.write")]
    Write,
    /// To decide about commands.
    #[serde(rename = "operator.approvals")]
    Approvals,
    /// To let devices in.
    #[serde(rename = "operator.pairing")]
    Pairing,
}

impl Scope {
    /// Every scope, in the order of the reference.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Read, Self::Write, Self::Approvals, Self::Pairing];

    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "operator.admin",
            Self::Read => "operator.read",
            Self::Write => "operator.write",
            Self::Approvals => "operator.approvals",
            Self::Pairing => "operator.pairing",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Returns the scopes of which any one is enough for this one.
    const fn given_by(self) -> u8 {
        Self::Admin.bit()
            | match self {
                Self::Read => Self::Read.bit() | Self::Write.bit(),
                other => other.bit(),
            }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes; a list of their names on the wire. Names that are not known here are left out when it is read: newer clients
/// ask for more than there is, and what is left out is not given.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);

    /// Returns every scope.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Returns the scopes that are known by these names.
    #[must_use]
    pub fn named<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        names.into_iter().filter_map(|name| name.as_ref().parse::<Scope>().ok()).collect()
    }

    /// Returns whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether they give a scope: it is among them, or one is that includes it.
    #[must_use]
    pub const fn give(self, scope: Scope) -> bool {
        self.0 & scope.given_by() != 0
    }

    /// Returns the first scope of another set that these do not give; `None` when they give all of them.
    #[must_use]
    pub fn lack(self, other: Self) -> Option<Scope> {
        other.iter().find(|scope| !self.give(*scope))
    }

    /// Returns both sets in one.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the scopes in the order of the reference.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::as_str)).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(Vec::<String>::deserialize(deserializer)?))
    }
}

/// What one connection may do, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What sort of client it is.
    pub role: Role,
    /// What it may do; never more than its credential gives.
    pub scopes: Scopes,
    /// The device that it proved to be.
    pub device: Option<String>,
}

impl Grant {
    /// Returns whether it may do what needs a scope. Nodes may nothing of that.
    #[must_use]
    pub const fn allows(&self, scope: Scope) -> bool {
        matches!(self.role, Role::Operator) && self.scopes.give(scope)
    }

    /// Returns the first scope of a set that it may not pass on, because it does not have it itself.
    #[must_use]
    pub fn lacks(&self, scopes: Scopes) -> Option<Scope> {
        scopes.iter().find(|scope| !self.allows(*scope))
    }
}

#[cfg(test)]
mod tests;
