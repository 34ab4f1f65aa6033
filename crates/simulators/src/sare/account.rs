//! One simulated SARE account: the calls of its API ([`Account::handle`]) and the hands that move it
//! from outside the API: recipients, operators, the state before the story.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{Clock, Millis, Request, Response};

use super::add;
use super::contacts::{ContactView, Data, Event, StatusChange, Who, key_of_gsm, status};
use super::settings::{AccountSettings, Forgotten};
use super::state::{LoggedRequest, State};
use super::webhooks::Delivery;
use crate::faults::Faults;

/// A simulated SARE account. Copies share one state.
#[derive(Clone)]
pub struct Account(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    faults: Faults,
    state: Mutex<State>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Account")
            .field("contacts", &state.contacts.len())
            .finish_non_exhaustive()
    }
}

impl Account {
    /// An empty account. Time comes from `clock`, chance (faults, jitter, forgeries) from `seed`.
    pub fn new(settings: AccountSettings, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let state = State::new(settings, clock.now(), seed);
        let faults = Faults::new(seed.wrapping_add(1));
        Self(Arc::new(Shared {
            clock,
            faults,
            state: Mutex::new(state),
        }))
    }

    /// Answers one request to the API, as set and as far as no fault strikes.
    pub fn handle(&self, request: &Request) -> Response {
        let answer = self.0.faults.around(request, || {
            let now = self.0.clock.now();
            self.lock().answer(request, now)
        });
        self.lock().note(request, &answer, self.0.clock.now());
        answer
    }

    /// The faults ordered for this account.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Time that each answer takes.
    pub fn latency(&self) -> Duration {
        self.lock().settings.latency
    }

    /// The settings as they are now.
    pub fn settings(&self) -> AccountSettings {
        self.lock().settings.as_ref().clone()
    }

    /// Changes settings while the account lives. Groups named in them are added to those present.
    pub fn change_settings(&self, change: impl FnOnce(&mut AccountSettings)) {
        let mut state = self.lock();
        change(Arc::make_mut(&mut state.settings));
        let named = state.settings.groups.clone();
        state.groups.extend(named);
    }

    /// Requests received so far, refused and cut ones included.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Confirmation requests mailed so far.
    pub fn confirmations_sent(&self) -> u64 {
        self.lock().confirmations
    }

    /// The newest requests, oldest first; how many are kept is a setting.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.lock().log.iter().cloned().collect()
    }

    /// Every change of a status since the account was made, oldest first.
    pub fn status_log(&self) -> Vec<StatusChange> {
        self.lock().contacts.log()
    }

    /// Everything that happened to contacts since `count` things had, oldest first: changes of statuses and
    /// mailed requests for confirmation.
    pub fn events_since(&self, count: usize) -> Vec<Event> {
        self.lock().contacts.events_since(count)
    }

    /// The contact at `position` among the rows, or next after it, with the number of its row. Positions
    /// beyond the last begin anew, so that any number finds somebody while there is anybody.
    pub fn contact_near(&self, position: usize) -> Option<(u32, ContactView)> {
        let state = self.lock();
        let rows = state.contacts.rows().max(1);
        let (row, contact) = state.contacts.next_from(position % rows)?;
        Some((u32::try_from(row).ok()?, state.contacts.view(contact)))
    }

    /// Addresses that newsletters go to (status 8), in lower case.
    pub fn mailable(&self) -> BTreeSet<String> {
        let state = self.lock();
        let mailed = state
            .contacts
            .iter()
            .filter(|c| c.status() == status::CONFIRMED && !c.is_sms_only());
        mailed.map(|c| state.settings.key_of(&c.email)).collect()
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.lock().contacts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One contact, found by its address in any case.
    pub fn contact(&self, email: &str) -> Option<ContactView> {
        let state = self.lock();
        state
            .contacts
            .get(&state.settings.key_of(email))
            .map(|contact| state.contacts.view(contact))
    }

    /// Every contact, in the order in which they came.
    pub fn contacts(&self) -> Vec<ContactView> {
        let state = self.lock();
        state
            .contacts
            .iter()
            .map(|contact| state.contacts.view(contact))
            .collect()
    }

    /// The groups, number and name.
    pub fn groups(&self) -> Vec<(i64, String)> {
        self.lock()
            .groups
            .iter()
            .map(|(id, name)| (*id, name.clone()))
            .collect()
    }

    /// The account's people make a group, or call it otherwise.
    pub fn put_group(&self, id: i64, name: &str) {
        self.lock().groups.insert(id, name.to_owned());
    }

    /// Puts a contact in as it was before the story, over one that is there.
    pub fn put_contact(&self, email: &str, status: i64, groups: &[i64]) {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        if state.contacts.get(&key).is_none() {
            state.contacts.insert(&key, email, status, now, Who::Before);
        } else {
            state.contacts.set_status(&key, status, now, Who::Before);
        }
        if let Some(contact) = state.contacts.get_mut(&key) {
            contact.set_groups(groups.iter().copied());
        }
    }

    /// The same with everything that is known of the contact.
    pub fn put_contact_with(&self, view: &ContactView) {
        self.put_contact(&view.email, view.status, &view.groups);
        let mut state = self.lock();
        let mut data = Data {
            gsm: view.gsm.as_str().into(),
            name: view.name.as_str().into(),
            comment: view.comment.as_str().into(),
            interface: u8::try_from(view.interface).unwrap_or(0),
            text: view.mail_type.iter().any(|kind| kind == "text"),
            html: view.mail_type.iter().any(|kind| kind == "HTML"),
            props: Vec::new(),
        };
        for (name, value) in view.prop.iter().chain(&view.prop_cust) {
            let id = state.contacts.prop_id(name);
            data.set_prop(id, value);
        }
        let key = state.settings.key_of(&view.email);
        if let Some(contact) = state.contacts.get_mut(&key) {
            contact.data = Some(Box::new(data));
        }
    }

    /// Puts in a contact that has a phone and no address (sare-api.md 16 row 16).
    pub fn put_sms_contact(&self, gsm: &str, status: i64, groups: &[i64]) {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = key_of_gsm(gsm);
        if state.contacts.get(&key).is_none() {
            state.contacts.insert(&key, "", status, now, Who::Before);
        }
        if let Some(contact) = state.contacts.get_mut(&key) {
            contact.data = Some(Box::new(Data {
                gsm: gsm.into(),
                ..Data::default()
            }));
            contact.set_groups(groups.iter().copied());
        }
    }

    /// The recipient clicks the unsubscribe link of a newsletter: 8, 6 or 5 becomes 4 or 3, and the
    /// webhook fires. Whether anything changed.
    pub fn recipient_clicks_unsubscribe(&self, email: &str) -> bool {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        let signed_up = [status::NOT_VERIFIED, status::UNCONFIRMED, status::CONFIRMED];
        let Some(contact) = state
            .contacts
            .get(&key)
            .filter(|c| signed_up.contains(&c.status()))
        else {
            return false;
        };
        let address = contact.email.as_ref().to_owned();
        let to = state.settings.click_sets;
        state.contacts.set_status(&key, to, now, Who::Recipient);
        state.report_unsubscribe(&address, now);
        if state.settings.webhook.forged {
            let victim = state.someone_else(&key);
            state.report_unsubscribe(&victim, now);
        }
        true
    }

    /// A stranger who knows the webhook's URLs reports an unsubscribe that never was.
    pub fn stranger_forges_webhook(&self, email: &str) {
        let now = self.0.clock.now();
        self.lock().report_unsubscribe(email, now);
    }

    /// The recipient confirms: 6 becomes 8, and data held back until then are taken over. Whether
    /// anything changed.
    pub fn recipient_confirms(&self, email: &str) -> bool {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        let Some(contact) = state.contacts.get_mut(&key) else {
            return false;
        };
        if contact.status() != status::UNCONFIRMED {
            return false;
        }
        if let Some(pending) = contact.pending.take() {
            contact.data = Some(pending);
        }
        state
            .contacts
            .set_status(&key, status::CONFIRMED, now, Who::Recipient)
    }

    /// An operator blocks the contact (7). Whether anything changed.
    pub fn operator_blocks(&self, email: &str) -> bool {
        self.operator_sets_status(email, status::BLOCKED)
    }

    /// An operator signs the contact out (2). Whether anything changed.
    pub fn operator_signs_out(&self, email: &str) -> bool {
        self.operator_sets_status(email, status::SIGNED_OUT)
    }

    /// An operator sets any status in the panel. Whether anything changed. A forgotten contact stays
    /// forgotten.
    pub fn operator_sets_status(&self, email: &str, status: i64) -> bool {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        if state.contacts.get(&key).is_none_or(|contact| contact.forgotten) {
            return false;
        }
        state.contacts.set_status(&key, status, now, Who::Operator)
    }

    /// An operator forgets the contact under the GDPR: its data are gone, its status is the one that
    /// is set, and nothing brings it back. Whether it was there.
    pub fn forget(&self, email: &str) -> bool {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        let Some(contact) = state.contacts.get_mut(&key) else {
            return false;
        };
        contact.forgotten = true;
        contact.data = None;
        contact.pending = None;
        let to = state.settings.forgotten_status;
        state.contacts.set_status(&key, to, now, Who::Operator);
        if state.settings.forgotten == Forgotten::Missing {
            state.contacts.hide(&key);
        }
        true
    }

    /// An operator deletes a group in the panel: whoever is in it leaves it, nobody is deleted (sare-api.md 8). Whether it
    /// was there.
    pub fn operator_removes_group(&self, group: i64) -> bool {
        let mut state = self.lock();
        Arc::make_mut(&mut state.settings)
            .groups
            .retain(|(id, _)| *id != group);
        for contact in state.contacts.iter_mut() {
            contact.leave_groups(&[group]);
        }
        state.groups.remove(&group).is_some()
    }

    /// An operator writes another value over a contact's field in the panel: `name`, `gsm`, `comment` or a property. Whether
    /// the contact is there.
    pub fn operator_writes(&self, email: &str, field: &str, value: &str) -> bool {
        let Some(mut view) = self.contact(email) else {
            return false;
        };
        match field {
            "name" => view.name = value.to_owned(),
            "gsm" => view.gsm = value.to_owned(),
            "comment" => view.comment = value.to_owned(),
            name if name.starts_with("prop") => {
                view.prop.insert(name.to_owned(), value.to_owned());
            }
            name => {
                view.prop_cust.insert(name.to_owned(), value.to_owned());
            }
        }
        self.put_contact_with(&view);
        true
    }

    /// An operator deletes the contact in the panel, for good. Whether it was there.
    pub fn delete(&self, email: &str) -> bool {
        let now = self.0.clock.now();
        let mut state = self.lock();
        let key = state.settings.key_of(email);
        state.contacts.remove(&key, now, Who::Operator)
    }

    /// When the next webhook call is due.
    pub fn next_delivery_at(&self) -> Option<Millis> {
        self.lock()
            .deliveries
            .iter()
            .map(|delivery| delivery.due_at)
            .min()
    }

    /// The webhook calls that are due at `now`, earliest first; each is given out once.
    pub fn take_deliveries(&self, now: Millis) -> Vec<Delivery> {
        let mut state = self.lock();
        let (mut due, later) = std::mem::take(&mut state.deliveries)
            .into_iter()
            .partition::<Vec<_>, _>(|d| d.due_at <= now);
        state.deliveries = later;
        due.sort_by_key(|delivery| delivery.due_at);
        due
    }

    /// Notes whether a webhook call got through. It is not repeated: whether SARE does is not known.
    pub fn delivery_result(&self, _delivery: &Delivery, delivered: bool) {
        let mut state = self.lock();
        if delivered {
            state.delivered += 1;
        } else {
            state.undelivered += 1;
        }
    }

    /// Webhook calls that got through, and that did not.
    pub fn deliveries(&self) -> (u64, u64) {
        let state = self.lock();
        (state.delivered, state.undelivered)
    }

    /// The state, with everything carried out that is due by now.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.waiting.is_empty() {
            state.settle(self.0.clock.now());
        }
        state
    }
}

impl State {
    /// Carries out the adds whose time has come.
    fn settle(&mut self, now: Millis) {
        while self.waiting.front().is_some_and(|late| late.due_at <= now) {
            if let Some(late) = self.waiting.pop_front() {
                add::carry_out(self, &late);
            }
        }
    }
}
