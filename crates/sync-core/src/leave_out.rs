//! Addresses that are not synchronised, by their domains: relays of marketplaces, and what the merchant adds.

use std::fmt;

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
}
