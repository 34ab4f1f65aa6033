//! Customers, guests among them (shoper-api.md E.1).

use std::sync::Arc;

use ports::Millis;

use super::super::filter::Field;
use super::super::json::Json;
use super::super::settings::SelectValues;
use super::addresses::NewAddress;
use super::catalog::{Catalog, FieldKind};
use super::{Row, Shown, Text};

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
    /// The last change of this row; seen by filters alone (I).
    pub updated_at: Millis,
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

impl Row for Customer {
    const ID: &'static str = "user_id";
    const CHANGES: bool = true;
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
            "updated_at" => Field::Date(Some(self.updated_at)),
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
