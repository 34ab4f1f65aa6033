//! How much may be asked of a shop and of its SARE account now: shared by all callers in this process.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ports::Millis;

use crate::{Bucket, BySide, Side, Urgency};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One service's bucket, and who waits for a place in it.
#[derive(Debug)]
struct Line {
    bucket: Bucket,
    /// By when their turn is, and by number.
    waiting: BTreeSet<(Millis, u64)>,
    last: u64,
}

/// The two buckets of one shop.
#[derive(Debug)]
pub struct Limiter {
    account: Option<String>,
    lines: BySide<Arc<Mutex<Line>>>,
}

impl Limiter {
    /// A limiter that begins with these levels.
    pub fn new(buckets: BySide<Bucket>) -> Self {
        let line = |bucket| Line {
            bucket,
            waiting: BTreeSet::new(),
            last: 0,
        };
        Self {
            account: None,
            lines: buckets.map(|bucket| Arc::new(Mutex::new(line(bucket)))),
        }
    }

    /// A service's bucket as it is now.
    pub fn bucket(&self, side: Side) -> Bucket {
        lock(&self.lines[side]).bucket
    }

    /// Changes what is known of a service's bucket.
    pub fn change(&self, side: Side, change: impl FnOnce(&mut Bucket)) {
        change(&mut lock(&self.lines[side]).bucket);
    }

    /// Gets in line for a place of a request that was first to be made at `since`.
    pub fn enter(&self, side: Side, urgency: Urgency, since: Millis) -> Ticket {
        let line = Arc::clone(&self.lines[side]);
        let place = {
            let mut line = lock(&line);
            line.last += 1;
            let place = (since + urgency.patience(), line.last);
            line.waiting.insert(place);
            place
        };
        Ticket {
            line,
            place,
            reserve: urgency.reserve(side),
        }
    }

    /// Takes over levels that were stored where they are newer than what is known here: another process may have asked
    /// meanwhile.
    fn catch_up(&self, stored: BySide<Bucket>) {
        for side in Side::BOTH {
            let bucket = &mut lock(&self.lines[side]).bucket;
            if stored[side].at > bucket.at {
                *bucket = stored[side];
            }
        }
    }
}

/// A place in line; left when dropped.
pub struct Ticket {
    line: Arc<Mutex<Line>>,
    place: (Millis, u64),
    reserve: f64,
}

impl Ticket {
    /// Takes a permit if enough are left for those before this one, or says when to ask again.
    ///
    /// # Errors
    /// The time at which it may be its turn.
    pub fn take(&self, now: Millis) -> Result<(), Millis> {
        /// Who waits looks again after so long: others may have left, and the service may have told more.
        const LOOK_AGAIN_MS: Millis = 1_000;
        let mut line = lock(&self.line);
        let before = line.waiting.range(..self.place).count();
        let is_overdue = self.place.0 < now;
        let reserve = if is_overdue {
            self.reserve.min(0.0)
        } else {
            self.reserve
        };
        let turn = line.bucket.turn_at(now, before, reserve);
        if turn > now {
            return Err(turn.min(now + LOOK_AGAIN_MS));
        }
        line.bucket.spend(now, 1.0);
        Ok(())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.line).waiting.remove(&self.place);
    }
}

/// The limiters of a process. One that nobody holds any more is forgotten: what it knew is stored with the lane.
#[derive(Debug, Clone, Default)]
pub struct Limiters(Arc<Mutex<All>>);

#[derive(Debug, Default)]
struct All {
    shops: HashMap<i64, Weak<Limiter>>,
    /// Those of SARE accounts, which several shops may share.
    accounts: HashMap<String, Weak<Mutex<Line>>>,
}

/// Forgotten ones are swept out whenever so many have been added.
const SWEEP: usize = 256;

impl Limiters {
    /// The limiter of a SARE account that belongs to no shop yet: its pace is shared with the shops of the account.
    pub fn of_account(&self, account: &str, fresh: BySide<Bucket>) -> Arc<Limiter> {
        let mut limiter = Limiter::new(fresh);
        limiter.account = Some(account.to_owned());
        if let Some(shared) = lock(&self.0).accounts.get(account).and_then(Weak::upgrade) {
            limiter.lines.sare = shared;
        }
        Arc::new(limiter)
    }

    /// The limiter of a shop with this SARE account. `stored`: the levels kept with its lane.
    pub fn of(&self, shop: i64, account: Option<&str>, stored: BySide<Bucket>) -> Arc<Limiter> {
        let mut all = lock(&self.0);
        let known = all.shops.get(&shop).and_then(Weak::upgrade);
        if let Some(limiter) = known.filter(|limiter| limiter.account.as_deref() == account) {
            limiter.catch_up(stored);
            return limiter;
        }
        if all.shops.len() % SWEEP == SWEEP - 1 {
            all.shops.retain(|_, limiter| limiter.strong_count() > 0);
            all.accounts.retain(|_, line| line.strong_count() > 0);
        }
        let mut limiter = Limiter::new(stored);
        if let Some(account) = account {
            limiter.account = Some(account.to_owned());
            match all.accounts.get(account).and_then(Weak::upgrade) {
                Some(shared) => limiter.lines.sare = shared,
                None => {
                    let line = Arc::downgrade(&limiter.lines.sare);
                    all.accounts.insert(account.to_owned(), line);
                }
            }
        }
        let limiter = Arc::new(limiter);
        all.shops.insert(shop, Arc::downgrade(&limiter));
        limiter
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl Limiter {
        fn take_place(&self, side: Side, urgency: Urgency, now: Millis) -> Result<(), Millis> {
            self.enter(side, urgency, now).take(now)
        }
    }

    fn of_both(bucket: Bucket) -> BySide<Bucket> {
        BySide {
            shoper: bucket,
            sare: bucket,
        }
    }

    fn buckets() -> BySide<Bucket> {
        of_both(Bucket::new(4.0, 2.0))
    }

    #[test]
    fn all_callers_of_a_shop_share_its_places_and_no_other_shops() {
        let limiters = Limiters::default();
        let one = limiters.of(1, None, buckets());
        for _ in 0..4 {
            assert_eq!(one.take_place(Side::Shoper, Urgency::Live, 1_000), Ok(()));
        }
        let same = limiters.of(1, None, buckets());
        assert_eq!(same.take_place(Side::Shoper, Urgency::Live, 1_000), Err(1_500));
        assert_eq!(same.take_place(Side::Sare, Urgency::Live, 1_000), Ok(()));
        let other = limiters.of(2, None, buckets());
        assert_eq!(other.take_place(Side::Shoper, Urgency::Live, 1_000), Ok(()));
    }

    #[test]
    fn bulk_work_leaves_places_to_what_is_live() {
        let limiter = Limiter::new(of_both(Bucket::new(10.0, 1.0)));
        let mut taken = 0;
        while limiter.take_place(Side::Shoper, Urgency::Bulk, 0).is_ok() {
            taken += 1;
        }
        assert_eq!(taken, 7);
        for _ in 0..3 {
            assert_eq!(limiter.take_place(Side::Shoper, Urgency::Live, 0), Ok(()));
        }
        assert_eq!(limiter.take_place(Side::Shoper, Urgency::Live, 0), Err(1_000));
    }

    #[test]
    fn what_was_stored_later_counts_and_a_limiter_that_nobody_holds_is_forgotten() {
        let limiters = Limiters::default();
        let one = limiters.of(1, None, buckets());
        one.change(Side::Shoper, |bucket| bucket.spend(1_000, 3.0));
        let mut stored = buckets();
        stored.shoper.spend(2_000, 4.0);
        assert_eq!(
            limiters.of(1, None, stored).bucket(Side::Shoper).level(2_000),
            4.0
        );
        assert_eq!(
            limiters.of(1, None, buckets()).bucket(Side::Shoper).level(2_000),
            4.0
        );
        drop(one);
        assert_eq!(
            limiters.of(1, None, buckets()).bucket(Side::Shoper).level(2_000),
            0.0
        );
    }

    #[test]
    fn shops_of_one_sare_account_share_its_places_alone() {
        let limiters = Limiters::default();
        let one = limiters.of(1, Some("77"), buckets());
        let two = limiters.of(2, Some("77"), buckets());
        let other = limiters.of(3, Some("78"), buckets());
        for _ in 0..3 {
            assert_eq!(one.take_place(Side::Sare, Urgency::Live, 1_000), Ok(()));
        }
        assert_eq!(two.take_place(Side::Sare, Urgency::Live, 1_000), Err(1_500));
        assert_eq!(two.take_place(Side::Shoper, Urgency::Live, 1_000), Ok(()));
        assert_eq!(other.take_place(Side::Sare, Urgency::Live, 1_000), Ok(()));
        // A shop that is connected to another account has that one's places.
        let moved = limiters.of(2, Some("78"), buckets());
        assert_eq!(moved.take_place(Side::Sare, Urgency::Live, 1_000), Ok(()));
    }

    #[test]
    fn a_key_that_is_tried_keeps_the_pace_of_the_shops_of_its_account() {
        let limiters = Limiters::default();
        let shop = limiters.of(1, Some("77"), buckets());
        for _ in 0..3 {
            assert_eq!(shop.take_place(Side::Sare, Urgency::Live, 1_000), Ok(()));
        }
        let tried = limiters.of_account("77", buckets());
        assert_eq!(tried.take_place(Side::Sare, Urgency::Person, 1_000), Err(1_500));
        let other = limiters.of_account("78", buckets());
        assert_eq!(other.take_place(Side::Sare, Urgency::Person, 1_000), Ok(()));
    }

    /// Lets requests of these kinds, which come at these times, have their turn in a full bucket: the order in which they do.
    fn order(requests: &[(Urgency, Millis)]) -> Vec<usize> {
        let mut bucket = Bucket::new(10.0, 2.0);
        bucket.spend(0, 10.0);
        let limiter = Limiter::new(of_both(bucket));
        let (mut tickets, mut order) = (BTreeMap::new(), Vec::new());
        for now in (0..600_000).step_by(50) {
            for (number, (urgency, at)) in requests.iter().enumerate() {
                if *at == now {
                    tickets.insert(number, limiter.enter(Side::Shoper, *urgency, now));
                }
            }
            let went: Vec<usize> = tickets
                .iter()
                .filter_map(|(number, ticket)| ticket.take(now).is_ok().then_some(*number))
                .collect();
            for number in went {
                tickets.remove(&number);
                order.push(number);
            }
        }
        order
    }

    #[test]
    fn the_most_urgent_goes_first_and_of_one_kind_who_came_first() {
        use Urgency::{Bulk, Live, New, Person, Poll};
        let kinds = [Bulk, Poll, New, Live, Person];
        assert_eq!(order(&kinds.map(|kind| (kind, 0))), [4, 3, 2, 1, 0]);
        assert_eq!(
            order(&[(Bulk, 0), (Bulk, 50), (Live, 100), (Bulk, 150)]),
            [2, 0, 1, 3]
        );
    }

    #[test]
    fn nothing_waits_for_ever_behind_what_is_more_urgent() {
        // Somebody looks at pages all the time, at twice the pace that there is.
        let mut requests = vec![(Urgency::Bulk, 0)];
        requests.extend((0..400).map(|n| (Urgency::Person, n * 250)));
        let order = order(&requests);
        let place = order.iter().position(|number| *number == 0);
        assert_eq!(place, Some(120), "after those who came within its patience");
    }

    #[test]
    fn who_gives_up_keeps_nobody_waiting() {
        let limiter = Limiter::new(of_both(Bucket::new(2.0, 1.0)));
        let gone = limiter.enter(Side::Sare, Urgency::Live, 0);
        let next = limiter.enter(Side::Sare, Urgency::Live, 0);
        assert_eq!(next.take(0), Err(1_000));
        drop(gone);
        assert_eq!(next.take(0), Ok(()));
    }
}
