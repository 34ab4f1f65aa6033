//! The bodies of `email/add`, `email/edit` and `email/delete` (sare-api.md 5).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::to_bytes;
use crate::status::Status;

/// The switches of one `email/add`. They hold for every contact in the request, so a request either
/// changes data or sets statuses; [`AddRequest::data_only`] and [`AddRequest::status_change`] make the
/// two kinds (sare-api.md 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddOptions {
    /// Keep the contact's present groups. Without it SARE moves the contact out of them.
    pub only_add_to_groups: bool,
    /// Overwrite the data of a contact that exists.
    pub update_on_duplicate: bool,
    /// Overwrite the status of a contact that exists.
    pub update_status_on_duplicate: bool,
    /// Mail the request for confirmation.
    pub send_confirmation: bool,
    /// By its name: hold new data back until the person confirms.
    pub update_user_data_after_confirmation: bool,
}

/// One `email/add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRequest {
    /// The switches.
    pub options: AddOptions,
    /// The contacts, in the order of the outcome.
    pub contacts: Vec<Contact>,
}

impl AddRequest {
    /// Adds new contacts, and fills in data and groups of those that exist. Their statuses stay: what
    /// `status` says counts for new contacts alone.
    pub fn data_only(contacts: Vec<Contact>) -> Self {
        let options = AddOptions {
            only_add_to_groups: true,
            update_on_duplicate: true,
            update_status_on_duplicate: false,
            send_confirmation: false,
            update_user_data_after_confirmation: false,
        };
        Self { options, contacts }
    }

    /// Sets the status of every contact in it on purpose, be it new or there already, and nothing else: of
    /// the contacts only address, phone and status are taken, so that data and status never share a request.
    ///
    /// A contact without a status that SARE takes (2 to 8) is not sent but refused by [`Client::add`]: SARE
    /// would set it to 6.
    ///
    /// [`Client::add`]: crate::Client::add
    pub fn status_change(contacts: Vec<Contact>, send_confirmation: bool) -> Self {
        let bare = |Contact {
                        email, gsm, status, ..
                    }| {
            // The phone names a contact that has no address; otherwise it is data like any other.
            let gsm = gsm.filter(|_| email.is_empty());
            Contact {
                email,
                gsm,
                status,
                ..Contact::default()
            }
        };
        let mut request = Self::data_only(contacts.into_iter().map(bare).collect());
        request.options.update_status_on_duplicate = true;
        request.options.send_confirmation = send_confirmation;
        request
    }

    /// Whether SARE would do to this contact what the request means.
    pub(crate) fn can_send(&self, contact: &Contact) -> bool {
        !self.options.update_status_on_duplicate || contact.status.is_some_and(is_settable)
    }
}

/// `email/add` takes 2 to 8 (sare-api.md 5).
fn is_settable(status: Status) -> bool {
    (2..=8).contains(&status.number())
}

/// A contact as it is sent. What is absent is not written, which leaves it alone in SARE (inferred,
/// sare-api.md 5); an empty text is written.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct Contact {
    /// The address, as the shop has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Phone with its prefix, `+48…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gsm: Option<String>,
    /// The status; SARE takes 6 where there is none. [`Status::Other`] is not written: `email/add`
    /// takes 2 to 8.
    #[serde(skip_serializing_if = "not_to_be_sent")]
    pub status: Option<Status>,
    /// Numbers of groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<i64>,
    /// The one field for first and last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number of the collecting interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<i64>,
    /// Formats of mail taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_type: Option<Vec<MailType>>,
    /// A note for the account's users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Basic properties, `prop1` to `prop9`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prop: BTreeMap<String, String>,
    /// Custom properties by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prop_cust: BTreeMap<String, String>,
}

/// Which members are there; no values.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("status", &self.status)
            .field("groups", &self.groups)
            .field("prop", &self.prop.keys())
            .field("prop_cust", &self.prop_cust.keys())
            .finish_non_exhaustive()
    }
}

/// A format of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MailType {
    /// Plain text.
    #[serde(rename = "text")]
    Text,
    /// HTML.
    #[serde(rename = "HTML")]
    Html,
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn not_to_be_sent(status: &Option<Status>) -> bool {
    !status.is_some_and(is_settable)
}

#[derive(Serialize)]
struct AddBody<'a> {
    only_add_to_groups: bool,
    update_on_duplicate: bool,
    update_status_on_duplicate: bool,
    send_confirmation: bool,
    update_user_data_after_confirmation: bool,
    emails: Vec<&'a Contact>,
}

#[derive(Serialize)]
struct EditBody<'a> {
    emails: &'a [Contact],
}

#[derive(Serialize)]
struct DeleteBody<'a> {
    emails: &'a [&'a str],
}

/// Bytes that a contact takes on the wire, more or less.
const CONTACT_SIZE: usize = 400;

/// The body of `email/add`, of the contacts that can be sent.
pub(crate) fn add_body(request: &AddRequest) -> Bytes {
    let AddOptions {
        only_add_to_groups,
        update_on_duplicate,
        update_status_on_duplicate,
        send_confirmation,
        update_user_data_after_confirmation,
    } = request.options;
    let body = AddBody {
        only_add_to_groups,
        update_on_duplicate,
        update_status_on_duplicate,
        send_confirmation,
        update_user_data_after_confirmation,
        emails: request
            .contacts
            .iter()
            .filter(|contact| request.can_send(contact))
            .collect(),
    };
    to_bytes(&body, 256 + CONTACT_SIZE * request.contacts.len())
}

/// The body of `email/edit`; its inner members are not published, those of `email/add` are taken
/// (sare-api.md 4.1).
pub(crate) fn edit_body(contacts: &[Contact]) -> Bytes {
    to_bytes(&EditBody { emails: contacts }, 16 + CONTACT_SIZE * contacts.len())
}

/// The body of `email/delete`.
pub(crate) fn delete_body(emails: &[&str]) -> Bytes {
    to_bytes(&DeleteBody { emails }, 16 + 32 * emails.len())
}
