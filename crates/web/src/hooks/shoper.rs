//! `POST /shoper/webhooks/{token}`: something changed in a shop (shoper-api.md F).
//!
//! The token finds the shop, the signature proves the sender, the licence proves that it is the very shop and not
//! a copy of it. Then the record is marked dirty and the lane woken.

use axum::extract::{Path, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ports::read_body;
use secrecy::SecretString;
use shoper_api::signature::{DerivedSecret, WebhookSecretKind, verify_webhook};
use store::{DirtyKey, DirtyMark, Hook, HookKind, Priority, Reason, RunKind};

use super::{id, in_time};
use crate::error::Error;
use crate::state::App;

/// Largest body that is read, after decompression.
const READ_AT_MOST: usize = 1 << 20;

/// Takes one call.
pub async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let event = header(&headers, "x-webhook-name").to_owned();
    let worked = {
        let app = app.clone();
        in_time(
            &app.clone(),
            async move { take(&app, &token, &headers, &body).await },
        )
        .await
    };
    let result = match &worked {
        Ok(()) => "received",
        Err(error) => error.word(),
    };
    metrics::counter!("shoper_sare_webhooks_total", "from" => "shoper", "event" => label(&event), "result" => result)
        .increment(1);
    worked.map(|()| StatusCode::OK)
}

/// The event as a label: only names of our own, whatever a call says.
fn label(event: &str) -> &'static str {
    const NAMES: [&str; 6] = [
        "client.create",
        "client.edit",
        "client.delete",
        "subscriber.create",
        "subscriber.edit",
        "subscriber.delete",
    ];
    NAMES.into_iter().find(|name| *name == event).unwrap_or("other")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn take(app: &App, token: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    let Some(hook) = app.store.hook(HookKind::Shoper, token).await? else {
        return Err(Error::NoSuchPage);
    };
    let license = header(headers, "x-shop-license");
    // Shoper signs the bytes as sent, or the body before compression: both are tried.
    let meant = read_body(headers, Bytes::copy_from_slice(body), READ_AT_MOST).unwrap_or_default();
    let proven = prove(app, &hook, headers, body).or_else(|| prove(app, &hook, headers, &meant));
    let Some(matched) = proven else {
        tracing::warn!(shop = %hook.shop, "a webhook's signature does not match");
        return Err(Error::NotProven("the signature does not match"));
    };
    // The first webhook of a directly connected shop tells its licence. It must be signed with the hook's own secret.
    let unknown_yet = hook.license.starts_with("direct:");
    if !license.is_empty() && license != hook.license && !unknown_yet {
        tracing::warn!(shop = %hook.shop, "a webhook names another licence: is there a copy of the shop?");
        return Err(Error::Forbidden(
            "the webhook belongs to a shop of another licence",
        ));
    }
    if !hook.active {
        return Err(Error::Gone);
    }
    let now = app.now();
    let by_own = matches!(matched, WebhookSecretKind::Plain | WebhookSecretKind::OwnDerived);
    let learnt = (unknown_yet && is_license(license) && by_own).then_some(license);
    if let Some(license) = learnt {
        app.store.learn_license(hook.shop, license, now).await?;
    }
    mark(app, &hook, header(headers, "x-webhook-name"), &meant).await?;
    app.store
        .hook_called(hook.shop, HookKind::Shoper, matched.name(), now)
        .await?;
    Ok(())
}

/// How often at most the shop is read as a whole because of webhooks that name no record.
const READ_EVERY_MS: i64 = 3_600_000;

/// Has the whole shop read, where nothing else tells what has changed in it.
async fn read_whole(app: &App, hook: &Hook, now: i64) -> Result<(), Error> {
    let is_set_up = engine::standing(&app.store, hook.shop).await?.first_done;
    let newest = app.store.newest_run(hook.shop, RunKind::Sweep).await?;
    let was_read = newest.is_some_and(|run| run.created_at + READ_EVERY_MS > now);
    if !is_set_up || was_read || app.store.active_run(hook.shop).await?.is_some() {
        return Ok(());
    }
    let body = engine::Body::default().text();
    match app.store.create_run(hook.shop, RunKind::Sweep, &body, now).await {
        // Another one has begun at this moment.
        Ok(_) | Err(store::Error::RunActive(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Marks what the event is about; one that names no record has the shop read.
async fn mark(app: &App, hook: &Hook, event: &str, body: &[u8]) -> Result<(), Error> {
    let Some(kind) = id::subject(event) else {
        return Ok(());
    };
    let now = app.now();
    match id::record(kind, body) {
        Some(key) => {
            let reason = if event.ends_with(".delete") {
                Reason::DeleteWebhook
            } else {
                Reason::Webhook
            };
            let mark = DirtyMark {
                key: DirtyKey::Record(key),
                due_at: now,
                priority: Priority::Live,
                reason,
                held_by: None,
            };
            app.store.mark_dirty(hook.shop, &[mark], now).await?;
        }
        None => {
            tracing::warn!(shop = %hook.shop, event = label(event), "a webhook names no record; the shop is read");
            read_whole(app, hook, now).await?;
            app.store.wake(hook.shop, now).await?;
        }
    }
    app.wake.notify_one();
    Ok(())
}

/// Tries the hook's own secret, the app's derived secret, and the hook's secret derived for the shop (shoper-api.md H.1, I).
fn prove(app: &App, hook: &Hook, headers: &HeaderMap, body: &[u8]) -> Option<WebhookSecretKind> {
    let license = header(headers, "x-shop-license");
    let of = if hook.license.starts_with("direct:") {
        license
    } else {
        &hook.license
    };
    let derived_from = |secret: Option<&SecretString>| {
        let appstore = app.settings.appstore_secret.as_ref()?;
        let secret = secret.filter(|_| !of.is_empty())?;
        Some(DerivedSecret::new(appstore, secret, of))
    };
    verify_webhook(
        header(headers, "x-webhook-id"),
        body,
        header(headers, "x-webhook-sha1"),
        hook.secret.as_ref(),
        derived_from(app.settings.webhook_secret.as_ref()).as_ref(),
        derived_from(hook.secret.as_ref()).as_ref(),
    )
}

/// Whether a header's text has the shape of a licence hash (shoper-api.md A.2); its length is only known by example.
fn is_license(text: &str) -> bool {
    (32..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
