//! Who is synchronised at all, and who may be confirmed: the merchant's rules on guests and on relays of marketplaces.
//!
//! Whoever is left out is left alone in SARE: nothing is added or updated. A withdrawal in the shop and a refusal in SARE
//! pass all the same.

use std::fmt;

use crate::config::{Config, WithoutAccount};
use crate::email::Email;

/// Domains by which marketplaces hide their customers' addresses: mails to them reach nobody, or are forbidden
/// (shoper-api.md I).
pub const RELAYS: [&str; 5] = [
    "allegromail.*",
    "members.ebay.*",
    "marketplace.amazon.*",
    "pp-orders.zalan.do",
    "mail.erli.pl",
];

/// A domain with everything below it; with `.*` at its end, under any ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// In lower case, in its ASCII form, without `.*`.
    name: String,
    any_ending: bool,
}

impl Domain {
    /// Reads a domain as people write it: `allegromail.pl`, `@allegromail.pl`, `marketplace.amazon.*`. `None` for what is
    /// none, or would mean nearly everybody.
    pub fn parse(text: &str) -> Option<Self> {
        let text = crate::email::stripped(text);
        let text = text.trim_start_matches("*@").trim_start_matches('@');
        let text = text.strip_prefix("*.").unwrap_or(text);
        let (text, any_ending) = match text.strip_suffix(".*") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let name = idna::domain_to_ascii_strict(text).ok()?.to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        let is_usable = labels.iter().all(|label| !label.is_empty()) && (any_ending || labels.len() > 1);
        is_usable.then_some(Self { name, any_ending })
    }

    /// Whether addresses of `domain`, in lower case and ASCII, are meant.
    fn covers(&self, domain: &str) -> bool {
        let starts = std::iter::once(0).chain(domain.match_indices('.').map(|(at, _)| at + 1));
        for start in starts {
            let rest = &domain[start..];
            let ending = rest.strip_prefix(self.name.as_str());
            let found = match ending {
                // An ending has one or two parts: `.de`, `.co.uk`.
                Some(ending) if self.any_ending => {
                    ending.starts_with('.') && (1..=2).contains(&ending.matches('.').count())
                }
                Some(ending) => ending.is_empty(),
                None => false,
            };
            if found {
                return true;
            }
        }
        false
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(if self.any_ending { ".*" } else { "" })
    }
}

/// Addresses that are not synchronised, by their domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveOut {
    pub domains: Vec<Domain>,
}

impl LeaveOut {
    /// Nobody.
    pub fn nobody() -> Self {
        Self { domains: Vec::new() }
    }

    /// Whether the address is left out.
    pub fn covers(&self, email: &Email) -> bool {
        let domain = email.key().rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.iter().any(|known| known.covers(domain))
    }
}

/// For a new configuration: the relays of marketplaces.
impl Default for LeaveOut {
    fn default() -> Self {
        Self {
            domains: RELAYS.iter().filter_map(|text| Domain::parse(text)).collect(),
        }
    }
}

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

    fn is_left_out(domains: &[&str], email: &str) -> bool {
        let domains = domains.iter().map(|text| Domain::parse(text).unwrap()).collect();
        LeaveOut { domains }.covers(&Email::parse(email).unwrap())
    }

    #[test]
    fn a_domain_means_everything_below_it_and_a_star_any_ending() {
        let ours = [
            "Allegromail.PL",
            "@mail.erli.pl",
            "marketplace.amazon.*",
            "żółw.pl",
        ];
        for email in [
            "a+1@allegromail.pl",
            "a@x.allegromail.pl",
            "a@MAIL.erli.pl",
            "a@marketplace.amazon.de",
            "a@marketplace.amazon.co.uk",
            "a@xn--w-uga1v8h.pl",
        ] {
            assert!(is_left_out(&ours, email), "{email}");
        }
        for email in [
            "a@notallegromail.pl",
            "a@allegromail.pl.example.com",
            "a@erli.pl",
            "a@amazon.de",
            "a@marketplace.amazon.de.evil.example",
        ] {
            assert!(!is_left_out(&ours, email), "{email}");
        }
        assert!(!is_left_out(&[], "a@allegromail.pl"));
    }

    #[test]
    fn what_means_nearly_everybody_is_no_domain() {
        for text in [
            "",
            "*",
            "*.*",
            ".*",
            "pl",
            "*.pl",
            "a b.pl",
            "allegro",
            "a..pl",
            "jan@example.com",
        ] {
            assert_eq!(Domain::parse(text), None, "{text:?}");
        }
        assert_eq!(
            Domain::parse(" *@Allegromail.* ").unwrap().to_string(),
            "allegromail.*"
        );
        assert_eq!(LeaveOut::default().domains.len(), RELAYS.len());
    }

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
