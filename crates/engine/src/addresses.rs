//! Addresses of customers, in whichever way the shop lets itself be asked for them.
//!
//! Stands under `read.rs`. No filter of the list is documented (shoper-api.md E.2), so three ways are tried and what the
//! shop takes is remembered with the lane: many customers with one request, one customer with one request, not at all.
//! What cannot be read is not empty: fields mapped from it then keep what SARE has.

use std::collections::HashMap;

use shoper_api::users::AddressFilter;
use shoper_api::{Cursor, Listed, User, UserAddress, UserId};
use sync_core::config::Config;
use sync_core::mapping::{Needs, Target};

use crate::error::CallError;
use crate::read::ShopCall;
use crate::session::{LIVE_RESERVE, Session};
use crate::state::AddressWay;

/// Pause between looks whether a shop can be asked in a better way after all.
const LOOK_AGAIN_MS: i64 = 6 * 3_600_000;

/// Addresses by customer.
pub struct Addresses {
    rows: HashMap<UserId, Vec<UserAddress>>,
    readable: bool,
}

impl Addresses {
    /// Those of a customer; `None` where they cannot be read.
    pub fn take(&mut self, id: UserId) -> Option<Vec<UserAddress>> {
        self.readable.then(|| self.rows.remove(&id).unwrap_or_default())
    }
}

/// Whether the merchant's mapping reads addresses of customers.
pub fn are_needed(s: &Session<'_>) -> bool {
    s.config().customers.mapping.needs().contains(Needs::ADDRESSES)
}

/// What the mapping fills from addresses.
pub fn targets(config: &Config) -> impl Iterator<Item = &Target> {
    let rows = config.customers.mapping.rows().iter();
    rows.filter(|row| row.needs().contains(Needs::ADDRESSES))
        .map(|row| &row.target)
}

/// Whether every customer's addresses take a request of their own.
pub fn are_single(s: &Session<'_>) -> bool {
    are_needed(s) && s.state().address_way == AddressWay::Singly
}

/// As much of a page of customers as there is room to ask for addresses one by one; the list goes on after it.
pub fn fitting(s: &Session<'_>, mut listed: Listed<User>, cursor: Cursor) -> Listed<User> {
    if !are_single(s) {
        return listed;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of requests"
    )]
    let most = s.shoper_room(LIVE_RESERVE).max(1.0) as usize;
    let goes_by_id = listed.rows.windows(2).all(|pair| pair[0].id.0 < pair[1].id.0);
    if listed.rows.len() <= most || !goes_by_id {
        return listed;
    }
    listed.rows.truncate(most);
    let last = listed.rows[most - 1].id.0;
    listed.broken.retain(|row| row.id.is_some_and(|id| id <= last));
    listed.next = Some(match cursor {
        Cursor::After(_) => Cursor::After(last),
        Cursor::Page { page, .. } => Cursor::Page { page, after: last },
    });
    listed
}

/// Addresses of these customers, where the mapping asks for them.
pub async fn of(s: &Session<'_>, users: &[User]) -> ShopCall<Addresses> {
    let mut out = Addresses {
        rows: HashMap::new(),
        readable: true,
    };
    if users.is_empty() || !are_needed(s) {
        return Ok(out);
    }
    let ids: Vec<UserId> = users.iter().map(|u| u.id).collect();
    loop {
        let (way, filter) = way(s);
        let together = match way {
            AddressWay::Together => ids.len(),
            AddressWay::Singly => 1,
            AddressWay::NotAtAll => {
                out.readable = false;
                return Ok(out);
            }
        };
        match read(s, &ids, together, filter, &mut out).await {
            Ok(()) => return Ok(out),
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => {
                out.rows.clear();
                refused(s, way, filter).await?;
            }
            Err(CallError::Api(shoper_api::Error::Forbidden { resource })) => {
                s.not_permitted(&resource).await?;
                out.readable = false;
                return Ok(out);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The way to ask now. One that was given up is tried again once in a while.
fn way(s: &Session<'_>) -> (AddressWay, AddressFilter) {
    let now = s.now();
    let mut state = s.state();
    if state.address_way != AddressWay::Together && state.timers.addresses <= now {
        state.timers.addresses = now + LOOK_AGAIN_MS;
        state.address_way = AddressWay::Together;
    }
    let filter = if state.all_addresses {
        AddressFilter::All
    } else {
        AddressFilter::DefaultOnly
    };
    (state.address_way, filter)
}

async fn read(
    s: &Session<'_>,
    ids: &[UserId],
    together: usize,
    filter: AddressFilter,
    out: &mut Addresses,
) -> ShopCall<()> {
    for chunk in ids.chunks(together.max(1)) {
        let asked = s.shoper(|c| {
            let ids = chunk.to_vec();
            async move { c.addresses_of(&ids, filter).await }
        });
        for row in asked.await? {
            out.rows.entry(row.user_id).or_default().push(row);
        }
    }
    if std::mem::take(&mut s.state().addresses_refused) {
        s.shop_problem_over("addresses").await?;
    }
    Ok(())
}

/// The shop does not take the question: the next way is used from here on.
async fn refused(s: &Session<'_>, way: AddressWay, filter: AddressFilter) -> ShopCall<()> {
    let next = {
        let mut state = s.state();
        match (filter, way) {
            (AddressFilter::DefaultOnly, _) => {
                state.all_addresses = true;
                return Ok(());
            }
            (AddressFilter::All, AddressWay::Together) => AddressWay::Singly,
            (AddressFilter::All, _) => AddressWay::NotAtAll,
        }
    };
    let now = s.now();
    {
        let mut state = s.state();
        state.address_way = next;
        state.timers.addresses = state.timers.addresses.max(now + LOOK_AGAIN_MS);
        state.addresses_refused |= next == AddressWay::NotAtAll;
    }
    if next == AddressWay::NotAtAll {
        s.shop_problem("addresses", "addresses-not-readable", None)
            .await?;
    }
    Ok(())
}
