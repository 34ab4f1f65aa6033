//! Customers' addresses by the way in which the shop gives them out.

use std::collections::HashMap;

use shoper_api::users::AddressFilter;
use shoper_api::{AddressWay, UserAddress, UserId};

use crate::error::Error;
use crate::sides::ShopSide;

/// How a shop is asked for them.
pub type Way = (AddressWay, AddressFilter);

/// Customers that are asked for one by one, at most: whose addresses take longer than a page can wait are unknown.
const MOST_SINGLY: usize = 5;

/// Addresses by customer.
pub struct Addresses {
    by_customer: HashMap<UserId, Vec<UserAddress>>,
    asked: Vec<UserId>,
}

impl Addresses {
    /// Those of a customer; `None` where they could not be read, which is not to say that there are none.
    pub fn take(&mut self, id: UserId) -> Option<Vec<UserAddress>> {
        let rows = self.by_customer.remove(&id).unwrap_or_default();
        let is_read = self.asked.contains(&id) && rows.iter().all(|row| row.unreadable.is_empty());
        is_read.then_some(rows)
    }
}

/// The addresses of these customers. `way`: how the engine asks this shop.
pub async fn fetch(side: &ShopSide, ids: &[UserId], (mut way, mut filter): Way) -> Result<Addresses, Error> {
    loop {
        let mut found = Addresses {
            by_customer: HashMap::new(),
            asked: Vec::new(),
        };
        let pieces: Vec<&[UserId]> = match way {
            AddressWay::Together => ids.chunks(ids.len().max(1)).collect(),
            AddressWay::Singly => ids.chunks(1).take(MOST_SINGLY).collect(),
            AddressWay::Listed | AddressWay::NotAtAll => return Ok(found),
        };
        let mut is_refused = false;
        for piece in pieces {
            let asked = side.ask(|c| {
                let ids = piece.to_vec();
                async move { c.addresses_of(&ids, filter).await }
            });
            match asked.await {
                Ok(rows) => {
                    found.asked.extend(piece);
                    for row in rows {
                        found.by_customer.entry(row.user_id).or_default().push(row);
                    }
                }
                Err(shoper_api::Error::FilterUnsupported { .. }) => {
                    is_refused = true;
                    break;
                }
                Err(shoper_api::Error::Forbidden { .. }) => return Ok(found),
                Err(error) => return Err(error.into()),
            }
        }
        if !is_refused {
            return Ok(found);
        }
        (way, filter) = way.after_refusal(filter);
    }
}
