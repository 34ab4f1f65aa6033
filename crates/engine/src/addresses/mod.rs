//! Addresses of customers, in whichever way the shop lets itself be asked for them.
//!
//! Stands under `read.rs`. No filter of the list is documented (shoper-api.md E.2), so three ways are tried and what the
//! shop takes is remembered with the lane: many customers with one request, one customer with one request, and the list of
//! all addresses (`listed.rs`).
//! What cannot be read is not empty: fields mapped from it then keep what SARE has.

mod listed;

use std::collections::{HashMap, HashSet};
use sync_core::Topic;

use shoper_api::users::AddressFilter;
use shoper_api::{AddressWay, Cursor, Listed, Next, User, UserAddress, UserId};
use sync_core::mapping::Needs;

use crate::error::ShopCall;
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::LOOK_AGAIN_MS;

pub use listed::step;

/// Addresses by customer.
pub struct Addresses {
    rows: HashMap<UserId, Vec<UserAddress>>,
    /// Customers whose addresses the shop cannot put into words, or not so that they can be read.
    spoilt: HashSet<UserId>,
    /// Customers of whom it is not known that they have none.
    unknown: HashSet<UserId>,
    readable: bool,
}

/// One customer's addresses.
pub enum Mine {
    /// All there are.
    Read(Vec<UserAddress>),
    /// The shop does not give out anybody's, or not now.
    Unknown,
    /// This customer's cannot be read.
    Spoilt,
}

impl Addresses {
    /// Those of a customer.
    pub fn take(&mut self, id: UserId) -> Mine {
        let rows = self.rows.remove(&id).unwrap_or_default();
        if self.spoilt.contains(&id) || rows.iter().any(|row| !row.unreadable.is_empty()) {
            Mine::Spoilt
        } else if self.readable && !self.unknown.contains(&id) {
            Mine::Read(rows)
        } else {
            Mine::Unknown
        }
    }
}

/// Whether the merchant's mapping reads addresses of customers.
pub fn are_needed(s: &Session<'_>) -> bool {
    s.config().customers.mapping.needs().contains(Needs::ADDRESSES)
}

/// Whether the addresses of every customer that changes take a request of their own.
pub fn are_single(s: &Session<'_>) -> bool {
    are_needed(s) && matches!(s.state().address_way, AddressWay::Singly | AddressWay::Listed)
}

/// Whether the list of all addresses is to be read before those of customers can be told: for this run, or at all.
pub fn is_list_wanted(s: &Session<'_>, run: Option<i64>) -> bool {
    s.config().customers.enabled && are_needed(s) && listed::is_wanted(s, run)
}

/// Requests that a page of customers takes, as far as can be told.
pub fn requests_a_page(s: &Session<'_>) -> i64 {
    let way = s.state().address_way;
    match way {
        _ if s.config.is_none() || !are_needed(s) => 1,
        AddressWay::Together => 2,
        AddressWay::Singly => 51,
        AddressWay::Listed => 4,
        AddressWay::NotAtAll => 1,
    }
}

/// As much of a page of customers as there is room to ask for their addresses; the list goes on after it.
pub async fn fitting(
    s: &Session<'_>,
    mut listed: Listed<User>,
    at: (Cursor, u32),
    next: Option<Next>,
) -> Result<(Listed<User>, Option<Next>), Halt> {
    if !are_needed(s) {
        return Ok((listed, next));
    }
    let most = s.shop_permits();
    let way = s.state().address_way;
    let many = match way {
        AddressWay::Together | AddressWay::NotAtAll => listed.rows.len(),
        AddressWay::Singly => most,
        AddressWay::Listed => listed::fitting(s, &listed.rows, most).await?,
    };
    let next = listed::cut(&mut listed, many, at, next);
    Ok((listed, next))
}

/// Addresses of these customers, where the mapping asks for them.
pub async fn fetch(s: &Session<'_>, users: &[User], run: Option<i64>) -> ShopCall<Addresses> {
    let mut out = Addresses {
        rows: HashMap::new(),
        spoilt: HashSet::new(),
        unknown: HashSet::new(),
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
            AddressWay::Listed => {
                listed::fetch(s, &ids, run, &mut out).await?;
                return Ok(out);
            }
            AddressWay::NotAtAll => {
                out.readable = false;
                return Ok(out);
            }
        };
        match read(s, &ids, together, filter, &mut out).await {
            Ok(()) => return Ok(out),
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => {
                out.rows.clear();
                out.spoilt.clear();
                refused(s, way, filter);
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
    (state.address_way, state.address_filter())
}

async fn read(
    s: &Session<'_>,
    ids: &[UserId],
    together: usize,
    filter: AddressFilter,
    out: &mut Addresses,
) -> ShopCall<()> {
    let mut stack: Vec<&[UserId]> = ids.chunks(together.max(1)).rev().collect();
    while let Some(chunk) = stack.pop() {
        let asked = s.shoper_piece(|c| {
            let ids = chunk.to_vec();
            async move { c.addresses_of(&ids, filter).await }
        });
        match asked.await {
            Ok(rows) => {
                for row in rows {
                    out.rows.entry(row.user_id).or_default().push(row);
                }
            }
            // One address makes them all fail: each half by itself.
            Err(CallError::Api(error)) if error.may_be_the_call() => match chunk {
                [] => {}
                [one] => {
                    out.spoilt.insert(*one);
                }
                many => {
                    let (left, right) = many.split_at(many.len() / 2);
                    stack.extend([right, left]);
                }
            },
            Err(error) => return Err(error),
        }
    }
    if std::mem::take(&mut s.state().addresses_refused) {
        s.shop_problem_over(Topic::Addresses).await?;
    }
    Ok(())
}

/// The shop does not take the question: the next way is used from here on.
fn refused(s: &Session<'_>, way: AddressWay, filter: AddressFilter) {
    let now = s.now();
    let (next, filter) = way.after_refusal(filter);
    let mut state = s.state();
    state.all_addresses = filter == AddressFilter::All;
    if next != way {
        state.address_way = next;
        state.timers.addresses = state.timers.addresses.max(now + LOOK_AGAIN_MS);
    }
}
