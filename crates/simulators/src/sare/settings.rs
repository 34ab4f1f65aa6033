//! How one simulated SARE account behaves: its groups and properties, its limits, and one setting
//! for everything that the public sources about SARE leave open (sare-api.md 15 and 16).
//!
//! The defaults are the "default answer" column of sare-api.md 15. Every enum offers the variants of
//! that table, so that a client can be tried against each.

mod variants;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::variants::*;
use super::contacts::key_of;
use crate::faults::millis;

/// Path in front of `/{uid}` (sare-api.md 2).
pub const BASE_PATH: &str = "/api/v1";

/// Everything that can differ between accounts, or between what we assume and what SARE does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// The account's number.
    pub uid: String,
    /// The key of the new REST API.
    pub api_key: String,
    /// Whether the key may only read; writes are then answered with HTTP 403 (sare-api.md 16 row 21).
    pub read_only: bool,
    /// Groups made in the panel, number and name.
    pub groups: Vec<(i64, String)>,
    /// Group numbers run from 1 to this one; those without a group are free.
    pub group_pool: i64,
    /// Basic and custom properties.
    pub props: Vec<Prop>,
    /// Salt of the e-mail hash (sare-api.md 9).
    pub hash_salt: String,

    /// Rows of one page of an answer.
    pub page_size: usize,
    /// Most items in one request; more are refused as `too_many` says.
    pub max_items_per_request: usize,
    /// Answer to a request with too many items.
    pub too_many: TooMany,
    /// Most requests a second; `None`: no limit.
    pub rate_limit: Option<RateLimit>,
    /// Answer to requests beyond the rate limit.
    pub overload: Overload,
    /// Most contacts in the account; `None`: no limit (sare-api.md 10).
    pub address_limit: Option<usize>,
    /// Answer to adding a contact beyond the limit.
    pub address_limit_answer: AddressLimitAnswer,
    /// Time that each answer takes. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub latency: Duration,
    /// Time after which an add takes effect; zero: at once (sare-api.md 16 row 20). In JSON:
    /// milliseconds.
    #[serde(with = "millis")]
    pub async_processing: Duration,

    /// Shape of the envelope round every answer.
    pub envelope: Envelope,
    /// Answer to a missing or wrong key, or a foreign UID.
    pub auth_refused: AuthRefused,
    /// Shape of `GET /group/list`.
    pub group_list: GroupListShape,
    /// Whether `GET /group/free` says that no number is free.
    pub no_free_groups: bool,
    /// Shape of `GET /email/props`.
    pub props_shape: PropsShape,
    /// Answer to `POST /email/add` with an empty list.
    pub empty_add: EmptyAdd,
    /// Answer to `POST /email/add` when every item is good.
    pub add_success: AddSuccess,
    /// Answer to `POST /email/add` when some item is bad.
    pub add_errors: AddErrors,
    /// Verdict on an existing contact when no update flag is set.
    pub duplicate: Duplicate,
    /// Verdict on a blocked contact (status 7).
    pub blocked_answer: BlockedAnswer,
    /// Shape of a contact record.
    pub contact_shape: ContactShape,
    /// Answer to a read of an address that is not in the account.
    pub missing_contact: MissingContact,
    /// Form in which the "by list" calls accept their addresses.
    pub lookup: LookupForm,
    /// Shape of the list in the answers of the "by list" calls.
    pub list_shape: ListShape,
    /// Form of a status in answers.
    pub status_form: StatusForm,
    /// Every read tells this status of everybody who is not forgotten: an account gone wrong
    /// (sare-api.md 16 row 18). `None`: they tell the truth.
    pub all_statuses_read_as: Option<i64>,
    /// Whether the "by list" calls name unknown addresses.
    pub unknown_in_list: UnknownInList,
    /// Shape of `GET /group/emails/{group}/{page}`.
    pub group_emails: GroupEmailsShape,
    /// Answer to a page behind the last one.
    pub past_last_page: PastLastPage,
    /// Shape of the answer of `POST /group/add_emails` and `/group/remove_emails`.
    pub group_change: GroupChangeShape,
    /// Whether those two name contacts that are not in the account.
    pub group_change_names_unknown: bool,
    /// Whether a contact without groups is shown as being in group 0.
    pub shows_group_zero: bool,
    /// Whether the addresses of a group include those that are not mailed (sare-api.md 4.2).
    pub group_lists_unsubscribed: bool,
    /// Whether an empty object is written as an empty list, as PHP does.
    pub empty_objects_as_lists: bool,

    /// Statuses that an update may set; others are treated as `refused_status` says
    /// (sare-api.md 16 row 11).
    pub updatable_statuses: Vec<i64>,
    /// What happens to an update with a status that may not be set.
    pub refused_status: RefusedStatus,
    /// Until when an update that would end a mailable status (8) is answered as taken and does nothing, in milliseconds
    /// since 1970; 0: never (sare-api.md 16 row 11, going wrong for a while).
    pub deaf_to_lowering_until: i64,
    /// Whether a data-only update changes the status all the same: to the one sent, or to 8 when none
    /// is sent (sare-api.md 16 row 12, going wrong).
    pub data_update_changes_status: bool,
    /// What an empty text or `null` does to a property that has a value (sare-api.md 16 row 13).
    pub empty_value: EmptyValue,
    /// Whether an update clears the properties that it does not mention.
    pub update_clears_absent: bool,
    /// What a value does that its property's type refuses (sare-api.md 16 row 14).
    pub list_props_reject: Reject,
    /// What a property does that the account does not have.
    pub unknown_prop_reject: Reject,
    /// What a group number does that the account does not have.
    pub unknown_group_reject: Reject,
    /// Whether the reason of a refusal names the property.
    pub error_names_property: bool,
    /// Whether group numbers may be sent as strings (sare-api.md 5).
    pub accepts_group_strings: bool,
    /// Whether an item with a member that SARE is not known to have is refused. Strict by default, so
    /// that a misspelt member does not go unnoticed.
    pub refuses_unknown_members: bool,
    /// Whether addresses are stored in lower case. They are always compared so.
    pub lower_cases_addresses: bool,
    /// Whether a domain in letters (`żółw.pl`) and its ASCII form (`xn--w-uga1v8h.pl`) make one contact; otherwise they make
    /// two (sare-api.md 16 row 15).
    pub domain_forms_are_one: bool,
    /// How answers write such an address.
    pub domains_told: DomainForm,

    /// Status after a click on the unsubscribe link: 4 or 3 (sare-api.md 6).
    pub click_sets: i64,
    /// Status of a contact forgotten under the GDPR; its number is not known (sare-api.md 6).
    pub forgotten_status: i64,
    /// What the API makes of a forgotten contact.
    pub forgotten: Forgotten,
    /// The outgoing webhook.
    pub webhook: Webhook,
    /// How many of the newest requests are kept for looking at.
    pub request_log: usize,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            uid: "12345".to_owned(),
            api_key: "8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630".to_owned(),
            read_only: false,
            groups: vec![
                (1, "Klienci".to_owned()),
                (2, "Testowa".to_owned()),
                (21, "Klienci".to_owned()),
                (22, "Newsletter".to_owned()),
            ],
            group_pool: 50,
            props: default_props(),
            hash_salt: "sol".to_owned(),
            page_size: 100,
            max_items_per_request: 500,
            too_many: TooMany::default(),
            rate_limit: None,
            overload: Overload::default(),
            address_limit: None,
            address_limit_answer: AddressLimitAnswer::default(),
            latency: Duration::ZERO,
            async_processing: Duration::ZERO,
            envelope: Envelope::default(),
            auth_refused: AuthRefused::default(),
            group_list: GroupListShape::default(),
            no_free_groups: false,
            props_shape: PropsShape::default(),
            empty_add: EmptyAdd::default(),
            add_success: AddSuccess::default(),
            add_errors: AddErrors::default(),
            duplicate: Duplicate::default(),
            blocked_answer: BlockedAnswer::default(),
            contact_shape: ContactShape::default(),
            missing_contact: MissingContact::default(),
            lookup: LookupForm::default(),
            list_shape: ListShape::default(),
            status_form: StatusForm::default(),
            all_statuses_read_as: None,
            unknown_in_list: UnknownInList::default(),
            group_emails: GroupEmailsShape::default(),
            past_last_page: PastLastPage::default(),
            group_change: GroupChangeShape::default(),
            group_change_names_unknown: false,
            shows_group_zero: false,
            group_lists_unsubscribed: true,
            empty_objects_as_lists: false,
            updatable_statuses: (2..=8).collect(),
            refused_status: RefusedStatus::default(),
            deaf_to_lowering_until: 0,
            data_update_changes_status: false,
            empty_value: EmptyValue::default(),
            update_clears_absent: false,
            list_props_reject: Reject::default(),
            unknown_prop_reject: Reject::default(),
            unknown_group_reject: Reject::default(),
            error_names_property: true,
            accepts_group_strings: false,
            refuses_unknown_members: true,
            lower_cases_addresses: false,
            domain_forms_are_one: false,
            domains_told: DomainForm::default(),
            click_sets: 4,
            forgotten_status: 9,
            forgotten: Forgotten::default(),
            webhook: Webhook::default(),
            request_log: 256,
        }
    }
}

fn default_props() -> Vec<Prop> {
    let mut props: Vec<Prop> = (1..=9)
        .map(|n| Prop::new(format!("prop{n}"), format!("C{n}"), PropKind::text(255)))
        .collect();
    let values = ["K", "M"].map(str::to_owned).to_vec();
    props.extend([
        Prop::new("miasto", "miasto", PropKind::text(100)),
        Prop::new("urodziny", "urodziny", PropKind::text(10)),
        Prop::new("plec", "plec", PropKind::List { values }),
        Prop::new("punkty", "punkty", PropKind::Number),
        Prop::new("zgodasms", "zgodasms", PropKind::Consent),
    ]);
    props
}

/// A contact property ("cecha").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prop {
    /// `prop1` to `prop9` for the basic ones, the name for custom ones.
    pub id: String,
    /// The name shown in the panel.
    pub name: String,
    /// What values it takes.
    pub kind: PropKind,
}

impl Prop {
    /// A property of that id, panel name and kind.
    pub fn new(id: impl Into<String>, name: impl Into<String>, kind: PropKind) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            kind,
        }
    }

    /// Whether it is one of the nine that every account has.
    pub fn is_basic(&self) -> bool {
        is_basic(&self.id)
    }
}

/// Whether `id` names one of `prop1` to `prop9`.
pub(super) fn is_basic(id: &str) -> bool {
    matches!(id.strip_prefix("prop").map(str::as_bytes), Some([b'1'..=b'9']))
}

impl AccountSettings {
    /// The address in the form in which this account compares addresses.
    pub(super) fn key_of(&self, email: &str) -> String {
        let key = key_of(email);
        if self.domain_forms_are_one {
            with_domain(&key, |domain| idna::domain_to_ascii(domain).ok())
        } else {
            key
        }
    }

    /// The address as answers write it.
    pub(super) fn told(&self, email: &str) -> String {
        match self.domains_told {
            DomainForm::AsAdded => email.to_owned(),
            DomainForm::Ascii => with_domain(email, |domain| idna::domain_to_ascii(domain).ok()),
            DomainForm::Letters => with_domain(email, |domain| Some(idna::domain_to_unicode(domain).0)),
        }
    }
}

fn with_domain(email: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let parts = email.rsplit_once('@');
    let changed = parts.and_then(|(local, domain)| Some(format!("{local}@{}", change(domain)?)));
    changed.unwrap_or_else(|| email.to_owned())
}

/// The types of properties (sare-api.md 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PropKind {
    /// Text up to a length.
    Text {
        /// Greatest length in characters; `None`: any.
        max_length: Option<usize>,
    },
    /// A number, as a JSON number or as text.
    Number,
    /// One of a fixed set.
    List {
        /// The values taken.
        values: Vec<String>,
    },
    /// A consent: yes or no.
    Consent,
}

impl PropKind {
    /// Text of at most that many characters.
    pub fn text(max_length: usize) -> Self {
        Self::Text {
            max_length: Some(max_length),
        }
    }

    /// The type's name in answers.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Number => "number",
            Self::List { .. } => "list",
            Self::Consent => "consent",
        }
    }
}

/// A limit on requests, as a bucket that fills steadily.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Requests a second in the long run.
    pub per_second: f64,
    /// Requests that may come at once after a quiet time.
    pub burst: u32,
}

/// The envelope round every answer (sare-api.md 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Envelope {
    /// Whether `code` is a string instead of a number.
    pub code_as_string: bool,
    /// Whether there is a `status` member.
    pub with_status: bool,
    /// Whether there are members that nobody has heard of.
    pub extra_members: bool,
}

impl Default for Envelope {
    fn default() -> Self {
        Self {
            code_as_string: false,
            with_status: true,
            extra_members: false,
        }
    }
}

/// The outgoing webhook (sare-api.md 11.2). Without URLs the account does not have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// Where unsubscribes are reported, all in parallel.
    pub urls: Vec<String>,
    /// Nesting and names of the JSON members.
    pub shape: WebhookShape,
    /// Whether every report is sent twice.
    pub doubled: bool,
    /// How late a report comes. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub late: Duration,
    /// Whether each report is further delayed by up to a minute, so that they overtake each other.
    pub out_of_order: bool,
    /// Whether each report is followed by one from a stranger, naming a contact that did nothing.
    pub forged: bool,
}

/// Bodies of the webhook; all invented, as the real members are not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookShape {
    /// `{"event":"unsubscribe","date":"…","user":{"email":"…"},"mailing":{"id":1}}`
    #[default]
    User,
    /// `{"typ":"wypis","data":"…","adres":"…","mailing_id":1}`
    OtherNames,
    /// The address two levels down, in a list of events.
    Nested,
    /// A number for the contact, no address at all.
    NoAddress,
}
