//! Customers' addresses as the engine reads them: the default ones, or all where the shop cannot tell them apart.

use std::collections::HashMap;

use shoper_api::users::AddressFilter;
use shoper_api::{UserAddress, UserId};

use crate::error::Error;
use crate::sides::ShopSide;

/// The customers' addresses; `all` when the shop is known not to filter by `default`. A shop that does not give them out
/// has none, as in a synchronisation.
pub async fn of(
    side: &ShopSide,
    ids: &[UserId],
    all: bool,
) -> Result<HashMap<UserId, Vec<UserAddress>>, Error> {
    let mut out: HashMap<UserId, Vec<UserAddress>> = HashMap::new();
    let mut filter = if all {
        AddressFilter::All
    } else {
        AddressFilter::DefaultOnly
    };
    if ids.is_empty() {
        return Ok(out);
    }
    loop {
        let asked = side.ask(|c| {
            let ids = ids.to_vec();
            async move { c.addresses_of(&ids, filter).await }
        });
        match asked.await {
            Ok(rows) => {
                for row in rows {
                    out.entry(row.user_id).or_default().push(row);
                }
                return Ok(out);
            }
            Err(shoper_api::Error::FilterUnsupported { .. }) if filter == AddressFilter::DefaultOnly => {
                filter = AddressFilter::All;
            }
            Err(shoper_api::Error::FilterUnsupported { .. } | shoper_api::Error::Forbidden { .. }) => {
                return Ok(out);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
