//! Calls that write contacts, and the two reads that need no list: one contact, the properties.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::Client;
use crate::error::Error;
use crate::wire::add::{self, AddRequest, Contact};
use crate::wire::outcome::{AddOutcome, ItemOutcome, Named, outcome};
use crate::wire::record::{ContactRecord, ContactRecords, One, read_one};
use crate::wire::{key_of, props};

/// Everything that could end or change a path segment. `@` stands as it is, as in the clients seen.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

impl Client {
    /// `POST email/add`: adds contacts and updates those that exist, as the request's options say
    /// (sare-api.md 5). An empty request is not sent, nor is a contact whose status is to be set to
    /// something that SARE does not take; that one counts as refused.
    ///
    /// # Errors
    /// [`Error`]; an item that SARE refuses is no error of the call.
    pub async fn add(&self, request: &AddRequest) -> Result<AddOutcome, Error> {
        let sent = |contact: &&Contact| request.can_send(contact);
        let keys = request
            .contacts
            .iter()
            .filter(sent)
            .map(|contact| key_of(&contact.email));
        let outcome = self
            .write_emails("email/add", keys.collect(), || add::add_body(request))
            .await?;
        if outcome.items.len() == request.contacts.len() {
            return Ok(outcome);
        }
        let mut told = outcome.items.into_iter();
        let item = |contact: &Contact| {
            let answered = if request.can_send(contact) {
                told.next()
            } else {
                None
            };
            answered.unwrap_or_else(|| ItemOutcome::Refused {
                why: "this status cannot be set".into(),
            })
        };
        Ok(AddOutcome {
            items: request.contacts.iter().map(item).collect(),
        })
    }

    /// `POST email/edit`: updates contacts that exist. Its inner members are not published, so
    /// [`Client::add`] is to be preferred (sare-api.md 14).
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn edit(&self, contacts: &[Contact]) -> Result<AddOutcome, Error> {
        let keys = contacts.iter().map(|contact| key_of(&contact.email));
        self.write_emails("email/edit", keys.collect(), || add::edit_body(contacts))
            .await
    }

    /// `POST email/delete`: deletes contacts, their refusals included (sare-api.md 6).
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn delete(&self, emails: &[&str]) -> Result<AddOutcome, Error> {
        let keys = emails.iter().map(|email| key_of(email));
        self.write_emails("email/delete", keys.collect(), || add::delete_body(emails))
            .await
    }

    /// A write of items that their addresses name.
    pub(super) async fn write_emails(
        &self,
        call: &'static str,
        keys: Vec<String>,
        body: impl FnOnce() -> Bytes,
    ) -> Result<AddOutcome, Error> {
        if keys.is_empty() {
            return Ok(AddOutcome::nothing_to_do(0));
        }
        let envelope = self.post(call, "", body()).await?;
        Ok(outcome(
            envelope.payload.as_ref(),
            &envelope.outer_errors,
            &keys,
            Named::ByEmail,
        ))
    }

    /// `GET email/by_email/{email}`: one contact, under whichever spelling SARE has it, which the record then names; where
    /// that are several, the record whose status refuses most. `None` when SARE says that there is none.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NotUnderstood`] also when the answer is about another address.
    pub async fn by_email(&self, email: &str) -> Result<Option<ContactRecord>, Error> {
        let mut records = ContactRecords::default();
        let spellings = address::spellings(email);
        let is_one = spellings.len() == 1;
        for spelling in spellings {
            if let Some(mut record) = self.by_spelling(&spelling).await? {
                // SARE may answer in another form than it was asked in, and than it has.
                if !is_one {
                    record.email = spelling;
                }
                records.insert(record);
            }
        }
        Ok(records.remove(email))
    }

    /// The contact under this very spelling. `None` when SARE says that there is none: 404 or 400 with its envelope, or
    /// an empty `response` (sare-api.md 15).
    pub(super) async fn by_spelling(&self, email: &str) -> Result<Option<ContactRecord>, Error> {
        const WHAT: &str = "the contact";
        let email = email.trim();
        if !email.contains('@') {
            return Ok(None);
        }
        let segment = format!("/{}", utf8_percent_encode(email, SEGMENT));
        let envelope = match self.get("email/by_email", &segment).await {
            Ok(envelope) => envelope,
            Err(refusal) if matches!(refusal.enveloped, Some(404 | 400)) => return Ok(None),
            Err(refusal) => return Err(refusal.into()),
        };
        match read_one(envelope.payload(WHAT)?, email) {
            One::Found(record) => Ok(Some(*record)),
            One::Nothing if envelope.enveloped => Ok(None),
            One::Nothing | One::Unknown => Err(envelope.not_understood(WHAT)),
        }
    }

    /// `GET email/props`: the account's contact properties (sare-api.md 7).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn props(&self) -> Result<Vec<props::Property>, Error> {
        const WHAT: &str = "a list of properties";
        let envelope = self.get("email/props", "").await?;
        props::read(envelope.payload(WHAT)?).ok_or_else(|| envelope.not_understood(WHAT))
    }
}
