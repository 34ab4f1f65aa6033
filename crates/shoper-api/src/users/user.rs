//! Customers (shoper-api.md E.1).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::fields::FieldKind;
use crate::ids::UserId;
use crate::lists::{ByIds, Cursor, Listed, Row, Rows, Stretch};
use crate::wire::lenient;

/// A customer. Texts are as the shop has them, empty for none.
#[derive(Clone, PartialEq, Deserialize)]
pub struct User {
    /// `user_id`
    #[serde(rename = "user_id")]
    pub id: UserId,
    /// Login, often empty.
    #[serde(default, deserialize_with = "lenient::text")]
    pub login: String,
    /// Address, unique in the shop.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: String,
    /// First name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub firstname: String,
    /// Last name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub lastname: String,
    /// Whether the account is active.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
    /// Whether there is an account; a guest has none.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub registered: Option<bool>,
    /// Whether the address is confirmed.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub verify_email: Option<bool>,
    /// Whether the customer wants the newsletter; `None` where the shop does not say so in a way that can be read, which
    /// is neither a yes nor a no. Cannot be written (shoper-api.md E.5a).
    #[serde(default, deserialize_with = "lenient::flag")]
    pub newsletter: Option<bool>,
    /// Created: `YYYY-MM-DD HH:MM:SS`, shop-local.
    #[serde(default, deserialize_with = "lenient::date")]
    pub date_add: Option<String>,
    /// Last login, the same way; `None` when never.
    #[serde(default, deserialize_with = "lenient::date")]
    pub lastvisit: Option<String>,
    /// 0 shop, 1 Facebook, 2 mobile, 3 Allegro.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub origin: Option<i64>,
    /// The user group.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub group_id: Option<i64>,
    /// User groups; `None` where the shop does not say.
    #[serde(default, deserialize_with = "lenient::told_ids")]
    pub groups: Option<Vec<i64>>,
    /// Language at registration; the locale is in [`Client::languages`].
    #[serde(default, deserialize_with = "lenient::integer")]
    pub lang_id: Option<i64>,
    /// Discount in percent, as the shop writes it.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub discount: Option<String>,
    /// The administrator's note.
    #[serde(default, deserialize_with = "lenient::text")]
    pub comment: String,
    /// Tags: most likely their ids, perhaps their names (shoper-api.md I). Names are in [`Client::user_tags`]. `None` where
    /// the shop does not say.
    #[serde(default, deserialize_with = "lenient::told_texts")]
    pub tags: Option<Vec<String>>,
    /// Values of additional fields; what they are called is in [`Client::additional_fields`]. `None` where the shop does
    /// not say.
    #[serde(default, deserialize_with = "told_values")]
    pub additional_fields: Option<Vec<FieldValue>>,
    /// Points; only where the loyalty programme is on.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub loyalty_sum: Option<String>,
    /// Members that were there and could not be read, by their names: nothing is known of them, which is not the same as
    /// their being empty.
    #[serde(skip)]
    pub unreadable: Vec<String>,
}

/// Id and flags; nothing personal.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("registered", &self.registered)
            .field("newsletter", &self.newsletter)
            .finish_non_exhaustive()
    }
}

/// The value of an additional field of a customer.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldValue {
    /// Which field.
    pub field_id: i64,
    /// Its kind.
    pub kind: FieldKind,
    /// Where it is shown, a bitmask (shoper-api.md E.6).
    pub locate: i64,
    /// The value; of a select, the text of an option or the option's id.
    pub value: String,
}

/// The field, without the value.
impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldValue")
            .field("field_id", &self.field_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct WireValue {
    #[serde(default, deserialize_with = "lenient::integer")]
    field_id: Option<i64>,
    #[serde(default, rename = "type", deserialize_with = "lenient::integer")]
    kind: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    locate: Option<i64>,
    /// Documented.
    #[serde(default, deserialize_with = "lenient::texts")]
    value: Vec<String>,
    /// Seen live, with the same content.
    #[serde(default, deserialize_with = "lenient::texts")]
    field_value: Vec<String>,
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Vec<FieldValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values of additional fields")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::custom("a text where fields are expected"))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::with_capacity(items.size_hint().unwrap_or(0));
        while let Some(wire) = items.next_element::<WireValue>()? {
            all.extend(wire.field_id.map(|id| field_value(id, wire)));
        }
        Ok(all)
    }

    /// Keyed by the field's id, as values are written.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some((key, value)) = members.next_entry::<String, Value>()? {
            let value = if value.is_object() {
                value
            } else {
                json!({ "value": value })
            };
            let wire: WireValue =
                serde_json::from_value(value).map_err(|_| A::Error::custom("an odd field"))?;
            all.extend(
                wire.field_id
                    .or_else(|| key.parse().ok())
                    .map(|id| field_value(id, wire)),
            );
        }
        Ok(all)
    }
}

fn field_value(field_id: i64, wire: WireValue) -> FieldValue {
    let texts = if wire.value.is_empty() {
        wire.field_value
    } else {
        wire.value
    };
    FieldValue {
        field_id,
        kind: FieldKind::from_number(wire.kind.unwrap_or_default()),
        locate: wire.locate.unwrap_or_default(),
        value: texts.join(", "),
    }
}

fn told_values<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Vec<FieldValue>>, D::Error> {
    struct Told(Vec<FieldValue>);
    impl<'de> Deserialize<'de> for Told {
        fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
            source.deserialize_any(ValuesVisitor).map(Self)
        }
    }
    Ok(Option::<Told>::deserialize(source)?.map(|told| told.0))
}

impl User {
    /// The member that holds the id.
    pub const ID_MEMBER: &'static str = <Self as Row>::ID;
}

impl Row for User {
    const RESOURCE: &'static str = "users";
    const ID: &'static str = "user_id";

    const ESSENTIAL: &'static [&'static str] = &["email", "newsletter"];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn spoil(&mut self, members: Vec<String>) {
        self.unreadable = members;
    }
}

impl Client {
    /// A page of customers, in order of id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn users(&self, cursor: Cursor) -> Result<Listed<User>, Error> {
        self.list(cursor).await
    }

    /// A part of a page of customers, where a whole one cannot be had.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn users_in(&self, cursor: Cursor, of: Stretch) -> Result<Listed<User>, Error> {
        self.stretch(cursor, of).await
    }

    /// One customer.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn user(&self, id: UserId) -> Result<User, Error> {
        self.one(id.0, "a customer").await
    }

    /// Customers by id, fifty with one request.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`] where the list cannot be asked so; any [`Error`].
    pub async fn users_by_ids(&self, ids: &[UserId]) -> Result<ByIds<User, UserId>, Error> {
        self.list_by_ids(ids, |id| id.0).await
    }

    /// The customer with that address, however it is spelled.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`] where the list cannot be asked so; any [`Error`].
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        for spelling in address::spellings(email) {
            let filters = json!({ "email": spelling });
            let found = self
                .list_where(
                    "email",
                    &filters,
                    |user: &User| address::is_same(&user.email, email),
                    Rows::Readable,
                )
                .await?;
            if let Some(user) = found.into_iter().next() {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// Customers that answer all `filters`, such as `("newsletter", "1")`. `None` where the shop does not
    /// tell.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn count_users(&self, filters: &[(&str, &str)]) -> Result<Option<u64>, Error> {
        self.count::<User>(filters).await
    }
}
