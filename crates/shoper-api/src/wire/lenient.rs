//! Scalars in whatever way they come: text, number, truth value, nothing (shoper-api.md D.5).
//!
//! Functions for `deserialize_with`. An empty list or object is PHP's way to say nothing; a full one in
//! place of a scalar is an error, which spoils its row and no other. Errors never quote values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A scalar as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Nothing,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Nothing => Cow::Borrowed(""),
            // As PHP writes truth values into texts that are meant as flags.
            Self::Bool(flag) => Cow::Borrowed(if flag { "1" } else { "0" }),
            Self::Integer(number) => number.to_string().into(),
            Self::Float(number) => number.to_string().into(),
            Self::Text(text) => text,
        }
    }

    fn to_integer(&self) -> Option<i64> {
        match self {
            Self::Nothing | Self::Bool(_) => None,
            Self::Integer(number) => Some(*number),
            Self::Float(number) => whole(*number),
            Self::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
        }
    }

    fn to_flag(&self) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) => match text.trim() {
                text if text.eq_ignore_ascii_case("true") => Some(true),
                text if text.eq_ignore_ascii_case("false") => Some(false),
                _ => self.zero_or_one(),
            },
            Self::Integer(_) | Self::Float(_) => self.zero_or_one(),
        }
    }

    fn zero_or_one(&self) -> Option<bool> {
        match self.to_integer()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range and the fraction are checked"
    )]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(value.to_string().into()), Scalar::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if items.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("a list where a scalar is expected"));
        }
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        if members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("an object where a scalar is expected"));
        }
        Ok(Scalar::Nothing)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ScalarVisitor)
    }
}

/// A text; empty for nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(Scalar::deserialize(source)?.into_text().into_owned())
}

/// A text; `None` for nothing and for an empty one.
pub(crate) fn filled<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    let text = Scalar::deserialize(source)?.into_text();
    Ok((!text.trim().is_empty()).then(|| text.into_owned()))
}

/// An address of the internet; `None` for anything else, whatever its shape.
pub(crate) fn ip_address<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(source)?;
    let read = text_of(&value).and_then(|text| text.trim().parse::<std::net::IpAddr>().ok());
    Ok(read
        .filter(|address| !address.is_unspecified())
        .map(|address| address.to_string()))
}

/// A date as it came; `None` for nothing and for `0000-00-00 00:00:00`, which means never.
pub(crate) fn date<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    let text = Scalar::deserialize(source)?.into_text();
    let text = text.trim();
    Ok((!text.is_empty() && !text.starts_with("0000-")).then(|| text.to_owned()))
}

/// A whole number; `None` for nothing and for anything else.
pub(crate) fn integer<'de, D: Deserializer<'de>>(source: D) -> Result<Option<i64>, D::Error> {
    Ok(Scalar::deserialize(source)?.to_integer())
}

/// A flag; `None` for nothing and for anything else. An empty text says nothing either: it may be PHP's `false` or a
/// value that was lost on the way, and a no is too much to make of it.
pub(crate) fn flag<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    Ok(Scalar::deserialize(source)?.to_flag())
}

/// A switch among the shop's own settings, where an empty text was seen for off (shoper-api.md D.5).
pub(crate) fn switch<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    let scalar = Scalar::deserialize(source)?;
    let is_empty = matches!(&scalar, Scalar::Text(text) if text.trim().is_empty());
    Ok(scalar.to_flag().or(is_empty.then_some(false)))
}

/// An id: a whole number above zero. Without it a row is of no use.
pub(crate) fn id<'de, D: Deserializer<'de>>(source: D) -> Result<i64, D::Error> {
    let id = Scalar::deserialize(source)?.to_integer();
    id.filter(|id| *id > 0).ok_or_else(|| D::Error::custom("no id"))
}

/// One item of a list: a scalar, or an object that holds it in a member.
enum Item<'a> {
    Scalar(Scalar<'a>),
    Object(Option<Scalar<'a>>, Option<Scalar<'a>>),
}

impl<'a> Item<'a> {
    fn into_text(self) -> Option<String> {
        let scalar = match self {
            Self::Scalar(scalar) => scalar,
            Self::Object(_, name) => name?,
        };
        let text = scalar.into_text().into_owned();
        (!text.trim().is_empty()).then_some(text)
    }

    fn to_integer(&self) -> Option<i64> {
        match self {
            Self::Scalar(scalar) => scalar.to_integer(),
            Self::Object(id, _) => id.as_ref()?.to_integer(),
        }
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Item::Scalar(Scalar::Nothing))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Item::Scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Item::Scalar(Scalar::Integer(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        ScalarVisitor.visit_u64(value).map(Item::Scalar)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Item::Scalar(Scalar::Float(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Item::Scalar(Scalar::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        ScalarVisitor.visit_str(value).map(Item::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        ScalarVisitor.visit_seq(items).map(Item::Scalar)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut name) = (None, None);
        while let Some(member) = members.next_key::<Cow<'de, str>>()? {
            match &*member {
                "id" | "group_id" => id = Some(members.next_value()?),
                "name" => name = Some(members.next_value()?),
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Item::Object(id, name))
    }
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ItemVisitor)
    }
}

/// The items of a list, or of a map whose keys are only places.
struct Items<'a>(Vec<Item<'a>>);

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Items(Vec::new()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        if value {
            Err(E::custom("a truth value where a list is expected"))
        } else {
            self.visit_unit()
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Items(vec![Item::Scalar(Scalar::Integer(value))]))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Items(vec![ItemVisitor.visit_u64(value)?]))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Items(vec![Item::Scalar(Scalar::Float(value))]))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Items(vec![Item::Scalar(Scalar::Text(Cow::Borrowed(value)))]))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Items(vec![ItemVisitor.visit_str(value)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Items(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some((_, item)) = members.next_entry::<IgnoredAny, _>()? {
            all.push(item);
        }
        Ok(Items(all))
    }
}

fn items<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Item<'de>>, D::Error> {
    source.deserialize_any(ItemsVisitor).map(|items| items.0)
}

/// Texts: a list of texts or of objects with a `name`, or a single text. Empty ones are dropped.
pub(crate) fn texts<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    Ok(items(source)?.into_iter().filter_map(Item::into_text).collect())
}

/// Ids: a list of numbers, of digits or of objects with a `group_id` or `id`. Others are dropped.
pub(crate) fn ids<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<i64>, D::Error> {
    Ok(items(source)?
        .iter()
        .filter_map(Item::to_integer)
        .filter(|id| *id > 0)
        .collect())
}

/// [`texts`], or `None` where the shop says nothing: no such member, or `null`. An empty list says that there are none.
pub(crate) fn told_texts<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Told(Vec<String>);
    impl<'de> Deserialize<'de> for Told {
        fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
            texts(source).map(Self)
        }
    }
    Ok(Option::<Told>::deserialize(source)?.map(|told| told.0))
}

/// [`ids`], or `None` where the shop says nothing.
pub(crate) fn told_ids<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Vec<i64>>, D::Error> {
    struct Told(Vec<i64>);
    impl<'de> Deserialize<'de> for Told {
        fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
            ids(source).map(Self)
        }
    }
    Ok(Option::<Told>::deserialize(source)?.map(|told| told.0))
}

fn scalar_of(value: &serde_json::Value) -> Option<Scalar<'_>> {
    Scalar::deserialize(value).ok()
}

/// [`integer`] of a value already read.
pub(crate) fn integer_of(value: &serde_json::Value) -> Option<i64> {
    scalar_of(value)?.to_integer()
}

/// [`flag`] of a value already read.
pub(crate) fn flag_of(value: &serde_json::Value) -> Option<bool> {
    scalar_of(value)?.to_flag()
}

/// [`text`] of a value already read; `None` where it is no scalar.
pub(crate) fn text_of(value: &serde_json::Value) -> Option<String> {
    Some(scalar_of(value)?.into_text().into_owned())
}

#[cfg(test)]
mod tests;
