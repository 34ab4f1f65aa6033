//! Keeping the right to ask the shop: exchanging the authorisation code, renewing tokens, logging in.
//!
//! A refresh token works once (shoper-api.md B.1), so this runs only under the lane's lease: one
//! renewal at a time a shop. The new pair is stored before it is used, and the old refresh token is
//! kept beside it until the new access token has answered.

use std::time::Duration;
use sync_core::{Cause, ProblemKind, Topic};

use ports::Millis;
use secrecy::SecretString;
use shoper_api::{Error, oauth};
use store::{AccessLife, SecretName, ShopChange, ShopState};

use crate::error::{Halt, Side};
use crate::session::Session;
use crate::session::redirects;
use ports::millis;

/// The longest time before its end at which a token is renewed (shoper-api.md B.1).
const RENEW_BEFORE_MS: i64 = 24 * 3_600_000;
/// The longest life of an access token that is believed: a refresh token lasts twice as long (shoper-api.md B.1), and
/// must not end unused because a shop told a life of many years.
const LONGEST_LIFE_MS: i64 = 90 * RENEW_BEFORE_MS;
/// A token whose life the shop does not tell is renewed after so long.
const UNTOLD_LIFE_MS: i64 = RENEW_BEFORE_MS;

/// How long a shop that refuses us is left alone.
const REST_MS: i64 = 3_600_000;
/// Refusals in a row without a word that says so, after which a shop is taken to refuse us.
const MOST_ODD: u32 = 12;

/// Whether a token's or a login's refusal is meant: by its code, or since it comes every time. Any other answer, as of
/// something in front of the shop, is an outage.
fn is_meant(s: &Session<'_>, error: &Error) -> bool {
    let is_said = match error {
        Error::Unauthorized { code } => code.is_some(),
        Error::Invalid { code, .. } => REFUSALS.contains(&code.as_str()),
        _ => false,
    };
    is_said || s.state().failures.shoper >= MOST_ODD
}

/// Codes by which OAuth refuses a token, a client or a login (shoper-api.md B.1, B.2; RFC 6749, 5.2).
const REFUSALS: [&str; 8] = [
    "access_denied",
    "auth_failure",
    "auth_ip_not_allowed",
    "auth_webapi_access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_token",
    "unauthorized_client",
];

/// Makes sure that the session can ask the shop.
pub async fn ensure(s: &Session<'_>) -> Result<(), Halt> {
    let id = s.shop.id;
    if let Some(code) = s.store.secret(id, SecretName::AuthCode).await? {
        exchange(s, &code).await?;
    }
    let Some(token) = s.store.secret(id, SecretName::AccessToken).await? else {
        if log_in(s).await? {
            return Ok(());
        }
        return Err(lost(s, "no-token").await?);
    };
    s.use_access_token(token);
    let life = s.store.access_life(id).await?;
    if is_due(life, s.now()) {
        // A token that still works is worth more than a failed renewal; where its end is not told, the shop refuses it
        // when it has come.
        match renew(s).await {
            Err(Halt::Wait { .. }) if life.expires_at.is_none_or(|at| at > s.now()) => {}
            other => other?,
        }
    }
    Ok(())
}

/// Whether it is time to renew a token.
fn is_due(life: AccessLife, now: Millis) -> bool {
    let at = match (life.renew_at, life.expires_at) {
        (Some(at), _) => at,
        // Given before the time of renewal was kept.
        (None, Some(end)) => end - RENEW_BEFORE_MS,
        (None, None) => return false,
    };
    at <= now
}

/// How long a token given now is good for. A quarter of a short life is left for renewing it, so that a shop whose tokens
/// live for hours is not asked for new ones all the time; a life that is not told, or cannot be one, is neither endless
/// nor over.
fn life_of(told: Option<Duration>, now: Millis) -> AccessLife {
    let Some(life) = told.map(millis).filter(|life| *life > 0) else {
        return AccessLife {
            expires_at: None,
            renew_at: Some(now + UNTOLD_LIFE_MS),
        };
    };
    let life = life.min(LONGEST_LIFE_MS);
    AccessLife {
        expires_at: Some(now + life),
        renew_at: Some(now + life - RENEW_BEFORE_MS.min(life / 4)),
    }
}

/// Exchanges the code of an `install`. A spent code must not cost working tokens (shoper-api.md H.6).
async fn exchange(s: &Session<'_>, code: &SecretString) -> Result<(), Halt> {
    let Some(app) = &s.settings.app else {
        s.shop_problem(Topic::ShopAccess, ProblemKind::NoApp, None)
            .await?;
        return Ok(());
    };
    redirects::before_secrets(s).await?;
    match oauth::exchange_code(s.transport.as_ref(), &s.url, app, code).await {
        Ok(tokens) => {
            let known = s.store.secret(s.shop.id, SecretName::RefreshToken).await?;
            store_tokens(s, &tokens, known, true).await?;
            let scope = (!tokens.scope.is_empty()).then(|| tokens.scope.join(","));
            let change = ShopChange {
                state: Some(ShopState::Connected),
                scopes: scope,
                ..ShopChange::default()
            };
            s.store.update_shop(s.shop.id, &change, s.now()).await?;
            s.shop_problem_over(Topic::ShopAccess).await?;
            s.state().timers.hooks = 0;
            Ok(())
        }
        Err(error) if error.is_transient() || !is_meant(s, &error) => {
            Err(redirects::handle_failure(s, &error).await?)
        }
        Err(error) => {
            tracing::warn!(shop = %s.shop.id, %error, "the authorisation code was refused");
            s.store
                .put_secrets(s.shop.id, &[(SecretName::AuthCode, None)], None)
                .await?;
            Ok(())
        }
    }
}

/// Keeps a new pair. An answer that names no refresh token does not take the one away that we have: `used` got us in, and
/// may do so again.
async fn store_tokens(
    s: &Session<'_>,
    tokens: &oauth::Tokens,
    used: Option<SecretString>,
    drop_code: bool,
) -> Result<(), Halt> {
    let mut secrets = vec![(SecretName::AccessToken, Some(tokens.access_token.clone()))];
    if let Some(new) = &tokens.refresh_token {
        let old = s.store.secret(s.shop.id, SecretName::RefreshToken).await?;
        secrets.push((SecretName::RefreshToken, Some(new.clone())));
        secrets.push((SecretName::PreviousRefreshToken, old));
    } else if let Some(used) = used {
        secrets.push((SecretName::RefreshToken, Some(used)));
    }
    if drop_code {
        secrets.push((SecretName::AuthCode, None));
    }
    let life = life_of(tokens.expires_in, s.now());
    s.store.put_secrets(s.shop.id, &secrets, Some(life)).await?;
    s.state().timers.shoper = 0;
    s.use_access_token(tokens.access_token.clone());
    Ok(())
}

/// Renews the access token, by refresh token or by the administrator's login.
pub async fn renew(s: &Session<'_>) -> Result<(), Halt> {
    let id = s.shop.id;
    redirects::before_secrets(s).await?;
    let mut candidates = Vec::new();
    for name in [SecretName::RefreshToken, SecretName::PreviousRefreshToken] {
        candidates.extend(s.store.secret(id, name).await?);
    }
    if let Some(app) = &s.settings.app {
        for refresh in &candidates {
            match oauth::refresh(s.transport.as_ref(), &s.url, app, refresh).await {
                Ok(tokens) => {
                    store_tokens(s, &tokens, Some(refresh.clone()), false).await?;
                    s.shop_problem_over(Topic::ShopAccess).await?;
                    return Ok(());
                }
                Err(error) if error.is_transient() || !is_meant(s, &error) => {
                    return Err(redirects::handle_failure(s, &error).await?);
                }
                Err(error) => tracing::warn!(shop = %id, %error, "a refresh token was refused"),
            }
        }
    }
    if log_in(s).await? {
        Ok(())
    } else {
        Err(lost(s, "refresh-refused").await?)
    }
}

async fn log_in(s: &Session<'_>) -> Result<bool, Halt> {
    let id = s.shop.id;
    let login = s.store.secret(id, SecretName::AdminLogin).await?;
    let password = s.store.secret(id, SecretName::AdminPassword).await?;
    let (Some(login), Some(password)) = (login, password) else {
        return Ok(false);
    };
    redirects::before_secrets(s).await?;
    let login = secrecy::ExposeSecret::expose_secret(&login).to_owned();
    match oauth::admin_login(s.transport.as_ref(), &s.url, &login, &password).await {
        Ok(tokens) => {
            store_tokens(s, &tokens, None, false).await?;
            let change = ShopChange {
                state: Some(ShopState::Connected),
                ..ShopChange::default()
            };
            s.store.update_shop(id, &change, s.now()).await?;
            s.shop_problem_over(Topic::ShopAccess).await?;
            Ok(true)
        }
        Err(error) if error.is_transient() || !is_meant(s, &error) => {
            Err(redirects::handle_failure(s, &error).await?)
        }
        Err(error) => {
            tracing::warn!(shop = %id, %error, "the administrator's login was refused");
            Ok(false)
        }
    }
}

/// The shop refuses us for good: said in problems, tried again hourly in case it changes its mind. Where it has moved, the
/// address of before is asked first.
pub async fn lost(s: &Session<'_>, why: &str) -> Result<Halt, Halt> {
    if let Some(halt) = redirects::back(s).await? {
        return Ok(halt);
    }
    s.shop_problem(Topic::ShopAccess, ProblemKind::ShopAccess, Some(why.to_owned()))
        .await?;
    s.locked_out().await?;
    // Who may be asked elsewhere is not left alone for so long.
    let rest = if s.shop.previous_url.is_some() {
        REST_MS / 12
    } else {
        REST_MS
    };
    let until = s.now() + rest;
    s.state().timers.shoper = until;
    Ok(Halt::Wait {
        side: Side::Shoper,
        until,
        why: Cause::ShopAccess,
    })
}
