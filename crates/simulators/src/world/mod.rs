//! People: a seeded driver of simulated shops and SARE accounts, and a judge of what the software between
//! them did.
//!
//! [`World::step`] lets one thing happen, drawn from a seed: a customer registers, changes their mind or
//! their address, orders or goes; the staff edit or open a record; a recipient clicks in SARE; an operator
//! blocks, signs out, forgets or deletes. It says what as an [`Act`], which holds numbers and no personal
//! data. The same seed, the same shops and the same client give the same history.
//!
//! [`World::violations`] is the judge: nobody who refused, in SARE or in the shop, may be made mailable or be
//! sent a request for confirmation by the API without a newer opt-in. It looks at the accounts' own logs,
//! which tell a call of the API from a person's click, and at the world's own record of what people said
//! ([`Refusal`]), and at nothing that the client under test says of itself.
//!
//! - `act`: what can happen; `habits`: how often;
//! - `shop`: what happens in a shop; `account`: what happens in SARE;
//! - `record`: who said yes and no, where and when; `oracle`: the judge.

mod account;
mod act;
mod habits;
mod oracle;
mod record;
mod shop;

use std::collections::VecDeque;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use self::act::{Act, Deed, Edited};
pub use self::habits::Habits;
pub use self::oracle::{Made, Violation};
use self::record::Record;
pub use self::record::{Refusal, Where};
use crate::data::Generator;
use crate::sare::Account;
use crate::shoper::Shop;

/// Shops, their accounts, and the people around them.
pub struct World {
    rng: ChaCha8Rng,
    people: Generator,
    habits: Habits,
    sites: Vec<Site>,
    violations: Vec<Violation>,
}

/// One shop with its account.
struct Site {
    shop: Shop,
    account: Account,
    record: Record,
    /// Events of the account that were looked at.
    seen: usize,
    /// Customers whom an administrator has open, oldest first.
    open: VecDeque<i64>,
}

/// Addresses made up by a world are numbered from here, so that they meet nobody's whom
/// [`crate::data::populate`] made up.
const FIRST_SERIAL: u64 = 1_000_000_000;

impl World {
    /// A world of these shops; each belongs to the account in the same place. What they hold already is taken
    /// as it is: statuses in SARE may be refusals, and what the shop says counts from now.
    ///
    /// # Panics
    /// When there are not as many accounts as shops, or none.
    pub fn new(seed: u64, shops: Vec<Shop>, accounts: Vec<Account>) -> Self {
        Self::with_habits(seed, shops, accounts, Habits::default())
    }

    /// The same with other habits.
    ///
    /// # Panics
    /// As [`World::new`].
    pub fn with_habits(seed: u64, shops: Vec<Shop>, accounts: Vec<Account>, habits: Habits) -> Self {
        assert!(
            !shops.is_empty() && shops.len() == accounts.len(),
            "every shop has one account"
        );
        let site = |(shop, account): (Shop, Account)| Site {
            record: Record::new(shop.now()),
            shop,
            account,
            seen: 0,
            open: VecDeque::new(),
        };
        let mut world = Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            people: Generator::numbered_from(seed, FIRST_SERIAL),
            habits,
            sites: shops.into_iter().zip(accounts).map(site).collect(),
            violations: Vec::new(),
        };
        world.observe();
        world
    }

    /// Lets one thing happen now, by the clock of the shops and accounts, and says what. Time does not pass.
    pub fn step(&mut self) -> Act {
        self.observe();
        let shop = self.rng.random_range(0..self.sites.len());
        // Somebody drawn may be unable to do what was drawn, so that a few are tried.
        for _ in 0..8 {
            let deed = self.habits.draw(&mut self.rng);
            if let Some(act) = self.carry_out(shop, deed) {
                self.observe();
                return act;
            }
        }
        Act::Nothing { shop }
    }

    /// What the API has done so far that it must not. Empty is right.
    pub fn violations(&mut self) -> Vec<Violation> {
        self.observe();
        self.violations.clone()
    }

    /// The refusal that stands for an address of a shop, as the world knows it.
    pub fn refusal(&mut self, shop: usize, email: &str) -> Option<Refusal> {
        self.observe();
        self.sites.get(shop)?.record.refusal(email)
    }

    fn carry_out(&mut self, shop: usize, deed: Deed) -> Option<Act> {
        match deed {
            Deed::Register
            | Deed::Tick
            | Deed::Untick
            | Deed::MoveCustomer
            | Deed::DeleteCustomer
            | Deed::Subscribe
            | Deed::SwitchOff
            | Deed::MoveSubscriber
            | Deed::DeleteSubscriber
            | Deed::LeaveNewsletter
            | Deed::Order
            | Deed::Edit
            | Deed::Open => self.in_shop(shop, deed),
            Deed::Click
            | Deed::Confirm
            | Deed::SignOut
            | Deed::Block
            | Deed::SetStatus
            | Deed::Forget
            | Deed::Delete => self.in_sare(shop, deed),
        }
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.random::<f64>() < share
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        items.choose(&mut self.rng).copied()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("shops", &self.sites.len())
            .field("violations", &self.violations)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
