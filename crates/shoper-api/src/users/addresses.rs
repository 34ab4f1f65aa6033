//! Address books of customers (shoper-api.md E.2).

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::ids::UserId;
use crate::lists::{Cursor, LIMIT, Listed, Row, Rows, Stretch};
use crate::wire::lenient;

/// An entry of an address book. Texts are as the shop has them, empty for none.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct UserAddress {
    /// `address_book_id`
    #[serde(rename = "address_book_id", deserialize_with = "lenient::id")]
    pub id: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::text")]
    pub address_name: String,
    /// Company.
    #[serde(default, deserialize_with = "lenient::text")]
    pub company_name: String,
    /// NIP.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tax_identification_number: String,
    /// The Polish personal number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub pesel: String,
    /// First name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub firstname: String,
    /// Last name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub lastname: String,
    /// Street and number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub street_1: String,
    /// The rest of it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub street_2: String,
    /// City.
    #[serde(default, deserialize_with = "lenient::text")]
    pub city: String,
    /// Post code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub zip_code: String,
    /// Region.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state: String,
    /// Name of the country.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country: String,
    /// Code of the country, such as `PL`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country_code: String,
    /// Phone.
    #[serde(default, deserialize_with = "lenient::text")]
    pub phone: String,
    /// Whether bills go there.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub default: Option<bool>,
    /// Whether parcels go there.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub shipping_default: Option<bool>,
    /// Members that were there and could not be read, by their names: nothing is known of them, which is not the same as
    /// their being empty.
    #[serde(skip)]
    pub unreadable: Vec<String>,
}

/// Ids and flags; nothing personal.
impl fmt::Debug for UserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAddress")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("default", &self.default)
            .field("shipping_default", &self.shipping_default)
            .finish_non_exhaustive()
    }
}

impl Row for UserAddress {
    const RESOURCE: &'static str = "user-addresses";
    const ID: &'static str = "address_book_id";
    const ESSENTIAL: &'static [&'static str] = &["user_id"];

    fn id(&self) -> i64 {
        self.id
    }

    fn spoil(&mut self, members: Vec<String>) {
        self.unreadable = members;
    }
}

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressFilter {
    /// The billing default alone: one row a customer.
    DefaultOnly,
    /// The whole address book.
    All,
}

/// How a shop can be asked for addresses of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressWay {
    /// Those of many customers with one request.
    #[default]
    Together,
    /// Those of one customer with one request.
    Singly,
    /// Only in the list of all of them.
    Listed,
    /// Not by customer.
    NotAtAll,
}

impl AddressWay {
    /// What is asked next, by the way and filter, of a shop that does not take the question: no filter of the list is
    /// documented (shoper-api.md E.2).
    pub fn after_refusal(self, filter: AddressFilter) -> (Self, AddressFilter) {
        match (filter, self) {
            (AddressFilter::DefaultOnly, way) => (way, AddressFilter::All),
            (AddressFilter::All, Self::Together) => (Self::Singly, AddressFilter::All),
            (AddressFilter::All, _) => (Self::Listed, AddressFilter::All),
        }
    }
}

impl Client {
    /// Addresses of these customers, fifty customers with one request and one more for each further fifty
    /// addresses. Many guests have none. A single customer is asked for by plain equality, which a list may know that
    /// does not know of `in`.
    ///
    /// # Errors
    /// [`Error::FilterUnsupported`] where the list cannot be asked so; [`Error::NotUnderstood`] where it has a row of which
    /// not even the customer can be read; any [`Error`].
    pub async fn addresses_of(
        &self,
        ids: &[UserId],
        which: AddressFilter,
    ) -> Result<Vec<UserAddress>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(LIMIT as usize) {
            let wanted: HashSet<UserId> = chunk.iter().copied().collect();
            let whose = match chunk {
                [one] => json!(one),
                many => json!({ "in": many }),
            };
            let (field, filters) = match which {
                AddressFilter::All => ("user_id", json!({ "user_id": whose })),
                AddressFilter::DefaultOnly => ("default", json!({ "default": "1", "user_id": whose })),
            };
            let belongs = |row: &UserAddress| {
                wanted.contains(&row.user_id) && (which == AddressFilter::All || row.default != Some(false))
            };
            all.extend(self.list_where(field, &filters, belongs, Rows::All).await?);
        }
        Ok(all)
    }

    /// A part of a page of all addresses of all customers, in order of id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn addresses_in(&self, cursor: Cursor, of: Stretch) -> Result<Listed<UserAddress>, Error> {
        self.stretch(cursor, of).await
    }

    /// One address.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn address(&self, id: i64) -> Result<UserAddress, Error> {
        self.one(id, "an address").await
    }
}
