//! What happens in a shop: what its customers, subscribers and staff do.

use std::sync::Arc;

use rand::RngExt;

use super::World;
use super::act::{Act, Deed, Edited};
use super::record::said;
use crate::shoper::{Customer, NewCustomer, NewOrder, Shop, Subscriber};

/// Tags that the staff give.
const TAGS: [&str; 3] = ["VIP", "hurt", "reklamacje"];
/// Customers open in the administration at once.
const OPEN_AT_ONCE: usize = 3;

impl World {
    pub(super) fn in_shop(&mut self, shop: usize, deed: Deed) -> Option<Act> {
        match deed {
            Deed::Register => self.registers(shop),
            Deed::Tick | Deed::Untick => self.changes_flag(shop, deed == Deed::Tick),
            Deed::MoveCustomer => self.moves_customer(shop),
            Deed::DeleteCustomer => {
                let user = self.customer(shop)?;
                let site = &mut self.sites[shop];
                site.open.retain(|open| *open != user.id);
                self.people_do(shop, &[&user.email], |shop| shop.delete_customer(user.id));
                Some(Act::CustomerDeleted { shop, user: user.id })
            }
            Deed::Subscribe => self.subscribes(shop),
            Deed::SwitchOff => {
                let row = self.subscriber(shop).filter(|row| row.active)?;
                self.people_do(shop, &[&row.email], |shop| {
                    shop.set_subscriber_active(row.id, false)
                });
                Some(Act::SwitchedOff {
                    shop,
                    subscriber: row.id,
                })
            }
            Deed::MoveSubscriber => self.moves_subscriber(shop),
            Deed::DeleteSubscriber => {
                let row = self.subscriber(shop)?;
                self.people_do(shop, &[&row.email], |shop| shop.delete_subscriber(row.id));
                Some(Act::SubscriberDeleted {
                    shop,
                    subscriber: row.id,
                })
            }
            Deed::LeaveNewsletter => self.leaves_newsletter(shop),
            Deed::Order => Some(self.orders(shop)),
            Deed::Edit => self.is_edited(shop),
            Deed::Open => self.is_opened(shop),
            _ => None,
        }
    }

    /// Lets people do something in a shop by hand, and takes note of what they said by it. `emails` are the
    /// addresses that it concerns, in whatever case: of a record that moves, the old one and the new one.
    pub fn people_do<T>(&mut self, shop: usize, emails: &[&str], act: impl FnOnce(&Shop) -> T) -> T {
        self.observe();
        let site = &mut self.sites[shop];
        let before = said(&site.shop, emails);
        let done = act(&site.shop);
        let after = said(&site.shop, emails);
        site.record.compare(&before, &after, site.shop.now());
        done
    }

    fn customer(&mut self, shop: usize) -> Option<Arc<Customer>> {
        let count = self.sites[shop].shop.counts().0;
        if count == 0 {
            return None;
        }
        let position = self.rng.random_range(0..count);
        self.sites[shop].shop.customer_at(position)
    }

    fn subscriber(&mut self, shop: usize) -> Option<Arc<Subscriber>> {
        let count = self.sites[shop].shop.counts().1;
        if count == 0 {
            return None;
        }
        let position = self.rng.random_range(0..count);
        self.sites[shop].shop.subscriber_at(position)
    }

    fn new_address(&mut self) -> Arc<str> {
        let person = self.people.person();
        self.people.email(&person)
    }

    /// The address of a subscriber who is no customer.
    fn subscribers_address(&mut self, shop: usize) -> Option<Arc<str>> {
        let email = Arc::clone(&self.subscriber(shop)?.email);
        self.sites[shop]
            .shop
            .customer_by_email(&email)
            .is_none()
            .then_some(email)
    }

    fn registers(&mut self, shop: usize) -> Option<Act> {
        let newsletter = self.chance(0.6);
        let person = self.people.person();
        let known = if self.chance(0.25) {
            self.subscribers_address(shop)
        } else {
            None
        };
        let guest = if known.is_none() && self.chance(0.2) {
            Some(self.customer(shop).filter(|customer| !customer.registered)?)
        } else {
            None
        };
        if let Some(guest) = guest {
            self.people_do(shop, &[&guest.email], |shop| {
                shop.edit_customer(guest.id, |customer| {
                    customer.registered = true;
                    customer.newsletter |= newsletter;
                })
            });
            return Some(Act::Registered {
                shop,
                user: guest.id,
                newsletter,
            });
        }
        let email = match known {
            Some(email) => email,
            None => self.people.email(&person),
        };
        let address = self.people.address(&person);
        let new = NewCustomer::new(Arc::clone(&email))
            .name(person.firstname, person.lastname)
            .newsletter(newsletter)
            .address(address);
        let user = self.people_do(shop, &[&email], |shop| shop.add_customer(new));
        Some(Act::Registered {
            shop,
            user,
            newsletter,
        })
    }

    fn changes_flag(&mut self, shop: usize, newsletter: bool) -> Option<Act> {
        let user = self
            .customer(shop)
            .filter(|customer| customer.newsletter != newsletter)?;
        self.people_do(shop, &[&user.email], |shop| {
            shop.edit_customer(user.id, |customer| customer.newsletter = newsletter)
        });
        Some(Act::Flag {
            shop,
            user: user.id,
            newsletter,
        })
    }

    fn moves_customer(&mut self, shop: usize) -> Option<Act> {
        let user = self.customer(shop)?;
        let taken = if self.chance(0.2) {
            self.subscribers_address(shop)
        } else {
            None
        };
        let to_subscriber = taken.is_some();
        let email = match taken {
            Some(email) => email,
            None => self.new_address(),
        };
        self.people_do(shop, &[&user.email, &email], |shop| {
            shop.edit_customer(user.id, |customer| customer.email = Arc::clone(&email))
        });
        Some(Act::CustomerMoved {
            shop,
            user: user.id,
            to_subscriber,
        })
    }

    fn subscribes(&mut self, shop: usize) -> Option<Act> {
        let email = match self.rng.random_range(0..10) {
            0..4 => Arc::clone(&self.customer(shop)?.email),
            4..7 => Arc::clone(&self.subscriber(shop)?.email),
            _ => self.new_address(),
        };
        match self.sites[shop].shop.subscriber_by_email(&email) {
            None => {
                let subscriber = self.people_do(shop, &[&email], |shop| {
                    shop.add_subscriber(Arc::clone(&email), true)
                });
                Some(Act::Subscribed {
                    shop,
                    subscriber,
                    new: true,
                })
            }
            Some(row) if !row.active => {
                self.people_do(shop, &[&email], |shop| shop.set_subscriber_active(row.id, true));
                Some(Act::Subscribed {
                    shop,
                    subscriber: row.id,
                    new: false,
                })
            }
            Some(_) => None,
        }
    }

    fn moves_subscriber(&mut self, shop: usize) -> Option<Act> {
        let row = self.subscriber(shop)?;
        let customer = if self.chance(0.3) {
            self.customer(shop)
        } else {
            None
        };
        let taken = customer
            .map(|customer| Arc::clone(&customer.email))
            .filter(|email| self.sites[shop].shop.subscriber_by_email(email).is_none());
        let to_customer = taken.is_some();
        let email = match taken {
            Some(email) => email,
            None => self.new_address(),
        };
        self.people_do(shop, &[&row.email, &email], |shop| {
            shop.edit_subscriber(row.id, |row| row.email = Arc::clone(&email))
        });
        Some(Act::SubscriberMoved {
            shop,
            subscriber: row.id,
            to_customer,
        })
    }

    fn leaves_newsletter(&mut self, shop: usize) -> Option<Act> {
        let user = self.customer(shop)?;
        let row = self.sites[shop]
            .shop
            .subscriber_by_email(&user.email)
            .filter(|row| row.active);
        if !user.newsletter && row.is_none() {
            return None;
        }
        self.people_do(shop, &[&user.email], |shop| {
            if let Some(row) = row {
                shop.set_subscriber_active(row.id, false);
            }
            shop.edit_customer(user.id, |customer| customer.newsletter = false)
        });
        Some(Act::LeftNewsletter { shop, user: user.id })
    }

    fn orders(&mut self, shop: usize) -> Act {
        let known = if self.chance(0.5) {
            self.customer(shop)
        } else {
            None
        };
        let guest = known.as_ref().is_none_or(|customer| !customer.registered);
        let person = self.people.person();
        let email = match known {
            Some(customer) => Arc::clone(&customer.email),
            None => self.people.email(&person),
        };
        let order = NewOrder {
            address: self.people.address(&person),
            ..NewOrder::new(Arc::clone(&email))
        };
        let order = self.people_do(shop, &[&email], |shop| shop.add_order(order));
        Act::Ordered { shop, order, guest }
    }

    fn is_edited(&mut self, shop: usize) -> Option<Act> {
        let user = self.customer(shop)?;
        let what = self.one_of(&[Edited::Name, Edited::Address, Edited::Tag, Edited::Comment])?;
        let person = self.people.person();
        let address = self.people.address(&person);
        let tag = self.one_of(&TAGS)?;
        self.people_do(shop, &[&user.email], |shop| match what {
            Edited::Address => shop.set_address(user.id, address),
            Edited::Name => shop.edit_customer(user.id, |customer| customer.lastname = person.lastname),
            Edited::Comment => shop.edit_customer(user.id, |customer| customer.comment = "oddzwonić".into()),
            Edited::Tag => shop.edit_customer(user.id, |customer| {
                match customer.tags.iter().position(|other| &**other == tag) {
                    Some(at) => drop(customer.tags.remove(at)),
                    None => customer.tags.push(tag.into()),
                }
            }),
        });
        Some(Act::Edited {
            shop,
            user: user.id,
            what,
        })
    }

    fn is_opened(&mut self, shop: usize) -> Option<Act> {
        if self.sites[shop].open.len() >= OPEN_AT_ONCE {
            let user = self.sites[shop].open.pop_front()?;
            self.sites[shop].shop.lock_customer(user, false);
            return Some(Act::Opened {
                shop,
                user,
                open: false,
            });
        }
        let user = self.customer(shop)?.id;
        let site = &mut self.sites[shop];
        if site.open.contains(&user) {
            return None;
        }
        site.open.push_back(user);
        site.shop.lock_customer(user, true);
        Some(Act::Opened {
            shop,
            user,
            open: true,
        })
    }
}
