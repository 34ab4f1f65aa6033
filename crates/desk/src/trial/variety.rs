//! What is particular about a contact, and an order in which each shows something that those before it did not.

use std::collections::BTreeMap;

use engine::SubscriberExtra;
use shoper_api::{User, UserAddress};
use store::AddrHash;

/// A name longer than this is long.
const LONG_NAME: usize = 28;

/// What is particular about a record, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u32);

impl Features {
    const CUSTOMER: Self = Self(1);
    const SUBSCRIBER: Self = Self(1 << 1);
    const BOTH: Self = Self(1 << 2);
    const CONSENTS: Self = Self(1 << 3);
    const DOES_NOT_CONSENT: Self = Self(1 << 4);
    const GUEST: Self = Self(1 << 5);
    const LONG_NAME: Self = Self(1 << 6);
    const NAME_WITH_MARKS: Self = Self(1 << 7);
    const NO_NAME: Self = Self(1 << 8);
    const NO_PHONE: Self = Self(1 << 9);
    const PHONE_ABROAD: Self = Self(1 << 10);
    const ABROAD: Self = Self(1 << 11);
    const COMPANY: Self = Self(1 << 12);
    const ADDITIONAL: Self = Self(1 << 13);
    const IN_GROUPS: Self = Self(1 << 14);
    const SEVERAL_ADDRESSES: Self = Self(1 << 15);

    fn with(self, other: Self, if_so: bool) -> Self {
        if if_so { Self(self.0 | other.0) } else { self }
    }

    /// Those of a customer with its addresses.
    pub fn of_customer(user: &User, addresses: &[UserAddress]) -> Self {
        let name = format!("{} {}", user.firstname.trim(), user.lastname.trim());
        let name = name.trim();
        let phone = |address: &UserAddress| {
            let digits = address.phone.trim().to_owned();
            (!digits.is_empty()).then_some(digits)
        };
        let phones: Vec<String> = addresses.iter().filter_map(phone).collect();
        let abroad = |phone: &String| {
            (phone.starts_with('+') && !phone.starts_with("+48"))
                || (phone.starts_with("00") && !phone.starts_with("0048"))
        };
        Self::consenting(user.newsletter.unwrap_or(false))
            .with(Self::CUSTOMER, true)
            .with(Self::GUEST, user.registered == Some(false))
            .with(Self::LONG_NAME, name.chars().count() > LONG_NAME)
            .with(Self::NAME_WITH_MARKS, !name.is_ascii())
            .with(Self::NO_NAME, name.is_empty())
            .with(Self::NO_PHONE, phones.is_empty())
            .with(Self::PHONE_ABROAD, phones.iter().any(abroad))
            .with(
                Self::ABROAD,
                addresses
                    .iter()
                    .any(|one| !matches!(one.country_code.trim(), "" | "PL" | "pl")),
            )
            .with(
                Self::COMPANY,
                addresses.iter().any(|one| !one.company_name.trim().is_empty()),
            )
            .with(
                Self::ADDITIONAL,
                user.additional_fields
                    .iter()
                    .flatten()
                    .any(|field| !field.value.trim().is_empty()),
            )
            .with(Self::SEVERAL_ADDRESSES, addresses.len() > 1)
    }

    /// Those of a subscriber.
    pub fn of_subscriber(active: bool, extra: &SubscriberExtra) -> Self {
        Self::consenting(active).with(Self::SUBSCRIBER, true).with(
            Self::IN_GROUPS,
            extra.groups.as_ref().is_some_and(|all| !all.is_empty()),
        )
    }

    fn consenting(consents: bool) -> Self {
        if consents {
            Self::CONSENTS
        } else {
            Self::DOES_NOT_CONSENT
        }
    }
}

/// The contacts, each next one the one that shows most of what none before it showed. Once all is shown, it begins anew.
pub fn order(people: &BTreeMap<AddrHash, Vec<Features>>) -> Vec<AddrHash> {
    let mut left: Vec<(AddrHash, u32)> = people
        .iter()
        .map(|(hash, records)| {
            let all = records
                .iter()
                .fold(Features::default(), |all, one| Features(all.0 | one.0));
            let both = Features(Features::CUSTOMER.0 | Features::SUBSCRIBER.0);
            let all = all.with(Features::BOTH, all.0 & both.0 == both.0);
            (*hash, all.0)
        })
        .collect();
    let mut out = Vec::with_capacity(left.len());
    let mut shown = 0;
    while !left.is_empty() {
        let news = |features: u32| (features & !shown).count_ones();
        let best = (0..left.len()).max_by_key(|at| (news(left[*at].1), std::cmp::Reverse(left[*at].0)));
        let Some(best) = best else { break };
        if news(left[best].1) == 0 && shown != 0 {
            shown = 0;
            continue;
        }
        let (hash, features) = left.swap_remove(best);
        shown |= features;
        out.push(hash);
        if features == 0 {
            // Nothing is particular about those that are left.
            out.extend(left.drain(..).map(|(hash, _)| hash));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(n: u8, features: Features) -> (AddrHash, Vec<Features>) {
        (AddrHash([n; 16]), vec![features])
    }

    #[test]
    fn whoever_shows_something_new_comes_first_and_nobody_is_left_out() {
        let plain = Features::CUSTOMER.with(Features::CONSENTS, true);
        let mut people: BTreeMap<_, _> = (0..20).map(|n| found(n, plain)).collect();
        people.extend([
            found(
                30,
                plain
                    .with(Features::LONG_NAME, true)
                    .with(Features::COMPANY, true),
            ),
            found(31, Features::SUBSCRIBER.with(Features::DOES_NOT_CONSENT, true)),
            found(32, plain.with(Features::NO_PHONE, true)),
        ]);
        let order = order(&people);
        assert_eq!(order.len(), 23);
        let mut first: Vec<u8> = order[..3].iter().map(|hash| hash.0[0]).collect();
        first.sort_unstable();
        assert_eq!(first, [30, 31, 32]);
    }

    #[test]
    fn somebody_with_both_records_counts_as_such() {
        let (hash, mut both) = found(1, Features::CUSTOMER.with(Features::CONSENTS, true));
        both.extend(found(1, Features::SUBSCRIBER).1);
        let mut people: BTreeMap<_, _> = [(hash, both)].into();
        people.extend([found(2, Features::CUSTOMER), found(3, Features::SUBSCRIBER)]);
        assert_eq!(order(&people)[0], hash);
    }
}
