//! What has changed in a list since a moment, by a filter that no public source proves (shoper-api.md I).
//!
//! A shop may honour it, ignore it, refuse it, or answer it with nothing whatever was asked. So nothing here is to be
//! believed before the list has shown that it knows the far future from the far past.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::subscribers::Subscriber;
use crate::users::{User, UserAddress};
use crate::wire::page::RawPage;

use super::{Row, Rows, query};

/// A list that may be asked for what has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeList {
    /// Newsletter subscribers.
    Subscribers,
    /// Customers.
    Users,
    /// Address books of customers.
    Addresses,
}

impl ChangeList {
    /// The list, as in its path.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Subscribers => Subscriber::RESOURCE,
            Self::Users => User::RESOURCE,
            Self::Addresses => UserAddress::RESOURCE,
        }
    }
}

/// `since` is in milliseconds since 1970; written by UTC, which Polish clocks are ahead of, so that rather more is asked for.
fn filter(since: i64) -> Option<Value> {
    let at = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(since).ok()?);
    Some(json!({ "updated_at": { ">=": at.strftime("%Y-%m-%d %H:%M:%S").to_string() } }))
}

impl Client {
    /// How many rows say that they changed at or after `since` (milliseconds since 1970); of all rows without one. `None`
    /// when the shop refuses the filter or does not count.
    ///
    /// # Errors
    /// Any [`Error`] of the request.
    pub async fn count_changed(&self, list: ChangeList, since: Option<i64>) -> Result<Option<u64>, Error> {
        let filters = since.and_then(filter);
        let answer = match self.get(list.resource(), &query(1, None, filters.as_ref())).await {
            Err(error) if filters.is_some() && error.refuses_filter() => return Ok(None),
            answer => answer?,
        };
        let page =
            RawPage::read(answer.json(), &answer.headers).ok_or_else(|| answer.not_understood("a list"))?;
        // What a count says is believed where the rows beside it do not contradict it.
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        Ok(page.count.filter(|count| *count >= rows))
    }

    /// Ids of the records that say that they changed at or after `since` (milliseconds since 1970): subscribers, or
    /// customers, of addresses whose they are.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`]; any [`Error`] of the requests.
    pub async fn changed(&self, list: ChangeList, since: i64) -> Result<Vec<i64>, Error> {
        let unsupported = Error::FilterUnsupported {
            resource: list.resource(),
            field: "updated_at",
        };
        let filters = filter(since).ok_or(unsupported)?;
        let mut ids = match list {
            ChangeList::Subscribers => self.ids_where::<Subscriber>(&filters, Row::id).await?,
            ChangeList::Users => self.ids_where::<User>(&filters, Row::id).await?,
            ChangeList::Addresses => {
                self.ids_where::<UserAddress>(&filters, |row| row.user_id.0)
                    .await?
            }
        };
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn ids_where<T: Row>(&self, filters: &Value, id: impl Fn(&T) -> i64) -> Result<Vec<i64>, Error> {
        let rows = self
            .list_where::<T>("updated_at", filters, |_| true, Rows::All)
            .await?;
        Ok(rows.iter().map(id).collect())
    }
}
