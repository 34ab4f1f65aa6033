//! A page of contacts about whom a person is asked, and those of them whose answer is being carried out.

use std::collections::HashSet;

use store::{AddrHash, Contact, ContactFilter, DirtyKey, Reason};

use crate::error::Error;
use crate::panel::session::Visit;
use crate::state::App;

/// Contacts a page.
const PAGE: usize = 25;

/// The page.
pub struct Part {
    /// The contacts on it.
    pub contacts: Vec<Contact>,
    /// The one after which the next page begins; `None` on the last.
    pub next_after: Option<AddrHash>,
    answered: HashSet<DirtyKey>,
}

impl Part {
    /// Reads the page after a contact; an answer is a mark for `reason`. `None` when there is nobody at all.
    pub async fn read(
        app: &App,
        visit: &Visit,
        filter: ContactFilter,
        reason: Reason,
        after: Option<AddrHash>,
    ) -> Result<Option<Self>, Error> {
        let shop = visit.shop.id;
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut contacts = app.store.contacts_after(shop, after, limit, filter).await?;
        if contacts.is_empty() && after.is_none() {
            return Ok(None);
        }
        let more = contacts.len() > PAGE;
        contacts.truncate(PAGE);
        let key = |contact: &Contact| DirtyKey::Address(contact.hash);
        let keys: Vec<DirtyKey> = contacts.iter().map(key).collect();
        let waiting = app.store.waiting_of(shop, &keys).await?;
        let answered = waiting.iter().filter(|waiting| waiting.reason == reason);
        Ok(Some(Self {
            answered: answered.map(|waiting| waiting.key).collect(),
            next_after: contacts.last().filter(|_| more).map(|last| last.hash),
            contacts,
        }))
    }

    /// Whether the answer about a contact is being carried out.
    pub fn is_answered(&self, contact: &Contact) -> bool {
        self.answered.contains(&DirtyKey::Address(contact.hash))
    }
}
