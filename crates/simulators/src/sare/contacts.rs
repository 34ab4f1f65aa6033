//! The contacts of a simulated account, kept small enough for hundreds of thousands, and the log of
//! every change of a status.
//!
//! Everything that changes a status goes through [`Contacts::set_status`], so that the log is the
//! whole truth about who was subscribed by whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ports::Millis;
use serde::{Deserialize, Serialize};

use super::settings::is_basic;

/// The status written to the log when a contact is deleted.
pub const DELETED: i64 = 0;

/// The statuses by number (sare-api.md 6).
pub mod status {
    /// Signed out by an operator.
    pub const SIGNED_OUT: i64 = 2;
    /// In the database, never asked to confirm.
    pub const NOT_VERIFIED: i64 = 5;
    /// Asked to confirm, not confirmed; the default of an add.
    pub const UNCONFIRMED: i64 = 6;
    /// Blocked by an operator.
    pub const BLOCKED: i64 = 7;
    /// Signed up and confirmed: the only status that is mailed.
    pub const CONFIRMED: i64 = 8;
}

/// Who changed a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A call of the API.
    Api,
    /// The person behind the address.
    Recipient,
    /// A user of SARE's panel.
    Operator,
    /// The state before the story began.
    Before,
}

/// One change of a contact's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// The contact's address in lower case.
    pub email: String,
    /// The status before; `None`: the contact is new.
    pub from: Option<i64>,
    /// The status after; [`DELETED`] for a deletion.
    pub to: i64,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// Who did it.
    pub by: Who,
}

/// Something that happened to a contact, as the account's log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The contact's address in lower case.
    pub email: String,
    /// Number of the contact's row, which stays the same until it is deleted.
    pub row: u32,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// When the call came that did it; earlier than `at` where the account works late.
    pub asked_at: Millis,
    /// Who did it.
    pub by: Who,
    /// What happened.
    pub what: Happening,
}

/// What can happen to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The status changed, or the contact came (`from` is `None`) or went (`to` is [`DELETED`]).
    Status {
        /// The status before.
        from: Option<i64>,
        /// The status after.
        to: i64,
    },
    /// A request for confirmation was mailed to it.
    AskedToConfirm,
}

/// A contact as tests and admin pages look at it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactView {
    /// The address as stored.
    pub email: String,
    /// The status number.
    pub status: i64,
    /// Group numbers, ascending.
    #[serde(default)]
    pub groups: Vec<i64>,
    /// The single name field.
    #[serde(default)]
    pub name: String,
    /// The phone.
    #[serde(default)]
    pub gsm: String,
    /// The note for the account's users.
    #[serde(default)]
    pub comment: String,
    /// Number of the collecting interface.
    #[serde(default)]
    pub interface: i64,
    /// Accepted formats.
    #[serde(default)]
    pub mail_type: Vec<String>,
    /// Basic properties that have a value.
    #[serde(default)]
    pub prop: BTreeMap<String, String>,
    /// Custom properties that have a value.
    #[serde(default)]
    pub prop_cust: BTreeMap<String, String>,
    /// Confirmation requests sent to the address.
    #[serde(default)]
    pub confirmations: u32,
}

/// One contact. `data` stays away while nothing but the address is known.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub email: Arc<str>,
    pub key: Arc<str>,
    pub groups: Box<[u32]>,
    pub data: Option<Box<Data>>,
    pub pending: Option<Box<Data>>,
    status: i32,
    pub confirmations: u16,
    pub forgotten: bool,
}

/// What is known of a contact besides address, status and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Data {
    pub gsm: Box<str>,
    pub name: Box<str>,
    pub comment: Box<str>,
    /// Value by index into [`Contacts::prop_names`], ascending.
    pub props: Vec<(u16, Box<str>)>,
    pub interface: u8,
    pub text: bool,
    pub html: bool,
}

impl Data {
    /// Sets or, with an empty text, clears a property.
    pub fn set_prop(&mut self, prop: u16, value: &str) {
        match self.props.binary_search_by_key(&prop, |(id, _)| *id) {
            Ok(at) if value.is_empty() => {
                self.props.remove(at);
            }
            Ok(at) => self.props[at].1 = value.into(),
            Err(_) if value.is_empty() => {}
            Err(at) => self.props.insert(at, (prop, value.into())),
        }
    }
}

impl Contact {
    pub fn status(&self) -> i64 {
        self.status.into()
    }

    /// Without an address: known by its phone only (sare-api.md 16 row 16).
    pub fn is_sms_only(&self) -> bool {
        self.email.is_empty()
    }

    pub fn is_in(&self, group: i64) -> bool {
        if group == 0 {
            return self.groups.is_empty();
        }
        u32::try_from(group).is_ok_and(|group| self.groups.contains(&group))
    }

    /// Makes these the contact's groups; 0 and numbers that cannot be are left out.
    pub fn set_groups(&mut self, groups: impl IntoIterator<Item = i64>) {
        let mut numbers: Vec<u32> = groups
            .into_iter()
            .filter_map(|g| u32::try_from(g).ok())
            .filter(|g| *g != 0)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        if *numbers != *self.groups {
            self.groups = numbers.into_boxed_slice();
        }
    }

    pub fn add_groups(&mut self, groups: impl IntoIterator<Item = i64>) {
        let present: Vec<i64> = self.groups.iter().map(|g| i64::from(*g)).collect();
        self.set_groups(present.into_iter().chain(groups));
    }

    pub fn leave_groups(&mut self, leave: &[i64]) {
        let kept: Vec<i64> = self
            .groups
            .iter()
            .map(|g| i64::from(*g))
            .filter(|g| !leave.contains(g))
            .collect();
        self.set_groups(kept);
    }
}

/// The address in the form in which addresses are compared.
pub(super) fn key_of(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A phone in the form in which contacts without an address are found.
pub(super) fn key_of_gsm(gsm: &str) -> String {
    format!("gsm:{gsm}")
}

#[derive(Debug)]
struct LogEntry {
    email: Arc<str>,
    at: Millis,
    asked_at: Millis,
    row: u32,
    from: Option<i32>,
    to: i32,
    by: Who,
    /// Not a change of the status but a mailed request for confirmation.
    is_mail: bool,
}

/// All contacts in the order in which they came, found by address.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    rows: Vec<Option<Contact>>,
    index: HashMap<Arc<str>, u32>,
    live: usize,
    /// When the call came that is being carried out late.
    pub asked_at: Option<Millis>,
    log: Vec<LogEntry>,
    prop_names: Vec<Box<str>>,
}

impl Contacts {
    pub fn len(&self) -> usize {
        self.live
    }

    pub fn get(&self, key: &str) -> Option<&Contact> {
        self.rows.get(*self.index.get(key)? as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Contact> {
        self.rows.get_mut(*self.index.get(key)? as usize)?.as_mut()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.rows.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Contact> {
        self.rows.iter_mut().flatten()
    }

    /// Adds a contact under `key`, which must not be there yet.
    pub fn insert(&mut self, key: &str, email: &str, status: i64, at: Millis, by: Who) -> &mut Contact {
        let key: Arc<str> = key.into();
        let email = if *email == *key {
            Arc::clone(&key)
        } else {
            email.into()
        };
        let status = number(status);
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.note(&key, row, (None, status), at, by);
        self.index.insert(Arc::clone(&key), row);
        self.live += 1;
        self.rows.push(None);
        let at = self.rows.len() - 1;
        self.rows[at].insert(Contact {
            email,
            key,
            groups: Box::default(),
            data: None,
            pending: None,
            status,
            confirmations: 0,
            forgotten: false,
        })
    }

    /// Changes a status and writes the log. Whether it changed.
    pub fn set_status(&mut self, key: &str, to: i64, at: Millis, by: Who) -> bool {
        let to = number(to);
        let Some(contact) = self.get_mut(key) else {
            return false;
        };
        if contact.status == to {
            return false;
        }
        let from = std::mem::replace(&mut contact.status, to);
        let email = Arc::clone(&contact.key);
        let row = self.index.get(key).copied().unwrap_or(u32::MAX);
        self.note(&email, row, (Some(from), to), at, by);
        true
    }

    /// Notes that a request for confirmation was mailed to a contact.
    pub fn note_confirmation(&mut self, key: &str, at: Millis, by: Who) {
        let Some(row) = self.index.get(key).copied() else {
            return;
        };
        let Some(contact) = self.get_mut(key) else { return };
        contact.confirmations = contact.confirmations.saturating_add(1);
        let (email, status) = (Arc::clone(&contact.key), contact.status);
        self.note(&email, row, (Some(status), status), at, by);
        if let Some(entry) = self.log.last_mut() {
            entry.is_mail = true;
        }
    }

    fn note(&mut self, email: &Arc<str>, row: u32, (from, to): (Option<i32>, i32), at: Millis, by: Who) {
        self.log.push(LogEntry {
            email: Arc::clone(email),
            at,
            asked_at: self.asked_at.unwrap_or(at),
            row,
            from,
            to,
            by,
            is_mail: false,
        });
    }

    /// Takes a contact out for good. Whether it was there.
    pub fn remove(&mut self, key: &str, at: Millis, by: Who) -> bool {
        let Some((email, row)) = self.index.remove_entry(key) else {
            return false;
        };
        if let Some(contact) = self.rows[row as usize].take() {
            self.live -= 1;
            self.note(&email, row, (Some(contact.status), number(DELETED)), at, by);
        }
        true
    }

    /// Makes a contact impossible to find by its address; its row stays.
    pub fn hide(&mut self, key: &str) {
        self.index.remove(key);
    }

    /// The row and the contact that stand at `position` among all rows, gone ones included, or next after it.
    pub fn next_from(&self, position: usize) -> Option<(usize, &Contact)> {
        let live = |(row, contact): (usize, &'_ Option<Contact>)| contact.is_some().then_some(row);
        let rows = self.rows.iter().enumerate();
        let row = rows
            .clone()
            .skip(position)
            .find_map(live)
            .or_else(|| rows.clone().find_map(live))?;
        Some((row, self.rows[row].as_ref()?))
    }

    /// How many rows there are, gone ones included.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Everything that happened since `count` things had, oldest first.
    pub fn events_since(&self, count: usize) -> Vec<Event> {
        let event = |entry: &LogEntry| Event {
            email: entry.email.as_ref().to_owned(),
            row: entry.row,
            at: entry.at,
            asked_at: entry.asked_at,
            by: entry.by,
            what: if entry.is_mail {
                Happening::AskedToConfirm
            } else {
                Happening::Status {
                    from: entry.from.map(i64::from),
                    to: entry.to.into(),
                }
            },
        };
        self.log.iter().skip(count).map(event).collect()
    }

    /// The changes of statuses, oldest first.
    pub fn log(&self) -> Vec<StatusChange> {
        self.log
            .iter()
            .filter(|entry| !entry.is_mail)
            .map(|entry| StatusChange {
                email: entry.email.as_ref().to_owned(),
                from: entry.from.map(i64::from),
                to: entry.to.into(),
                at: entry.at,
                by: entry.by,
            })
            .collect()
    }

    /// The small number that stands for a property's name.
    pub fn prop_id(&mut self, name: &str) -> u16 {
        let at = self
            .prop_names
            .iter()
            .position(|known| **known == *name)
            .unwrap_or_else(|| {
                self.prop_names.push(name.into());
                self.prop_names.len() - 1
            });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The name that a small number stands for.
    pub fn prop_name(&self, id: u16) -> &str {
        self.prop_names.get(usize::from(id)).map_or("", |name| name)
    }

    /// The contact as outsiders see it.
    pub fn view(&self, contact: &Contact) -> ContactView {
        let mut view = ContactView {
            email: contact.email.as_ref().to_owned(),
            status: contact.status(),
            groups: contact.groups.iter().map(|g| i64::from(*g)).collect(),
            confirmations: contact.confirmations.into(),
            ..ContactView::default()
        };
        let Some(data) = &contact.data else { return view };
        view.name = data.name.as_ref().to_owned();
        view.gsm = data.gsm.as_ref().to_owned();
        view.comment = data.comment.as_ref().to_owned();
        view.interface = data.interface.into();
        for (set, name) in [(data.text, "text"), (data.html, "HTML")] {
            if set {
                view.mail_type.push(name.to_owned());
            }
        }
        for (id, value) in &data.props {
            let name = self.prop_name(*id);
            let props = if is_basic(name) {
                &mut view.prop
            } else {
                &mut view.prop_cust
            };
            props.insert(name.to_owned(), value.as_ref().to_owned());
        }
        view
    }
}

fn number(status: i64) -> i32 {
    i32::try_from(status).unwrap_or(i32::MAX)
}
