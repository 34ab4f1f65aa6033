//! Small lists that give names to numbers: groups, tags, languages (shoper-api.md E.3–E.5, E.10).

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::lists::Row;
use crate::wire::lenient;

/// A group of customers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserGroup {
    /// `group_id`
    #[serde(rename = "group_id", deserialize_with = "lenient::id")]
    pub id: i64,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Discount in percent, as the shop writes it.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub discount: Option<String>,
}

/// A group of subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SubscriberGroup {
    /// `group_id`
    #[serde(rename = "group_id", deserialize_with = "lenient::id")]
    pub id: i64,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Whether new subscribers are put there.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub auto_add: Option<bool>,
}

/// A tag of customers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserTag {
    /// `tag_id`
    #[serde(rename = "tag_id", deserialize_with = "lenient::id")]
    pub id: i64,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// The language it is called so in.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub lang_id: Option<i64>,
}

/// A language of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Language {
    /// `lang_id`; differs between shops.
    #[serde(rename = "lang_id", deserialize_with = "lenient::id")]
    pub id: i64,
    /// Such as `pl_PL`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub locale: String,
    /// Whether it is used.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
}

macro_rules! row {
    ($name:ident, $resource:literal, $id:literal) => {
        impl Row for $name {
            const RESOURCE: &'static str = $resource;
            const ID: &'static str = $id;

            fn id(&self) -> i64 {
                self.id
            }
        }
    };
}

row!(UserGroup, "user-groups", "group_id");
row!(SubscriberGroup, "subscriber-groups", "group_id");
row!(UserTag, "user-tags", "tag_id");
row!(Language, "languages", "lang_id");

impl Client {
    /// All groups of customers.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn user_groups(&self) -> Result<Vec<UserGroup>, Error> {
        self.list_all().await
    }

    /// All groups of subscribers.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn subscriber_groups(&self) -> Result<Vec<SubscriberGroup>, Error> {
        self.list_all().await
    }

    /// All tags of customers.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn user_tags(&self) -> Result<Vec<UserTag>, Error> {
        self.list_all().await
    }

    /// All languages.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn languages(&self) -> Result<Vec<Language>, Error> {
        self.list_all().await
    }
}
