//! Webhooks registered in a shop (shoper-api.md F.2, F.3). Verifying a delivery is
//! [`crate::signature::verify_webhook`].

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::ids::WebhookId;
use crate::lists::Row;
use crate::wire::{created, lenient};

/// The events that concern contacts.
pub const EVENTS: [&str; 6] = [
    "client.create",
    "client.edit",
    "client.delete",
    "subscriber.create",
    "subscriber.edit",
    "subscriber.delete",
];

/// A webhook as the shop has it. Lists show those of other applications too: never touch what is not ours.
#[derive(Clone, Deserialize)]
pub struct Webhook {
    /// `webhook_id`
    #[serde(rename = "webhook_id")]
    pub id: WebhookId,
    /// Where deliveries go.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: String,
    /// Names of events.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub events: Vec<String>,
    /// Whether it is switched on; one that does not say so is taken to be off.
    #[serde(default, deserialize_with = "is_on")]
    pub active: bool,
    /// 0 JSON, 1 XML.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub format: Option<i64>,
    /// Its secret, which only [`Client::webhook`] shows.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<SecretString>,
}

fn is_on<'de, D: serde::Deserializer<'de>>(source: D) -> Result<bool, D::Error> {
    Ok(lenient::flag(source)?.unwrap_or(false))
}

fn secret<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<SecretString>, D::Error> {
    Ok(lenient::filled(source)?.map(SecretString::from))
}

/// Without the URL, which can hold a token.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("events", &self.events)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Row for Webhook {
    const RESOURCE: &'static str = "webhooks";
    const ID: &'static str = "webhook_id";

    fn id(&self) -> i64 {
        self.id.0
    }
}

/// A webhook as we want it.
#[derive(Clone)]
pub struct NewWebhook {
    /// Where deliveries go; its host must be resolvable.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: Option<SecretString>,
    /// Names of events; an unknown one is refused.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub active: bool,
}

/// Without the URL, which can hold a token.
impl fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhook")
            .field("events", &self.events)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl NewWebhook {
    fn body(&self) -> Value {
        let mut body = json!({ "url": self.url, "format": 0, "active": self.active, "events": self.events });
        if let Some(secret) = &self.secret {
            body["secret"] = secret.expose_secret().into();
        }
        body
    }
}

impl Client {
    /// All webhooks of the shop, whoever made them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.list_all().await
    }

    /// One webhook, its secret with it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook, Error> {
        self.one(id.0, "a webhook").await
    }

    /// Registers a webhook for JSON. The first delivery may come before the answer.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_webhook(&self, new: &NewWebhook) -> Result<WebhookId, Error> {
        let answer = self.post(Webhook::RESOURCE, &new.body()).await?;
        created(&answer, Webhook::ID).map(WebhookId)
    }

    /// Makes a webhook what we want it to be.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; any [`Error`].
    pub async fn update_webhook(&self, id: WebhookId, wanted: &NewWebhook) -> Result<(), Error> {
        self.put(Webhook::RESOURCE, id.0, &wanted.body()).await
    }

    /// Removes a webhook; one that is gone already is just as well.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete_webhook(&self, id: WebhookId) -> Result<(), Error> {
        match self.delete(Webhook::RESOURCE, id.0).await {
            Err(Error::NotFound) => Ok(()),
            other => other,
        }
    }
}
