//! Contacts kept under a looser key of their address find their way to the person they are.
//!
//! Addresses that differ only in what nobody sees were once two people. Once a shop, before anything else is done, every
//! contact whose address has another key by today's rule is moved to it, together with what is known of it; a refusal of
//! either is the refusal of both.

use store::{AddrHash, Commit, Contact, ContactFilter, Refused};
use sync_core::Email;

use crate::error::Halt;
use crate::session::Session;
use ports::millis;

/// The rule by which keys are made: raised when it changes.
const RULE: u32 = 1;
/// Contacts looked at before the place is kept.
const AT_ONCE: i64 = 1_000;

/// Makes sure that every contact is kept under the key of its address; `false` when the slice ended before all were.
pub async fn settle(s: &Session<'_>) -> Result<bool, Halt> {
    if s.state().key_rule >= RULE {
        return Ok(true);
    }
    let end = s.now() + millis(s.settings.slice);
    let mut after = s.state().rehashing.as_deref().and_then(AddrHash::from_hex);
    loop {
        let contacts = s
            .store
            .contacts_after(s.shop.id, after, AT_ONCE, ContactFilter::All)
            .await?;
        let Some(last) = contacts.last() else { break };
        after = Some(last.hash);
        for contact in contacts {
            move_to_key(s, contact).await?;
        }
        s.state().rehashing = after.map(AddrHash::to_hex);
        if s.now() >= end {
            s.commit(Commit::default()).await?;
            return Ok(false);
        }
    }
    {
        let mut state = s.state();
        state.key_rule = RULE;
        state.rehashing = None;
    }
    s.commit(Commit::default()).await?;
    Ok(true)
}

async fn move_to_key(s: &Session<'_>, contact: Contact) -> Result<(), Halt> {
    let Some(email) = contact
        .address
        .as_deref()
        .and_then(|text| Email::parse(text).ok())
    else {
        return Ok(());
    };
    let (old, hash) = (contact.hash, s.store.hash(s.shop.id, email.key()));
    if hash == old {
        return Ok(());
    }
    let there = s.store.contact(s.shop.id, hash).await?;
    let joined = join(contact, there, hash);
    if s.store.rehash(&s.lease, old, &joined, s.now()).await? {
        Ok(())
    } else {
        Err(Halt::Fenced)
    }
}

/// What is known of the two together. Of consent the weaker word counts, and a refusal of either is kept.
fn join(moved: Contact, there: Option<Contact>, hash: AddrHash) -> Contact {
    let Some(there) = there else {
        return Contact { hash, ..moved };
    };
    let consent = match (there.consent, moved.consent) {
        (Some(one), Some(other)) => Some(one && other),
        (one, other) => one.or(other),
    };
    let mut groups = there.groups.clone();
    groups.extend(moved.groups.iter().filter(|group| !there.groups.contains(group)));
    let mut joined = Contact {
        consent,
        groups,
        withdrawn: there.withdrawn || moved.withdrawn,
        poll_found: there.poll_found || moved.poll_found,
        sent: None,
        ..there
    };
    if joined.refusal.is_none() && moved.refusal.is_some() {
        let refusal =
            |refused: Refused| Refused::since(refused.refusal().of_another_spelling(), refused.since);
        joined.refusal = moved.refusal.map(refusal);
        joined.intent = None;
    }
    // Erased under this key: it stays so.
    if joined.address.is_none() {
        joined.groups = Vec::new();
    }
    joined
}

#[cfg(test)]
mod tests {
    use sync_core::consent::{RefusalOrigin, Status};

    use super::*;

    fn refused(status: Status) -> Refused {
        Refused {
            status,
            origin: RefusalOrigin::Sare,
            applied: true,
            since: status.code(),
        }
    }

    fn contact(byte: u8, consent: bool, refusal: Option<Status>) -> Contact {
        let mut contact = Contact::new(AddrHash([byte; 16]), "jan@example.com".to_owned(), 0);
        contact.consent = Some(consent);
        contact.refusal = refusal.map(refused);
        contact
    }

    #[test]
    fn a_refusal_of_either_is_the_refusal_of_both() {
        let hash = AddrHash([2; 16]);
        let (asked, left) = (Some(Status::RemovalRequested), Some(Status::RemovedAutomatically));
        let told = |contact: &Contact| contact.refusal.map(|refused| (refused.status, refused.since));
        for (one, other) in [(None, asked), (asked, None), (asked, left)] {
            let joined = join(contact(1, true, one), Some(contact(2, true, other)), hash);
            let expected = other.or(one).map(|status| (status, status.code()));
            assert_eq!(told(&joined), expected, "{one:?} {other:?}");
            assert_eq!(joined.hash, hash);
        }
        let joined = join(contact(1, true, None), Some(contact(2, false, None)), hash);
        assert_eq!(joined.consent, Some(false));
        let alone = join(contact(1, true, asked), None, hash);
        assert_eq!(told(&alone).map(|(status, _)| status), asked);
    }
}
