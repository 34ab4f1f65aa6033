//! `POST /shoper/lifecycle`: what the AppStore says of a shop (shoper-api.md A).
//!
//! Verified, stored and applied in one transaction, then answered. The platform repeats what is not answered with
//! 200, and may repeat what was; the ledger knows each message by licence, action and hash. Exchanging the code of
//! an `install` is the engine's work, which the message wakes.

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use shoper_api::ShopUrl;
use shoper_api::lifecycle::{Action, Message};
use shoper_api::signature::{SignatureError, verify_lifecycle};
use store::{Lifecycle, LifecycleEffect, Received};

use crate::error::Error;
use crate::state::App;

/// Largest message; genuine ones have a few hundred bytes.
pub const BODY_LIMIT: usize = 64 * 1024;
/// Parameters a message may have.
const MOST_PARAMETERS: usize = 100;

/// Takes one message.
pub async fn receive(State(app): State<App>, body: Bytes) -> Result<(StatusCode, &'static str), Error> {
    let body = ports::read_body(&http::HeaderMap::new(), body, BODY_LIMIT).unwrap_or_default();
    let message = read(&app, &body);
    if let Err(error) = &message {
        tracing::warn!(%error, "a lifecycle message is refused");
        metrics::counter!("shoper_sare_lifecycle_refused_total", "reason" => error.word()).increment(1);
    }
    let message = message?;
    let action = label(&message.action);
    let received = app.store.receive(&message).await?;
    metrics::counter!("shoper_sare_lifecycle_total", "action" => action).increment(1);
    match received {
        Received::Applied(shop) => {
            tracing::info!(%shop, action, "a lifecycle message is stored");
            app.wake.notify_one();
        }
        Received::Repeated => tracing::info!(action, "a lifecycle message came again"),
        Received::Kept => tracing::info!(action, "a lifecycle message is kept without effect"),
    }
    Ok((StatusCode::OK, "{}"))
}

/// The action as a label: only names of our own, whatever a message says.
fn label(action: &str) -> &'static str {
    match action {
        "install" => "install",
        "upgrade" => "upgrade",
        "uninstall" => "uninstall",
        "billing_install" => "billing_install",
        "billing_subscription" => "billing_subscription",
        _ => "other",
    }
}

/// Proves and reads a message.
fn read(app: &App, body: &[u8]) -> Result<Lifecycle, Error> {
    let secret = app.settings.appstore_secret.as_ref().ok_or(Error::SwitchedOff)?;
    let app_id = app.settings.app_id.as_deref().ok_or(Error::SwitchedOff)?;
    let params: Vec<(String, String)> = url::form_urlencoded::parse(body)
        .take(MOST_PARAMETERS + 1)
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    if params.len() > MOST_PARAMETERS {
        return Err(malformed("the message has too many parameters"));
    }
    verify_lifecycle(&params, secret).map_err(|error| match error {
        SignatureError::Mismatch => Error::NotProven("the message's signature does not match"),
        other => malformed(&other.to_string()),
    })?;
    let message = Message::parse(&params).map_err(|error| malformed(&error.to_string()))?;
    if message.application_code != app_id {
        return Err(Error::Forbidden("the message is for another application"));
    }
    if message.timestamp.is_empty() {
        return Err(malformed("the lifecycle message has no `timestamp`"));
    }
    let hash = params
        .iter()
        .find(|(name, _)| name == "hash")
        .map(|(_, hash)| hash.to_ascii_lowercase());
    let url = ShopUrl::parse(&message.shop_url, app.settings.allow_http).ok();
    Ok(Lifecycle {
        url: url.map(|url| url.as_str().to_owned()),
        license: message.shop.clone(),
        action: message.action.name().to_owned(),
        hash: hash.unwrap_or_default(),
        timestamp: message.timestamp.clone(),
        received_at: app.now(),
        effect: effect(app, message, &params)?,
    })
}

fn effect(app: &App, message: Message, params: &[(String, String)]) -> Result<LifecycleEffect, Error> {
    Ok(match message.action {
        Action::Install => {
            let url = ShopUrl::parse(&message.shop_url, app.settings.allow_http)
                .map_err(|error| malformed(&format!("`shop_url` is no shop's address: {error}")))?;
            LifecycleEffect::Install {
                url: url.as_str().to_owned(),
                host: url.host(),
                auth_code: message.auth_code,
                version: message.application_version,
                trial: message.trial,
            }
        }
        Action::Upgrade => LifecycleEffect::Upgrade {
            version: message.application_version,
            auth_code: message.auth_code,
            trial: message.trial,
        },
        Action::BillingInstall => LifecycleEffect::Paid,
        Action::BillingSubscription { until_at, .. } => LifecycleEffect::Subscribed { until: until_at },
        Action::Uninstall => LifecycleEffect::Uninstall,
        Action::Other(_) => LifecycleEffect::Unknown {
            params: without_secrets(params),
        },
    })
}

/// An unknown message's parameters as JSON, without those whose names speak of codes, hashes and other secrets.
fn without_secrets(params: &[(String, String)]) -> String {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        name != "application_code"
            && ["hash", "code", "token", "secret", "password"]
                .iter()
                .any(|word| name.contains(word))
    };
    let kept: std::collections::BTreeMap<_, _> = params
        .iter()
        .filter(|(name, _)| !secret(name))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    serde_json::to_string(&kept).expect("names and values are text")
}

fn malformed(why: &str) -> Error {
    Error::Malformed(why.to_owned())
}
