//! How often what happens.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::act::Deed;

/// Weights of what may happen; only their proportions count. 0: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// New accounts.
    pub register: u32,
    /// Newsletter flags ticked.
    pub tick: u32,
    /// Newsletter flags cleared.
    pub untick: u32,
    /// Customers' addresses changed.
    pub move_customer: u32,
    /// Customers deleted.
    pub delete_customer: u32,
    /// Subscriptions.
    pub subscribe: u32,
    /// Subscriptions switched off.
    pub switch_off: u32,
    /// Subscribers' addresses changed.
    pub move_subscriber: u32,
    /// Subscribers deleted.
    pub delete_subscriber: u32,
    /// Customers who leave the newsletter altogether.
    pub leave_newsletter: u32,
    /// Orders.
    pub order: u32,
    /// Edits that have nothing to do with consent.
    pub edit: u32,
    /// Customers opened by an administrator, and closed again.
    pub open: u32,
    /// Clicks on the link for unsubscribing.
    pub click: u32,
    /// Clicks on the link for confirming.
    pub confirm: u32,
    /// Contacts signed out by an operator.
    pub sign_out: u32,
    /// Contacts blocked by an operator.
    pub block: u32,
    /// Other statuses set by an operator.
    pub set_status: u32,
    /// Contacts forgotten.
    pub forget: u32,
    /// Contacts deleted in SARE.
    pub delete: u32,
}

impl Default for Habits {
    /// Everything happens, consent most of all.
    fn default() -> Self {
        Self {
            register: 20,
            tick: 8,
            untick: 8,
            move_customer: 5,
            delete_customer: 3,
            subscribe: 16,
            switch_off: 8,
            move_subscriber: 2,
            delete_subscriber: 3,
            leave_newsletter: 4,
            order: 8,
            edit: 14,
            open: 3,
            click: 12,
            confirm: 6,
            sign_out: 2,
            block: 1,
            set_status: 2,
            forget: 1,
            delete: 2,
        }
    }
}

impl Habits {
    /// Nothing happens; to be filled in with struct update syntax.
    pub fn none() -> Self {
        Self {
            register: 0,
            tick: 0,
            untick: 0,
            move_customer: 0,
            delete_customer: 0,
            subscribe: 0,
            switch_off: 0,
            move_subscriber: 0,
            delete_subscriber: 0,
            leave_newsletter: 0,
            order: 0,
            edit: 0,
            open: 0,
            click: 0,
            confirm: 0,
            sign_out: 0,
            block: 0,
            set_status: 0,
            forget: 0,
            delete: 0,
        }
    }

    fn weights(&self) -> [(u32, Deed); 20] {
        [
            (self.register, Deed::Register),
            (self.tick, Deed::Tick),
            (self.untick, Deed::Untick),
            (self.move_customer, Deed::MoveCustomer),
            (self.delete_customer, Deed::DeleteCustomer),
            (self.subscribe, Deed::Subscribe),
            (self.switch_off, Deed::SwitchOff),
            (self.move_subscriber, Deed::MoveSubscriber),
            (self.delete_subscriber, Deed::DeleteSubscriber),
            (self.leave_newsletter, Deed::LeaveNewsletter),
            (self.order, Deed::Order),
            (self.edit, Deed::Edit),
            (self.open, Deed::Open),
            (self.click, Deed::Click),
            (self.confirm, Deed::Confirm),
            (self.sign_out, Deed::SignOut),
            (self.block, Deed::Block),
            (self.set_status, Deed::SetStatus),
            (self.forget, Deed::Forget),
            (self.delete, Deed::Delete),
        ]
    }

    /// Draws what is to happen; an edit where nothing is ever to.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Deed {
        let weights = self.weights();
        let sum: u32 = weights.iter().map(|(weight, _)| *weight).sum();
        let mut left = rng.random_range(0..sum.max(1));
        for (weight, deed) in weights {
            if left < weight {
                return deed;
            }
            left -= weight;
        }
        Deed::Edit
    }
}
