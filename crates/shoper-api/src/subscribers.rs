//! Subscribers of the newsletter (shoper-api.md E.5). The only link to a customer is the address.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::ids::SubscriberId;
use crate::lists::{ByIds, Cursor, Listed, Row, Rows, Stretch};
use crate::wire::created;
use crate::wire::lenient;

/// A subscriber.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Subscriber {
    /// `subscriber_id`
    #[serde(rename = "subscriber_id")]
    pub id: SubscriberId,
    /// Address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: String,
    /// Whether the subscription is active. What a `false` means, not yet confirmed or no longer wanted, is
    /// unknown (shoper-api.md E.5a). `None` where the shop does not say so in a way that can be read.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
    /// Added: `YYYY-MM-DD HH:MM:SS`, shop-local.
    #[serde(default, deserialize_with = "lenient::date")]
    pub dateadd: Option<String>,
    /// Language of mailings; the locale is in [`Client::languages`].
    #[serde(default, deserialize_with = "lenient::integer")]
    pub lang_id: Option<i64>,
    /// Subscriber groups; `None` where the shop does not say.
    #[serde(default, deserialize_with = "lenient::told_ids")]
    pub groups: Option<Vec<i64>>,
    /// Members that were there and could not be read, by their names: nothing is known of them, which is not the same as
    /// their being empty.
    #[serde(skip)]
    pub unreadable: Vec<String>,
    /// From where the person signed up (shoper-api.md I); `None` for whatever is no address of the internet.
    #[serde(default, deserialize_with = "lenient::ip_address")]
    pub ipaddress: Option<String>,
}

/// Id, flag and groups; nothing personal.
impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("id", &self.id)
            .field("active", &self.active)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl Subscriber {
    /// The member that holds the id.
    pub const ID_MEMBER: &'static str = <Self as Row>::ID;
}

impl Row for Subscriber {
    const RESOURCE: &'static str = "subscribers";
    const ID: &'static str = "subscriber_id";

    const ESSENTIAL: &'static [&'static str] = &["email", "active"];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn spoil(&mut self, members: Vec<String>) {
        self.unreadable = members;
    }
}

/// A change of a subscriber; `None` leaves a thing as it is. Send the groups back with every change: what
/// their absence does is not certain (shoper-api.md E.5).
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct SubscriberUpdate {
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the subscription is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Language of mailings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang_id: Option<i64>,
    /// All groups it is to be in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<i64>>,
}

/// Without the address.
impl fmt::Debug for SubscriberUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriberUpdate")
            .field("active", &self.active)
            .field("lang_id", &self.lang_id)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// A subscriber that is to be added.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NewSubscriber {
    /// Address.
    pub email: String,
    /// Whether the subscription is active.
    pub active: bool,
    /// Language of mailings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang_id: Option<i64>,
    /// Groups; without them the shop's default group is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<i64>>,
}

/// Without the address.
impl fmt::Debug for NewSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSubscriber")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A page of subscribers, in order of id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn subscribers(&self, cursor: Cursor) -> Result<Listed<Subscriber>, Error> {
        self.list(cursor).await
    }

    /// A part of a page of subscribers, where a whole one cannot be had.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn subscribers_in(&self, cursor: Cursor, of: Stretch) -> Result<Listed<Subscriber>, Error> {
        self.stretch(cursor, of).await
    }

    /// One subscriber.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn subscriber(&self, id: SubscriberId) -> Result<Subscriber, Error> {
        self.one(id.0, "a subscriber").await
    }

    /// Subscribers by id, fifty with one request.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`] where the list cannot be asked so; any [`Error`].
    pub async fn subscribers_by_ids(
        &self,
        ids: &[SubscriberId],
    ) -> Result<ByIds<Subscriber, SubscriberId>, Error> {
        self.list_by_ids(ids, |id| id.0).await
    }

    /// The subscriber with that address, however it is spelled. Whether addresses are unique is unknown; of
    /// several rows an inactive one is given first, as refusal wins.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`] where the list cannot be asked so; any [`Error`].
    pub async fn subscriber_by_email(&self, email: &str) -> Result<Option<Subscriber>, Error> {
        let mut rows = Vec::new();
        for spelling in address::spellings(email) {
            let filters = json!({ "email": spelling });
            let found = self
                .list_where(
                    "email",
                    &filters,
                    |row: &Subscriber| address::is_same(&row.email, email),
                    Rows::Readable,
                )
                .await?;
            rows.extend(found);
        }
        Ok(rows.into_iter().min_by_key(|row| match row.active {
            Some(false) => 0,
            None => 1,
            Some(true) => 2,
        }))
    }

    /// Subscribers that answer all `filters`, such as `("active", "1")`. `None` where the shop does not
    /// tell.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn count_subscribers(&self, filters: &[(&str, &str)]) -> Result<Option<u64>, Error> {
        self.count::<Subscriber>(filters).await
    }

    /// Adds a subscriber. Look the address up first: what the shop does with one it has is unknown
    /// (shoper-api.md H.15).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_subscriber(&self, new: &NewSubscriber) -> Result<SubscriberId, Error> {
        let answer = self.post(Subscriber::RESOURCE, new).await?;
        created(&answer, Subscriber::ID).map(SubscriberId)
    }

    /// Changes a subscriber.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, [`Error::Locked`] while it is edited; any [`Error`].
    pub async fn update_subscriber(&self, id: SubscriberId, update: &SubscriberUpdate) -> Result<(), Error> {
        self.put(Subscriber::RESOURCE, id.0, update).await
    }

    /// Deletes a subscriber.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn delete_subscriber(&self, id: SubscriberId) -> Result<(), Error> {
        self.delete(Subscriber::RESOURCE, id.0).await
    }
}
