//! One contact of an `email/add` or `email/edit` body as it is sent (sare-api.md 5), before anything
//! is decided about it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The members of a contact. An absent member is `None`; `null` is an empty text or nothing.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub email: Option<Cow<'a, str>>,
    pub gsm: Option<Cow<'a, str>>,
    pub status: Option<i64>,
    pub groups: Option<Vec<Value>>,
    pub name: Option<Cow<'a, str>>,
    pub interface: Option<i64>,
    pub mail_type: Option<Vec<String>>,
    pub comment: Option<Cow<'a, str>>,
    pub prop: Map<String, Value>,
    pub prop_cust: Map<String, Value>,
    /// A member that no source knows.
    pub unknown: Option<String>,
}

/// A text that borrows from the body where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(Some(
        map.next_value::<Option<Text<'de>>>()?
            .map_or(Cow::Borrowed(""), |text| text.0),
    ))
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Item<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a contact")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
                let mut item = Item::default();
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    match name.as_ref() {
                        "email" => item.email = text(&mut map)?,
                        "gsm" => item.gsm = text(&mut map)?,
                        "status" => item.status = map.next_value()?,
                        "groups" => item.groups = map.next_value()?,
                        "name" => item.name = text(&mut map)?,
                        "interface" => item.interface = map.next_value()?,
                        "mail_type" => item.mail_type = map.next_value()?,
                        "comment" => item.comment = text(&mut map)?,
                        "prop" => item.prop = map.next_value()?,
                        "prop_cust" => item.prop_cust = map.next_value()?,
                        other => {
                            item.unknown = Some(other.to_owned());
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(item)
            }
        }
        deserializer.deserialize_map(Members)
    }
}
