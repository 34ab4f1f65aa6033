//! What happens in SARE: clicks of recipients, work of operators.

use rand::RngExt;

use super::World;
use super::act::{Act, Deed};
use crate::sare::{ContactView, status};

impl World {
    pub(super) fn in_sare(&mut self, shop: usize, deed: Deed) -> Option<Act> {
        let (contact, view) = self.somebody(shop, deed)?;
        let by_hand = self.one_of(&[status::NOT_VERIFIED, status::UNCONFIRMED, status::CONFIRMED])?;
        let account = &self.sites[shop].account;
        let email = view.email.as_str();
        let (done, act) = match deed {
            Deed::Click => (
                account.recipient_clicks_unsubscribe(email),
                Act::ClickedUnsubscribe { shop, contact },
            ),
            Deed::Confirm => (
                account.recipient_confirms(email),
                Act::Confirmed { shop, contact },
            ),
            Deed::Forget => (account.forget(email), Act::Forgotten { shop, contact }),
            Deed::Delete => (account.delete(email), Act::Deleted { shop, contact }),
            _ => {
                let status = match deed {
                    Deed::SignOut => status::SIGNED_OUT,
                    Deed::Block => status::BLOCKED,
                    _ => by_hand,
                };
                (
                    account.operator_sets_status(email, status),
                    Act::StatusSet {
                        shop,
                        contact,
                        status,
                    },
                )
            }
        };
        done.then_some(act)
    }

    /// Somebody in SARE who can do it, or to whom it can be done. A few are looked at.
    fn somebody(&mut self, shop: usize, deed: Deed) -> Option<(u32, ContactView)> {
        for _ in 0..8 {
            let position = self.rng.random_range(0..usize::MAX / 2);
            let site = &self.sites[shop];
            let (row, view) = site.account.contact_near(position)?;
            let fits = match deed {
                // Only those who are mailed see a link.
                Deed::Click => view.status == status::CONFIRMED,
                Deed::Confirm => view.status == status::UNCONFIRMED && view.confirmations > 0,
                // What the API never saw and is gone, nobody behind it can know of.
                Deed::Forget | Deed::Delete => site.record.is_known_to_the_api(&view.email, site.shop.now()),
                _ => true,
            };
            if fits && !view.email.is_empty() {
                return Some((row, view));
            }
        }
        None
    }
}
