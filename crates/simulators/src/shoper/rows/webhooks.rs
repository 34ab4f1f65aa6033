//! Webhooks (shoper-api.md F).

use super::super::filter::Field;
use super::super::json::Json;
use super::catalog::Catalog;
use super::{Row, Shown};

/// A webhook as the shop holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `webhook_id`
    pub id: i64,
    /// Where deliveries go.
    pub url: String,
    /// Whether bodies are JSON; false is XML, of which nothing is known, so nothing is delivered.
    pub json: bool,
    /// Names of events.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// Its own secret, perhaps empty.
    pub secret: String,
    /// Whether our app made it; false for those of other applications and of the shop's people.
    pub by_app: bool,
    /// Failed deliveries in a row.
    pub failures: u32,
}

impl Row for Webhook {
    const ID: &'static str = "webhook_id";
    const FIELDS: &'static [&'static str] = &["webhook_id", "url", "format", "active"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "webhook_id" => Field::Number(self.id),
            "url" => Field::Text(&self.url),
            "format" => Field::Flag(!self.json),
            _ => Field::Flag(self.active),
        }
    }

    fn write(&self, json: &mut Json, shown: &Shown<'_>) {
        json.id("webhook_id", self.id);
        json.text("url", &self.url);
        json.flag("format", !self.json);
        json.flag("active", self.active);
        json.array(Some("events"), |json| {
            for event in &self.events {
                json.text_item(event);
            }
        });
        if shown.alone {
            json.text("secret", &self.secret);
        }
    }
}
