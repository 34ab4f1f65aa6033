//! Newsletter subscribers (shoper-api.md E.5).

use ports::Millis;

use super::super::filter::Field;
use super::super::json::Json;
use super::catalog::Catalog;
use super::{Row, Shown, Text};

/// A newsletter subscriber as the shop holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// `subscriber_id`
    pub id: i64,
    /// The only link to a customer.
    pub email: Text,
    /// Whether the subscription is active.
    pub active: bool,
    /// When it was added.
    pub dateadd: Millis,
    /// Mailing language.
    pub lang_id: i64,
    /// Subscriber groups.
    pub groups: Vec<i64>,
    /// From where it signed up, whatever the shop writes there; `None`: the member is left out (I).
    pub ipaddress: Option<Text>,
    /// The last change of this row; seen by filters alone (I).
    pub updated_at: Millis,
}

impl Row for Subscriber {
    const ID: &'static str = "subscriber_id";
    const CHANGES: bool = true;
    const FIELDS: &'static [&'static str] =
        &["subscriber_id", "email", "active", "dateadd", "lang_id", "groups"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "subscriber_id" => Field::Number(self.id),
            "updated_at" => Field::Date(Some(self.updated_at)),
            "email" => Field::Text(&self.email),
            "active" => Field::Flag(self.active),
            "dateadd" => Field::Date(Some(self.dateadd)),
            "lang_id" => Field::Number(self.lang_id),
            _ => Field::Numbers(self.groups.clone()),
        }
    }

    fn write(&self, json: &mut Json, shown: &Shown<'_>) {
        json.id("subscriber_id", self.id);
        json.text("email", &self.email);
        json.flag("active", self.active);
        json.date("dateadd", Some(self.dateadd));
        json.id("lang_id", self.lang_id);
        if let Some(address) = &self.ipaddress {
            json.text("ipaddress", address);
        }
        json.array(Some("groups"), |json| {
            for group in &self.groups {
                if shown.settings.subscriber_group_strings {
                    json.text_item(&group.to_string());
                } else {
                    json.number_item(*group);
                }
            }
        });
    }
}
