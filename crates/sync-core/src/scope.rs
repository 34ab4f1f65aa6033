//! Who is synchronised at all, and who may be confirmed: the merchant's rules on guests and on domains.
//!
//! Whoever is left out is left alone in SARE: nothing is added or updated. A withdrawal in the shop and a refusal in SARE
//! pass all the same.

use crate::config::{Config, WithoutAccount};
use crate::email::Email;

/// What a contact is synchronised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// As a customer.
    pub as_customer: bool,
    /// As a subscriber.
    pub as_subscriber: bool,
    /// It may be given status 8, should it consent.
    pub may_confirm: bool,
}

impl Scope {
    /// Whether it is synchronised.
    pub fn is_in(self) -> bool {
        self.as_customer || self.as_subscriber
    }
}

impl Config {
    /// What the contact is synchronised as. `accounts`: of each of its customers whether they have an account, where the
    /// shop says so; what is not said leaves nobody out and confirms nobody. `subscriber`: whether its subscriber rows
    /// are active, where it has any.
    pub fn scope(&self, email: &Email, accounts: &[Option<bool>], subscriber: Option<bool>) -> Scope {
        let is_left_out = self.leave_out.covers(email);
        let rule = self.customers.without_account;
        let has_account = accounts.contains(&Some(true));
        let is_guest = !accounts.is_empty() && accounts.iter().all(|account| *account == Some(false));
        let skips = rule == WithoutAccount::Skip && is_guest;
        let as_subscriber = self.subscribers.enabled && subscriber.is_some() && !is_left_out;
        Scope {
            as_customer: self.customers.enabled && !accounts.is_empty() && !is_left_out && !skips,
            as_subscriber,
            // Who is in the newsletter's list asked for it there, with an account or without.
            may_confirm: rule == WithoutAccount::AsOthers
                || accounts.is_empty()
                || has_account
                || (as_subscriber && subscriber == Some(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_what_the_merchant_makes_of_them() {
        let mut config = Config::default();
        config.customers.enabled = true;
        let email = Email::parse("jan@example.com").unwrap();
        let scope = |config: &Config, accounts: &[Option<bool>], subscriber| {
            let scope = config.scope(&email, accounts, subscriber);
            (scope.is_in(), scope.may_confirm)
        };
        let (guest, account, unsaid) = (Some(false), Some(true), None);
        assert_eq!(scope(&config, &[guest], None), (true, true));
        config.customers.without_account = WithoutAccount::Unconfirmed;
        assert_eq!(scope(&config, &[guest], None), (true, false));
        assert_eq!(
            scope(&config, &[unsaid], None),
            (true, false),
            "not said is no account"
        );
        assert_eq!(scope(&config, &[guest, account], None), (true, true));
        assert_eq!(
            scope(&config, &[guest], Some(true)),
            (true, false),
            "subscribers are not synchronised"
        );
        config.customers.without_account = WithoutAccount::Skip;
        assert_eq!(scope(&config, &[guest], None), (false, false));
        assert_eq!(
            scope(&config, &[unsaid], None),
            (true, false),
            "not said leaves nobody out"
        );
        config.subscribers.enabled = true;
        assert_eq!(
            scope(&config, &[guest], Some(true)),
            (true, true),
            "by the newsletter's list"
        );
        assert_eq!(scope(&config, &[guest], Some(false)), (true, false));
        assert_eq!(scope(&config, &[], Some(true)), (true, true));
        let relay = Email::parse("a@allegromail.pl").unwrap();
        assert!(!config.scope(&relay, &[account], Some(true)).is_in());
    }
}
