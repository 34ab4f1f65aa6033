//! Customers, guests among them (shoper-api.md E.1).

use std::sync::Arc;

use ports::Millis;

use super::super::filter::Field;
use super::super::input::{Input, scalar_text};
use super::super::json::Json;
use super::super::list::{ListQuery, Row, Shown};
use super::super::refusal::{FaultKind, Refusal};
use super::super::settings::SelectValues;
use super::super::state::{By, State};
use super::addresses::NewAddress;
use super::catalog::{Catalog, FieldKind};
use super::{Answer, Call, Text, ascending, one};

/// A customer as the shop holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// `user_id`
    pub id: i64,
    /// Unique in the shop.
    pub email: Text,
    /// First name; may be empty.
    pub firstname: Text,
    /// Last name; may be empty.
    pub lastname: Text,
    /// The administrator's note.
    pub comment: Text,
    /// Names of tags.
    pub tags: Vec<Text>,
    /// Values of additional fields by field id; of a select, the text of the option.
    pub fields: Vec<(i64, Text)>,
    /// When it was made.
    pub date_add: Millis,
    /// The last login.
    pub lastvisit: Option<Millis>,
    /// The group.
    pub group_id: Option<i64>,
    /// Language at registration.
    pub lang_id: i64,
    /// Percent, in hundredths.
    pub discount: i32,
    /// Whether the account is active.
    pub active: bool,
    /// Whether there is an account; false is a guest who ordered.
    pub registered: bool,
    /// Whether the address is confirmed.
    pub verify_email: bool,
    /// Whether the customer wants the newsletter.
    pub newsletter: bool,
}

/// A customer that is to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCustomer {
    /// E-mail address.
    pub email: Text,
    /// First name.
    pub firstname: Text,
    /// Last name.
    pub lastname: Text,
    /// Whether the customer wants the newsletter.
    pub newsletter: bool,
    /// Whether the account is active.
    pub active: bool,
    /// Whether there is an account; false is a guest who ordered.
    pub registered: bool,
    /// The first entry of the address book.
    pub address: Option<NewAddress>,
    /// Names of tags; unknown ones are made.
    pub tags: Vec<Text>,
    /// Values of additional fields by field id.
    pub fields: Vec<(i64, Text)>,
    /// The group.
    pub group: Option<i64>,
    /// Language at registration.
    pub lang_id: i64,
    /// When it was made; `None`: now.
    pub date_add: Option<Millis>,
    /// The administrator's note.
    pub comment: Text,
    /// Percent, in hundredths.
    pub discount: i32,
    /// Whether the address is confirmed.
    pub verify_email: bool,
}

impl Default for NewCustomer {
    fn default() -> Self {
        let empty: Text = "".into();
        Self {
            email: Arc::clone(&empty),
            firstname: Arc::clone(&empty),
            lastname: Arc::clone(&empty),
            newsletter: false,
            active: true,
            registered: true,
            address: None,
            tags: Vec::new(),
            fields: Vec::new(),
            group: None,
            lang_id: 1,
            date_add: None,
            comment: empty,
            discount: 0,
            verify_email: false,
        }
    }
}

impl NewCustomer {
    /// A registered customer without consent.
    pub fn new(email: impl Into<Text>) -> Self {
        Self {
            email: email.into(),
            ..Self::default()
        }
    }

    /// With this name.
    #[must_use]
    pub fn name(mut self, firstname: impl Into<Text>, lastname: impl Into<Text>) -> Self {
        self.firstname = firstname.into();
        self.lastname = lastname.into();
        self
    }

    /// With the newsletter flag so.
    #[must_use]
    pub fn newsletter(mut self, newsletter: bool) -> Self {
        self.newsletter = newsletter;
        self
    }

    /// With this address.
    #[must_use]
    pub fn address(mut self, address: NewAddress) -> Self {
        self.address = Some(address);
        self
    }

    /// With one more tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Text>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// In this group.
    #[must_use]
    pub fn group(mut self, group: i64) -> Self {
        self.group = Some(group);
        self
    }

    /// With the value of one more additional field.
    #[must_use]
    pub fn field(mut self, field: i64, value: impl Into<Text>) -> Self {
        self.fields.push((field, value.into()));
        self
    }

    /// Without an account.
    #[must_use]
    pub fn guest(mut self) -> Self {
        self.registered = false;
        self
    }
}

impl Customer {
    /// Sets the value of an additional field, or takes it away with an empty text.
    pub fn set_field(&mut self, field: i64, value: impl Into<Text>) {
        let value = value.into();
        self.fields.retain(|(id, _)| *id != field);
        if !value.is_empty() {
            self.fields.push((field, value));
            self.fields.sort_by_key(|(id, _)| *id);
        }
    }

    /// The value of an additional field.
    pub fn field_value(&self, field: i64) -> Option<&str> {
        self.fields
            .iter()
            .find(|(id, _)| *id == field)
            .map(|(_, value)| &**value)
    }

    /// Whether the two differ in nothing but group and tags.
    pub(in super::super) fn differs_in_group_or_tags_only(&self, other: &Self) -> bool {
        let same = Self {
            group_id: other.group_id,
            tags: other.tags.clone(),
            ..self.clone()
        };
        self != other && same == *other
    }
}

/// Fields that can be filtered by according to the official library.
const DOCUMENTED_FILTERS: [&str; 11] = [
    "firstname",
    "lastname",
    "email",
    "discount",
    "lang_id",
    "group_id",
    "newsletter",
    "active",
    "additional_fields",
    "tags",
    "tag_id",
];

impl Row for Customer {
    const ID: &'static str = "user_id";
    const FIELDS: &'static [&'static str] = &[
        "user_id",
        "login",
        "email",
        "firstname",
        "lastname",
        "active",
        "registered",
        "verify_email",
        "newsletter",
        "date_add",
        "lastvisit",
        "origin",
        "group_id",
        "lang_id",
        "discount",
        "comment",
        "tags",
        "tag_id",
        "additional_fields",
    ];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, catalog: &Catalog) -> Field<'_> {
        match name {
            "user_id" => Field::Number(self.id),
            "login" => Field::Text(""),
            "email" => Field::Text(&self.email),
            "firstname" => Field::Text(&self.firstname),
            "lastname" => Field::Text(&self.lastname),
            "active" => Field::Flag(self.active),
            "registered" => Field::Flag(self.registered),
            "verify_email" => Field::Flag(self.verify_email),
            "newsletter" => Field::Flag(self.newsletter),
            "date_add" => Field::Date(Some(self.date_add)),
            "lastvisit" => Field::Date(self.lastvisit),
            "origin" => Field::Number(0),
            "group_id" => self.group_id.map_or(Field::Null, Field::Number),
            "lang_id" => Field::Number(self.lang_id),
            "discount" => Field::Hundredths(i64::from(self.discount)),
            "comment" => Field::Text(&self.comment),
            "tags" => Field::Texts(&self.tags),
            "tag_id" => Field::Numbers(catalog.tag_ids(&self.tags)),
            name => name
                .strip_prefix("additional_fields.")
                .and_then(|id| self.field_value(id.parse().ok()?))
                .map_or(Field::Null, Field::Text),
        }
    }

    fn write(&self, json: &mut Json, shown: &Shown<'_>) {
        json.id("user_id", self.id);
        json.text("login", "");
        json.date("date_add", Some(self.date_add));
        json.date("lastvisit", self.lastvisit);
        json.flag("verify_email", self.verify_email);
        json.id("origin", 0);
        json.flag("registered", self.registered);
        json.array(Some("groups"), |json| {
            if let Some(group) = self.group_id {
                json.text_item(&group.to_string());
            }
        });
        json.optional_id("group_id", self.group_id);
        json.array(Some("additional_fields"), |json| {
            for (id, value) in &self.fields {
                write_field(json, *id, value, shown);
            }
        });
        json.array(Some("tags"), |json| {
            if shown.settings.tags_as_ids {
                for id in shown.catalog.tag_ids(&self.tags) {
                    json.text_item(&id.to_string());
                }
            } else {
                for tag in &self.tags {
                    json.text_item(tag);
                }
            }
        });
        json.text("firstname", &self.firstname);
        json.text("lastname", &self.lastname);
        json.text("email", &self.email);
        json.decimal("discount", i64::from(self.discount));
        json.flag("newsletter", self.newsletter);
        json.flag("active", self.active);
        json.id("lang_id", self.lang_id);
        json.text("comment", &self.comment);
    }
}

fn write_field(json: &mut Json, id: i64, value: &str, shown: &Shown<'_>) {
    let Some(row) = shown.catalog.fields.get(id) else {
        return;
    };
    let by_option =
        row.field.kind == FieldKind::Select && shown.settings.select_values == SelectValues::OptionId;
    let option = if by_option { row.option_id(value) } else { None };
    let value = option.map_or_else(|| value.to_owned(), |option| option.to_string());
    json.object(None, |json| {
        row.write_common(json);
        json.text("field_value", &value);
        json.text("value", &value);
    });
}

/// What a write says about a customer; `None` leaves a thing as it is.
#[derive(Debug, Default)]
struct Change {
    email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    comment: Option<String>,
    active: Option<bool>,
    verify_email: Option<bool>,
    newsletter: Option<bool>,
    group: Option<Option<i64>>,
    discount: Option<i64>,
    tags: Option<Vec<Text>>,
    fields: Vec<(i64, Text)>,
}

impl Change {
    fn read(state: &mut State, body: &[u8], of: Option<i64>) -> Result<Self, Refusal> {
        let mut input = Input::parse(body)?;
        let email = input.required_text("email", of.is_none());
        input.check_email(email.as_deref());
        if let Some(email) = &email
            && state.user_emails.ids(email).iter().any(|id| Some(*id) != of)
        {
            input.fault("email", FaultKind::Taken(email.clone()));
        }
        if let Some(password) = input.text("password")
            && password.chars().count() < 12
        {
            input.fault("password", FaultKind::Unusable(String::new()));
        }
        let mut change = Self {
            email,
            firstname: input.text("firstname"),
            lastname: input.text("lastname"),
            comment: input.text("comment"),
            active: input.flag("active"),
            verify_email: input.flag("verify_email"),
            group: input
                .has("group_id")
                .then(|| input.integer("group_id").filter(|id| *id > 0)),
            discount: input.hundredths("discount"),
            ..Self::default()
        };
        if state.settings.newsletter_writable {
            change.newsletter = input.flag("newsletter");
        }
        let tags = input.text("tags");
        let fields: Vec<(i64, String)> = input
            .get("additional_fields")
            .and_then(|fields| fields.as_object())
            .into_iter()
            .flatten()
            .filter_map(|(id, value)| Some((id.parse().ok()?, scalar_text(value)?)))
            .collect();
        input.finish()?;

        let separator = state.settings.tag_separator;
        change.tags = tags.map(|tags| {
            let names = tags
                .split(separator)
                .map(str::trim)
                .filter(|name| !name.is_empty());
            names.map(|name| state.catalog.tag(name)).collect()
        });
        change.fields = fields
            .into_iter()
            .filter_map(|(id, value)| {
                let field = state.catalog.fields.get(id)?;
                let chosen = (field.field.kind == FieldKind::Select)
                    .then(|| field.option_text(&value))
                    .flatten();
                Some((id, chosen.unwrap_or(&value).into()))
            })
            .collect();
        Ok(change)
    }

    fn apply(self, customer: &mut Customer) {
        let text = |place: &mut Text, value: Option<String>| {
            if let Some(value) = value {
                *place = value.into();
            }
        };
        text(&mut customer.email, self.email);
        text(&mut customer.firstname, self.firstname);
        text(&mut customer.lastname, self.lastname);
        text(&mut customer.comment, self.comment);
        customer.active = self.active.unwrap_or(customer.active);
        customer.verify_email = self.verify_email.unwrap_or(customer.verify_email);
        customer.newsletter = self.newsletter.unwrap_or(customer.newsletter);
        customer.group_id = self.group.unwrap_or(customer.group_id);
        if let Some(discount) = self.discount {
            customer.discount = i32::try_from(discount).unwrap_or(i32::MAX);
        }
        if let Some(tags) = self.tags {
            customer.tags = tags;
        }
        for (id, value) in self.fields {
            customer.set_field(id, value);
        }
    }
}

pub(super) fn serve(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    match (call.method.as_str(), call.id()) {
        ("GET", None) => {
            let settings = &state.settings;
            let mut query = ListQuery::parse(call.params)?;
            query.restrict(settings.user_id_filter, |field| field == Customer::ID)?;
            query.restrict(settings.undocumented_user_filter, |field| {
                let field = field.split('.').next().unwrap_or(field);
                field != Customer::ID
                    && Customer::FIELDS.contains(&field)
                    && !DOCUMENTED_FILTERS.contains(&field)
            })?;
            let by_email = query.picking("email").map(|condition| {
                let found = condition
                    .operands
                    .iter()
                    .flat_map(|email| state.user_emails.ids(email.text()));
                ascending(found.collect())
            });
            call.list(&state.users, by_email, query, state.shown())
        }
        ("GET", Some(id)) => one(&state.users, id, state.shown()),
        ("POST", None) => {
            let change = Change::read(state, call.body, None)?;
            let id = state.insert_customer(NewCustomer::default(), By::Rest, |customer| {
                change.apply(customer)
            });
            Ok(Answer::number(id))
        }
        ("PUT", Some(id)) => {
            state.writable_customer(id)?;
            let change = Change::read(state, call.body, Some(id))?;
            state.change_customer(id, By::Rest, |customer| change.apply(customer));
            Ok(Answer::done())
        }
        ("DELETE", Some(id)) => {
            state.writable_customer(id)?;
            state.remove_customer(id, By::Rest);
            Ok(Answer::done())
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
