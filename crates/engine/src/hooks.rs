//! The shop's webhooks: registered at installation, checked and repaired later, removed at the end.
//!
//! Ours are recognised by the beginning of their URL; rows of other applications are never touched
//! (shoper-api.md F.2).

use secrecy::{ExposeSecret, SecretString};
use shoper_api::ShopUrl;
use shoper_api::webhooks::{EVENTS, NewWebhook};
use store::{HookKind, ShopChange};
use sync_core::{ProblemKind, Topic};

use crate::cadence;
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::RAREST;
use ports::millis;

/// Registers or repairs the shop's webhook; due every few hours.
pub async fn check(s: &Session<'_>) -> Result<(), Halt> {
    let every = cadence::stretched(s, millis(s.settings.hooks_every), RAREST).await?;
    let next = s.now() + every;
    let Some(public) = &s.settings.public_url else {
        s.state().timers.hooks = next;
        return Ok(());
    };
    s.may_ask_shop()?;
    repair(s, &public.shoper_hooks()).await?;
    let mut state = s.state();
    state.timers.hooks = next;
    state.cadence.checked_at = s.now();
    Ok(())
}

async fn repair(s: &Session<'_>, base: &str) -> Result<(), Halt> {
    ensure_sare_token(s).await?;
    match register(s, base).await {
        Ok(is_repaired) => {
            s.state().cadence.is_refused = false;
            if is_repaired {
                cadence::note_repair(s);
            }
            s.shop_problem_over(Topic::Webhooks).await?;
        }
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => {
            tracing::warn!(shop = %s.shop.id, %error, "webhooks cannot be registered");
            s.state().cadence.is_refused = true;
            let why = error
                .reason()
                .map_or_else(|| error.to_string(), |why| why.shown());
            s.shop_problem(Topic::Webhooks, ProblemKind::WebhooksRefused, Some(why))
                .await?;
        }
    }
    learn_addresses(s).await
}

/// Keeps the shop's addresses, at Shoper and of its own: its administration may be opened at either (shoper-api.md C.4),
/// and only an address it has told itself is believed when it sends us on (`redirects.rs`). A shop that does not tell them is
/// served all the same.
async fn learn_addresses(s: &Session<'_>) -> Result<(), Halt> {
    let config = match s.shoper(|c| async move { c.application_config().await }).await {
        Ok(config) => config,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => {
            tracing::debug!(shop = %s.shop.id, %error, "the shop does not tell its addresses");
            return Ok(());
        }
    };
    let usable = |told: Option<String>| {
        let told = told?;
        // One that it still tells by http:// is asked by https:// all the same.
        let secure = told.strip_prefix("http://").filter(|_| !s.settings.allow_http);
        let url = ShopUrl::parse(secure.unwrap_or(&told), s.settings.allow_http).ok()?;
        Some(url.as_str().to_owned())
    };
    let change = ShopChange {
        technical_url: usable(config.technical_url).filter(|url| s.shop.technical_url.as_ref() != Some(url)),
        own_url: usable(config.shop_url).filter(|url| s.shop.own_url.as_ref() != Some(url)),
        ..ShopChange::default()
    };
    if change.technical_url.is_some() || change.own_url.is_some() {
        s.store.update_shop(s.shop.id, &change, s.now()).await?;
    }
    Ok(())
}

async fn ensure_sare_token(s: &Session<'_>) -> Result<(), Halt> {
    if s.store.hook_of(s.shop.id, HookKind::Sare).await?.is_none() {
        let token = SecretString::from(hex::encode((s.settings.entropy)()));
        s.store
            .put_hook(s.shop.id, HookKind::Sare, &token, None, None)
            .await?;
    }
    Ok(())
}

/// Whether one that was there before was missing, switched off or incomplete.
async fn register(s: &Session<'_>, base: &str) -> Result<bool, CallError<shoper_api::Error>> {
    let known = s.store.hook_of(s.shop.id, HookKind::Shoper).await?;
    let (token, secret, remote) = match known {
        Some((hook, token)) if hook.secret.is_some() => (token, hook.secret, hook.remote_id),
        _ => {
            let token = SecretString::from(hex::encode((s.settings.entropy)()));
            let secret = SecretString::from(hex::encode((s.settings.entropy)()));
            // Stored before the shop knows it: the first call may come before we hear back.
            s.store
                .put_hook(s.shop.id, HookKind::Shoper, &token, Some(secret.clone()), None)
                .await?;
            (token, Some(secret), None)
        }
    };
    let url = format!("{base}{}", token.expose_secret());
    let wanted = NewWebhook {
        url: url.clone(),
        secret: secret.clone(),
        events: EVENTS.iter().map(|e| (*e).to_owned()).collect(),
        active: true,
    };
    let rows = s.shoper(|c| async move { c.webhooks().await }).await?;
    let mut ours = None;
    for row in rows.into_iter().filter(|row| row.url.starts_with(base)) {
        if row.url == url && ours.is_none() {
            ours = Some(row);
        } else {
            // One of ours from before: an earlier installation in this very shop.
            let id = row.id;
            match s.shoper(|c| async move { c.delete_webhook(id).await }).await {
                Ok(()) | Err(CallError::Api(_)) => {}
                Err(halt) => return Err(halt),
            }
        }
    }
    let is_repaired = match ours {
        Some(row) => {
            let complete = row.active && EVENTS.iter().all(|e| row.events.iter().any(|have| have == e));
            if !complete {
                let id = row.id;
                let update = s.shoper(|c| {
                    let wanted = wanted.clone();
                    async move { c.update_webhook(id, &wanted).await }
                });
                update.await?;
            }
            if remote != Some(row.id.0) {
                s.store
                    .set_hook_remote(s.shop.id, HookKind::Shoper, Some(row.id.0))
                    .await?;
            }
            !complete
        }
        None => {
            let create = s.shoper(|c| {
                let wanted = wanted.clone();
                async move { c.create_webhook(&wanted).await }
            });
            let id = create.await?;
            s.store
                .set_hook_remote(s.shop.id, HookKind::Shoper, Some(id.0))
                .await?;
            remote.is_some()
        }
    };
    Ok(is_repaired)
}

/// Removes our webhooks from the shop as far as it lets us; failures are ignored (shoper-api.md H.7).
pub async fn remove(s: &Session<'_>) {
    let Some(public) = &s.settings.public_url else {
        return;
    };
    let base = public.shoper_hooks();
    let Ok(rows) = s.shoper(|c| async move { c.webhooks().await }).await else {
        return;
    };
    for row in rows.into_iter().filter(|row| row.url.starts_with(&base)) {
        let id = row.id;
        if let Err(CallError::Halt(_)) = s.shoper(|c| async move { c.delete_webhook(id).await }).await {
            return;
        }
    }
}
