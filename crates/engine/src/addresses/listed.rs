//! Addresses of customers in a shop that can only be asked for the list of all of them.
//!
//! A run goes through that list once and notes of each address its number, whose it is and where it stands; of the address
//! itself nothing is kept. Then each block of customers costs the few pages on which theirs stand, and a single change the
//! one address by its own number. A customer is taken to have none only where the whole list was read.

use std::collections::{BTreeMap, HashSet};
use sync_core::{Cause, ProblemKind, Topic};

use shoper_api::{AddressWay, Cursor, Listed, Next, Stretch, User, UserAddress, UserId};
use store::{AddressPlace, Commit};

use crate::error::ShopCall;
use crate::error::{CallError, Halt, Side};
use crate::narrow::{Failed, Narrow};
use crate::session::Session;
use ports::millis;

use super::Addresses;
use crate::state::{Before, Pass};

/// Rows of a page.
const PAGE: i64 = Stretch::PAGE.rows as i64;
/// Pages read at most for what was added since the last pass.
const TAIL_PAGES: u32 = 3;

/// Whether the list is still to be read before addresses can be told: for this run, or at all.
pub fn is_wanted(s: &Session<'_>, run: Option<i64>) -> bool {
    let state = s.state();
    let pass = &state.address_pass;
    let is_ready = match run {
        Some(_) => pass.is_over && pass.for_run == run,
        None => pass.before.is_some(),
    };
    state.address_way == AddressWay::Listed && !is_ready
}

/// A stretch of the pass.
pub async fn step(s: &Session<'_>, run: Option<i64>) -> Result<(), Halt> {
    {
        let mut state = s.state();
        let pass = &mut state.address_pass;
        if pass.is_over || (run.is_some() && pass.for_run != run) {
            *pass = Pass {
                number: pass.number + 1,
                for_run: run,
                before: pass.before,
                ..Pass::default()
            };
        }
    }
    s.may_ask_shop()?;
    read_on(s).await
}

async fn read_on(s: &Session<'_>) -> Result<(), Halt> {
    let until = s.now() + millis(s.settings.slice) / 2;
    loop {
        let mut pass = s.state().address_pass;
        if let Some(narrow) = pass.narrow.filter(|narrow| narrow.until > s.now()) {
            return Err(waiting(narrow.until, Cause::ShopRecord));
        }
        let at = pass.at.unwrap_or(Cursor::Page { page: 1, after: 0 });
        let of = pass.narrow.map_or(Stretch::PAGE, |narrow| narrow.stretch());
        let asked = s
            .shoper_piece(|c| async move { c.addresses_in(at, of).await })
            .await;
        let mut commit = Commit::default();
        match asked {
            Ok(listed) => {
                commit.places = places(&listed, at, of, pass.number);
                pass.in_part |=
                    !listed.broken.is_empty() || pass.narrow.is_some_and(|narrow| narrow.passed > 0);
                go_on(&mut pass, at, &listed);
                if pass.is_over {
                    commit.stale_places = Some(pass.number);
                }
            }
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) if error.may_be_the_call() => {
                let mut narrow = pass.narrow.unwrap_or_else(|| Narrow::page(0));
                let failed = narrow.failed(s.now());
                pass.narrow = Some(narrow);
                s.state().address_pass = pass;
                s.commit(Commit::default()).await?;
                match failed {
                    Failed::GoOn => continue,
                    Failed::Again => return Err(waiting(narrow.until, Cause::ShopRecord)),
                    Failed::GaveUp => return not_at_all(s).await,
                }
            }
            Err(CallError::Api(shoper_api::Error::Forbidden { resource })) => {
                s.not_permitted(&resource).await?;
                return not_at_all(s).await;
            }
            Err(CallError::Api(_)) => return not_at_all(s).await,
        }
        s.state().address_pass = pass;
        s.commit(commit).await?;
        if pass.is_over {
            return report(s, pass).await;
        }
        if s.now() >= until {
            return Ok(());
        }
    }
}

fn waiting(until: i64, why: Cause) -> Halt {
    Halt::Wait {
        side: Side::Shoper,
        until,
        why,
    }
}

/// Where the pass goes on; a list that was met with rows missing is read once more.
fn go_on(pass: &mut Pass, at: Cursor, listed: &Listed<UserAddress>) {
    let next = pass.walk.on(at, listed);
    pass.narrow = match (next, pass.narrow) {
        (Some(next), Some(narrow)) => narrow.read(next),
        (Some(next), None) => Narrow::on(next.into),
        (None, _) => None,
    };
    pass.at = next.map(|next| next.cursor);
    if next.is_some() {
        return;
    }
    let missed = pass.walk.missed() > 0;
    if missed && !pass.again {
        *pass = Pass {
            number: pass.number,
            for_run: pass.for_run,
            again: true,
            in_part: pass.in_part,
            before: pass.before,
            ..Pass::default()
        };
        return;
    }
    pass.in_part |= missed;
    pass.is_over = true;
    pass.before = Some(Before {
        tail: at,
        in_part: pass.in_part,
    });
}

/// The shop gives out no list of addresses either.
async fn not_at_all(s: &Session<'_>) -> Result<(), Halt> {
    {
        let mut state = s.state();
        state.address_way = AddressWay::NotAtAll;
        state.addresses_refused = true;
        state.address_pass = Pass {
            number: state.address_pass.number,
            ..Pass::default()
        };
    }
    s.shop_problem(Topic::Addresses, ProblemKind::AddressesNotReadable, None)
        .await
}

async fn report(s: &Session<'_>, pass: Pass) -> Result<(), Halt> {
    if pass.in_part {
        return s
            .shop_problem(Topic::Addresses, ProblemKind::AddressesInPart, None)
            .await;
    }
    s.state().addresses_refused = false;
    s.shop_problem_over(Topic::Addresses).await
}

fn places(listed: &Listed<UserAddress>, at: Cursor, of: Stretch, pass: i64) -> Vec<AddressPlace> {
    let first = match at {
        // Part of a page that cannot be read as a whole.
        _ if of.rows != Stretch::PAGE.rows => None,
        Cursor::After(_) => None,
        Cursor::Page { page, .. } => Some((i64::from(page) - 1) * PAGE + i64::from(of.skip)),
    };
    let rows = listed.rows.iter().enumerate();
    rows.map(|(place, row)| AddressPlace {
        address: row.id,
        user: row.user_id.0,
        row: first.map(|first| first + i64::try_from(place).unwrap_or(0)),
        is_default: row.default == Some(true),
        pass,
    })
    .collect()
}

/// The one address of each customer that counts: the billing default, else the oldest.
fn counting(places: &[AddressPlace]) -> BTreeMap<i64, AddressPlace> {
    let mut best: BTreeMap<i64, AddressPlace> = BTreeMap::new();
    for place in places {
        let rank = |place: &AddressPlace| (!place.is_default, place.address);
        let one = best.entry(place.user).or_insert(*place);
        if rank(place) < rank(one) {
            *one = *place;
        }
    }
    best
}

/// The page on which an address stood; `None` where it is asked for by its number.
fn page_of(place: &AddressPlace) -> Option<u32> {
    u32::try_from(place.row? / PAGE + 1).ok()
}

/// How many of these customers, from the first one on, have addresses that take no more than so many requests.
pub async fn fitting(s: &Session<'_>, users: &[User], most: usize) -> Result<usize, Halt> {
    let ids: Vec<i64> = users.iter().map(|user| user.id.0).collect();
    let best = counting(&s.store.address_places(s.shop.id, &ids).await?);
    let (mut pages, mut requests) = (HashSet::new(), 0);
    for (place, id) in ids.iter().enumerate() {
        if let Some(one) = best.get(id) {
            requests += usize::from(page_of(one).is_none_or(|page| pages.insert(page)));
        }
        if requests > most {
            return Ok(place.max(1));
        }
    }
    Ok(ids.len())
}

/// Addresses of these customers: by pages where a run asks for many, each by its number where few are wanted.
pub async fn fetch(s: &Session<'_>, ids: &[UserId], run: Option<i64>, out: &mut Addresses) -> ShopCall<()> {
    if is_wanted(s, run) {
        if run.is_some() {
            // The list comes first.
            return Err(Halt::Wait {
                side: Side::Shoper,
                until: s.now(),
                why: Cause::ShopAddresses,
            }
            .into());
        }
        out.readable = false;
        return Ok(());
    }
    if run.is_none() {
        read_tail(s).await?;
    }
    let users: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let places = s.store.address_places(s.shop.id, &users).await?;
    let mut left = counting(&places);
    if run.is_some() {
        let mut pages: BTreeMap<u32, u32> = BTreeMap::new();
        for place in left.values() {
            if let Some(page) = page_of(place) {
                *pages.entry(page).or_default() += 1;
            }
        }
        for (page, _) in pages.into_iter().filter(|(_, wanted)| *wanted > 1) {
            let at = Cursor::Page { page, after: 0 };
            let asked = s.shoper_piece(|c| async move { c.addresses_in(at, Stretch::PAGE).await });
            match asked.await {
                Ok(listed) => listed.rows.into_iter().for_each(|row| keep(row, &mut left, out)),
                Err(CallError::Api(error)) if error.may_be_the_call() => by_number(s, page, &left).await?,
                Err(error) => return Err(error),
            }
        }
    }
    for (user, place) in left {
        // A pass made for this run says which one counts; in a change it may be another one by now.
        let is_sure = run.is_some() && !place.is_default;
        let others = places
            .iter()
            .filter(|other| other.user == user && other.address != place.address);
        let mut wanted: Vec<i64> = vec![place.address];
        wanted.extend(others.map(|other| other.address));
        read_alone(s, UserId(user), is_sure, &wanted, out).await?;
    }
    let pass = s.state().address_pass;
    let in_part = match run {
        Some(_) => pass.in_part,
        None => pass.before.is_some_and(|before| before.in_part),
    };
    if in_part {
        let without = ids.iter().filter(|id| !out.rows.contains_key(id));
        out.unknown.extend(without.copied().collect::<Vec<_>>());
    }
    Ok(())
}

/// A page cannot be read: its addresses are asked for by their numbers from here on, so that the next block has no more of
/// them than there are places for.
async fn by_number(s: &Session<'_>, page: u32, places: &BTreeMap<i64, AddressPlace>) -> Result<(), Halt> {
    let stood_there = places.values().filter(|place| page_of(place) == Some(page));
    let commit = Commit {
        places: stood_there
            .map(|place| AddressPlace { row: None, ..*place })
            .collect(),
        ..Commit::default()
    };
    s.commit(commit).await
}

/// Keeps a row if it is the one wanted of its customer, and still what it was.
fn keep(row: UserAddress, left: &mut BTreeMap<i64, AddressPlace>, out: &mut Addresses) {
    let is_wanted = left
        .get(&row.user_id.0)
        .is_some_and(|place| place.address == row.id && place.is_default == (row.default == Some(true)));
    if is_wanted {
        left.remove(&row.user_id.0);
        out.rows.entry(row.user_id).or_default().push(row);
    }
}

/// One customer's addresses by their numbers: the one that counted first, the others where it counts no more.
async fn read_alone(
    s: &Session<'_>,
    user: UserId,
    is_sure: bool,
    wanted: &[i64],
    out: &mut Addresses,
) -> ShopCall<()> {
    for id in wanted.iter().copied() {
        match s.shoper_piece(|c| async move { c.address(id).await }).await {
            Ok(row) if row.user_id == user => {
                let is_sure = is_sure || row.default == Some(true);
                out.rows.entry(user).or_default().push(row);
                if is_sure {
                    return Ok(());
                }
            }
            Ok(_) | Err(CallError::Api(shoper_api::Error::NotFound)) => {}
            Err(CallError::Api(error)) if error.may_be_the_call() => {
                out.spoilt.insert(user);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What was added to the list since it was read to its end.
async fn read_tail(s: &Session<'_>) -> ShopCall<()> {
    let pass = s.state().address_pass;
    let Some(mut before) = pass.before else {
        return Ok(());
    };
    for _ in 0..TAIL_PAGES {
        let at = before.tail;
        let asked = s.shoper_piece(|c| async move { c.addresses_in(at, Stretch::PAGE).await });
        let listed = match asked.await {
            Ok(listed) => listed,
            // Nothing new is known then; what is known counts.
            Err(CallError::Api(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let commit = Commit {
            places: places(&listed, at, Stretch::PAGE, pass.number),
            ..Commit::default()
        };
        let moved = match (&listed.next, at) {
            (Some(next), _) => Some(*next),
            // Rows went away: the end is nearer.
            (None, Cursor::Page { page, after }) if listed.rows.is_empty() && page > 1 => {
                Some(Cursor::Page {
                    page: page - 1,
                    after,
                })
            }
            (None, _) => None,
        };
        before.tail = moved.unwrap_or(at);
        s.state().address_pass.before = Some(before);
        if !commit.places.is_empty() {
            s.commit(commit).await?;
        }
        if moved.is_none() {
            return Ok(());
        }
    }
    Ok(())
}

/// Where the list goes on after the customers that fit.
pub fn cut(listed: &mut Listed<User>, many: usize, at: (Cursor, u32), next: Option<Next>) -> Option<Next> {
    let goes_by_id = listed.rows.windows(2).all(|pair| pair[0].id.0 < pair[1].id.0);
    if many == 0 || listed.rows.len() <= many || !goes_by_id {
        return next;
    }
    listed.rows.truncate(many);
    let last = listed.rows[many - 1].id.0;
    listed.broken.retain(|row| row.id.is_some_and(|id| id <= last));
    listed.nameless.retain(|id| *id <= last);
    let (cursor, into) = at;
    let cursor = match cursor {
        Cursor::After(_) => Cursor::After(last),
        Cursor::Page { page, .. } => Cursor::Page { page, after: last },
    };
    Some(Next { cursor, into })
}
