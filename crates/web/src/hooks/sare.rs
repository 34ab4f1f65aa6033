//! `POST /sare/webhooks/{token}`: something happened to a contact in SARE (sare-api.md 11.2).
//!
//! Nothing signs these calls and nobody has published their shape, so they are hints and no more: an address that
//! the ledger knows is marked to be read again. A forged call costs one extra read. The answer is 200 whatever was
//! found, so that it tells nothing of whom we know, and 503 when the ledger did not take the mark: whoever sent it may
//! send it again.

use axum::extract::{Path, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ports::read_body;
use store::{DirtyKey, DirtyMark, HookKind, Priority, Reason};

use super::{address, in_time};
use crate::error::Error;
use crate::state::App;

/// Largest body that is read; what is longer is answered and let be.
const READ_AT_MOST: usize = 256 * 1024;

/// Takes one call.
pub async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let worked = {
        let app = app.clone();
        in_time(&app.clone(), async move { take(&app, &token, &body).await }).await
    };
    let result = match &worked {
        Ok(result) => result,
        Err(error) => error.word(),
    };
    metrics::counter!("shoper_sare_webhooks_total", "from" => "sare", "event" => "any", "result" => result)
        .increment(1);
    worked.map(|_| StatusCode::OK)
}

async fn take(app: &App, token: &str, body: &[u8]) -> Result<&'static str, Error> {
    let Some(hook) = app
        .store
        .hook(HookKind::Sare, token)
        .await?
        .filter(|hook| hook.active)
    else {
        return Ok("unknown-token");
    };
    let now = app.now();
    if !app.sare_rate.admits(hook.shop, now) {
        return Ok("limited");
    }
    if body.len() > READ_AT_MOST {
        return Ok("too-long");
    }
    let Ok(body) = read_body(&HeaderMap::new(), Bytes::copy_from_slice(body), READ_AT_MOST) else {
        return Ok("too-long");
    };
    let hashes: Vec<_> = address::find(&body)
        .iter()
        .map(|email| app.store.hash(hook.shop, email.key()))
        .collect();
    let known = app.store.contacts(hook.shop, &hashes).await?;
    let marks: Vec<DirtyMark> = known
        .keys()
        .map(|hash| DirtyMark {
            key: DirtyKey::Address(*hash),
            due_at: now,
            priority: Priority::Live,
            reason: Reason::SareHook,
            held_by: None,
        })
        .collect();
    if !marks.is_empty() {
        app.store.mark_dirty(hook.shop, &marks, now).await?;
        app.wake.notify_one();
    }
    app.store
        .hook_called(hook.shop, HookKind::Sare, "token", now)
        .await?;
    Ok(match (hashes.is_empty(), marks.is_empty()) {
        (true, _) => "no-address",
        (_, true) => "not-known",
        _ => "received",
    })
}
