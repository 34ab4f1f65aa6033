//! What the shop says of one address: each record's word on consent, and what they make together.

use crate::config::ConsentRule;

/// One record's word on consent, before and now. A word is yes, no, or none: a member that is absent, null or no flag
/// says nothing (shoper-api.md D.5), which is never taken for a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// What the record says now; `None` = nothing that can be read.
    pub now: Option<bool>,
    /// What it said last; `None` = the record is new to us, or never said anything.
    pub before: Option<bool>,
    /// The record stood under another address when last seen.
    pub moved: bool,
    /// The record came into being after the shop had been read as a whole, so that its consent is a
    /// person's new act and not something old that we merely had not seen.
    pub fresh: bool,
    /// The record said nothing when last seen: what it says now may be older than what was learnt meanwhile.
    pub gap: bool,
    /// Of a customer, whether they have an account; `None` where the shop does not say so, and of a subscriber.
    pub account: Option<bool>,
}

impl Signal {
    /// A record seen for the first time, of unknown age.
    pub fn first(now: bool) -> Self {
        Self {
            now: Some(now),
            before: None,
            moved: false,
            fresh: false,
            gap: false,
            account: None,
        }
    }

    /// A record that came into being since the shop was read as a whole.
    pub fn fresh(now: bool) -> Self {
        Self {
            fresh: true,
            ..Self::first(now)
        }
    }

    /// A record that says what it said.
    pub fn same(now: bool) -> Self {
        Self::then(now, now)
    }

    /// A record seen before.
    pub fn then(before: bool, now: bool) -> Self {
        Self {
            before: Some(before),
            ..Self::first(now)
        }
    }

    /// A record that says nothing now.
    pub fn silent(before: Option<bool>) -> Self {
        Self {
            now: None,
            before,
            moved: false,
            fresh: false,
            gap: false,
            account: None,
        }
    }

    /// The record's word: what it says now, or else what it said last.
    pub fn word(self) -> Option<bool> {
        self.now.or(self.before)
    }

    /// It said yes and says no.
    pub(super) fn withdrew(self) -> bool {
        self.before == Some(true) && self.now == Some(false)
    }

    /// It says yes by a person's new act: it said no before, or came into being since. A record that came here from
    /// another address brings its yes along, and one that said nothing before may have meant it all the while.
    pub(super) fn opts_in(self) -> bool {
        let anew = match self.before {
            Some(before) => !before,
            None => self.fresh,
        };
        self.now == Some(true) && !self.moved && anew
    }
}

/// What the shop says of one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopView {
    /// Customers with this address (normally one).
    pub customers: Vec<Signal>,
    /// Subscribers with this address (normally one).
    pub subscribers: Vec<Signal>,
    /// What records said that were deleted from the shop since we last looked (proven by a 404).
    pub lost: Vec<bool>,
}

impl ShopView {
    /// Whether the shop has no record of the address.
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty() && self.subscribers.is_empty()
    }

    /// Of each customer whether they have an account, where the shop says so.
    pub fn accounts(&self) -> Vec<Option<bool>> {
        self.customers.iter().map(|signal| signal.account).collect()
    }

    /// Whether all subscriber rows are active; `None` where there are none.
    pub fn subscriber_active(&self) -> Option<bool> {
        let rows = self.subscribers.iter().map(|row| row.word() == Some(true));
        rows.reduce(|one, other| one && other)
    }

    pub(super) fn signals(&self) -> impl Iterator<Item = Signal> + '_ {
        self.customers.iter().chain(&self.subscribers).copied()
    }

    /// The records whose word is consent by the merchant's rule; without a customer, the subscriber's.
    pub(super) fn counting(&self, rule: ConsentRule) -> impl Iterator<Item = Signal> + '_ {
        let alone = self.customers.is_empty();
        let customers = if rule == ConsentRule::Subscriber {
            &[][..]
        } else {
            &self.customers
        };
        let subscribers = if rule == ConsentRule::Flag && !alone {
            &[][..]
        } else {
            &self.subscribers
        };
        customers.iter().chain(subscribers).copied()
    }
}

/// The shop's consent by the merchant's rule, past withdrawals not considered.
/// Two records of one kind that disagree count as no consent, and so does one that never said anything.
pub fn consent_by_rule(view: &ShopView, rule: ConsentRule) -> bool {
    let all = |signals: &[Signal]| !signals.is_empty() && signals.iter().all(|s| s.word() == Some(true));
    if view.customers.is_empty() {
        return all(&view.subscribers);
    }
    match rule {
        ConsentRule::Flag => all(&view.customers),
        ConsentRule::Subscriber => all(&view.subscribers),
        ConsentRule::FlagOrSubscriber => all(&view.customers) || all(&view.subscribers),
        ConsentRule::FlagAndSubscriber => all(&view.customers) && all(&view.subscribers),
    }
}
