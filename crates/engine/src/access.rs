//! Keeping the right to ask the shop: exchanging the authorisation code, renewing tokens, logging in.
//!
//! A refresh token works once (shoper-api.md B.1), so this runs only under the lane's lease: one
//! renewal at a time a shop. The new pair is stored before it is used, and the old refresh token is
//! kept beside it until the new access token has answered.

use secrecy::SecretString;
use shoper_api::oauth;
use store::{SecretName, ShopChange, ShopState};

use crate::error::{Halt, Side};
use crate::session::{Session, millis};

/// Renew when less than this is left.
const RENEW_BEFORE_MS: i64 = 24 * 3_600_000;

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
    let expires = s.store.access_expires_at(id).await?;
    if expires.is_some_and(|at| at - s.now() < RENEW_BEFORE_MS) {
        // A token that still works is worth more than a failed renewal.
        match renew(s).await {
            Err(Halt::Wait { .. }) if expires.is_some_and(|at| at > s.now()) => {}
            other => other?,
        }
    }
    Ok(())
}

/// Exchanges the code of an `install`. A spent code must not cost working tokens (shoper-api.md H.6).
async fn exchange(s: &Session<'_>, code: &SecretString) -> Result<(), Halt> {
    let Some(app) = &s.settings.app else {
        s.shop_problem("access", "no-app", None).await?;
        return Ok(());
    };
    match oauth::exchange_code(s.transport.as_ref(), &s.url, app, code).await {
        Ok(tokens) => {
            store_tokens(s, &tokens, true).await?;
            let scope = (!tokens.scope.is_empty()).then(|| tokens.scope.join(","));
            let change = ShopChange {
                state: Some(ShopState::Connected),
                scopes: scope,
                ..ShopChange::default()
            };
            s.store.update_shop(s.shop.id, &change, s.now()).await?;
            s.shop_problem_over("access").await?;
            s.state().timers.hooks = 0;
            Ok(())
        }
        Err(shoper_api::Error::Redirected { to: Some(to) }) => Err(s.moved(&to).await?),
        Err(error) if error.is_transient() => Err(away(s, error.retry_after())),
        Err(error) => {
            tracing::warn!(shop = %s.shop.id, %error, "the authorisation code was refused");
            s.store
                .put_secrets(s.shop.id, &[(SecretName::AuthCode, None)], None)
                .await?;
            Ok(())
        }
    }
}

async fn store_tokens(s: &Session<'_>, tokens: &oauth::Tokens, drop_code: bool) -> Result<(), Halt> {
    let old = s.store.secret(s.shop.id, SecretName::RefreshToken).await?;
    let mut secrets = vec![
        (SecretName::AccessToken, Some(tokens.access_token.clone())),
        (SecretName::RefreshToken, tokens.refresh_token.clone()),
        (SecretName::PreviousRefreshToken, old),
    ];
    if drop_code {
        secrets.push((SecretName::AuthCode, None));
    }
    let expires = tokens.expires_in.map(|d| s.now() + millis(d));
    s.store.put_secrets(s.shop.id, &secrets, expires).await?;
    s.state().timers.shoper = 0;
    s.use_access_token(tokens.access_token.clone());
    Ok(())
}

/// Renews the access token, by refresh token or by the administrator's login.
pub async fn renew(s: &Session<'_>) -> Result<(), Halt> {
    let id = s.shop.id;
    let mut candidates = Vec::new();
    for name in [SecretName::RefreshToken, SecretName::PreviousRefreshToken] {
        candidates.extend(s.store.secret(id, name).await?);
    }
    if let Some(app) = &s.settings.app {
        for refresh in &candidates {
            match oauth::refresh(s.transport.as_ref(), &s.url, app, refresh).await {
                Ok(tokens) => {
                    store_tokens(s, &tokens, false).await?;
                    s.shop_problem_over("access").await?;
                    return Ok(());
                }
                Err(shoper_api::Error::Redirected { to: Some(to) }) => return Err(s.moved(&to).await?),
                Err(error) if error.is_transient() => return Err(away(s, error.retry_after())),
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
    let login = secrecy::ExposeSecret::expose_secret(&login).to_owned();
    match oauth::admin_login(s.transport.as_ref(), &s.url, &login, &password).await {
        Ok(tokens) => {
            store_tokens(s, &tokens, false).await?;
            let change = ShopChange {
                state: Some(ShopState::Connected),
                ..ShopChange::default()
            };
            s.store.update_shop(id, &change, s.now()).await?;
            s.shop_problem_over("access").await?;
            Ok(true)
        }
        Err(shoper_api::Error::Redirected { to: Some(to) }) => Err(s.moved(&to).await?),
        Err(error) if error.is_transient() => Err(away(s, error.retry_after())),
        Err(error) => {
            tracing::warn!(shop = %id, %error, "the administrator's login was refused");
            Ok(false)
        }
    }
}

fn away(s: &Session<'_>, retry_after: Option<std::time::Duration>) -> Halt {
    let now = s.now();
    let mut state = s.state();
    state.failures.0 += 1;
    let until = now + millis(retry_after.unwrap_or_else(|| crate::session::backoff(state.failures.0)));
    state.timers.shoper = until;
    Halt::Wait {
        side: Side::Shoper,
        until,
        why: "shop-away",
    }
}

/// The shop refuses us for good: said in problems, tried again hourly in case it changes its mind.
pub async fn lost(s: &Session<'_>, why: &str) -> Result<Halt, Halt> {
    s.shop_problem("access", "shop-access", Some(why.to_owned()))
        .await?;
    s.locked_out().await?;
    let until = s.now() + 3_600_000;
    s.state().timers.shoper = until;
    Ok(Halt::Wait {
        side: Side::Shoper,
        until,
        why: "shop-access",
    })
}
