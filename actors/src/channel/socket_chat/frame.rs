//! The JSON of an incoming message, read as tolerantly as can be done without guessing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A message as the platform sends it; unknown fields are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub(super) content: Loose<'a>,
    #[serde(borrow)]
    pub(super) robot_id: Loose<'a>,
    #[serde(borrow)]
    pub(super) sender_id: Loose<'a>,
    #[serde(borrow)]
    pub(super) message_id: Loose<'a>,
    #[serde(borrow)]
    pub(super) sender_name: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_group: Loose<'a>,
    #[serde(borrow)]
    pub(super) group_id: Loose<'a>,
    #[serde(borrow)]
    pub(super) group_name: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_group_mention: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_myself: Loose<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Loose<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Loose<'a>,
    #[serde(borrow)]
    pub(super) url: Loose<'a>,
    /// Read on its own, so that a strange one does not spoil the message.
    #[serde(borrow)]
    pub(super) media_info: Option<&'a RawValue>,
}

/// What a card, a link or a video from a channel is about.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MediaInfo<'a> {
    #[serde(borrow)]
    pub(super) name: Loose<'a>,
    #[serde(borrow)]
    pub(super) wxid: Loose<'a>,
    #[serde(borrow)]
    pub(super) nickname: Loose<'a>,
    #[serde(borrow)]
    pub(super) desc: Loose<'a>,
    #[serde(borrow)]
    pub(super) url: Loose<'a>,
    #[serde(borrow)]
    pub(super) title: Loose<'a>,
    #[serde(borrow)]
    pub(super) description: Loose<'a>,
}

/// A value whose type the platform does not keep to.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Loose<'a> {
    /// Not there, or null.
    #[default]
    Absent,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number, where a text may have been meant.
    Number(i64),
    /// A truth.
    Bool(bool),
    /// An array, an object or a fraction: nothing that is understood here.
    Other,
}

impl<'a> Loose<'a> {
    /// Returns the text, a number written out.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Absent | Self::Bool(_) | Self::Other => None,
        }
    }

    /// Returns the text without blanks around it; `None` when nothing is left.
    pub(super) fn word(&self) -> Option<Cow<'_, str>> {
        let text = match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns the number, also from a text.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Absent | Self::Bool(_) | Self::Other => None,
        }
    }

    /// Returns whether it is exactly true.
    pub(super) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose::Absent)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Loose::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Loose::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Loose::Other, Loose::Number))
    }

    /// JavaScript writes whole numbers as `1.7e12` too.
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        let whole = number.fract() == 0.0 && number.abs() <= EXACT_MAX;
        Ok(if whole { Loose::Number(number as i64) } else { Loose::Other })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}
