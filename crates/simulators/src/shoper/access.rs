//! Who may call: authorization codes, the app's pairs of tokens, administrators' tokens
//! (shoper-api.md B).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ports::Millis;
use rand::RngExt;

use super::json::Json;
use super::refusal::Refusal;
use super::state::State;
use super::tokens::{Caller, Code, Tokens, push};

/// Life of a refresh token (B.1).
const REFRESH_LIFETIME: Duration = Duration::from_secs(180 * 86_400);
/// Life of an administrator's token (B.2).
const ADMIN_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// Whose token the `Authorization` header carries.
pub(super) fn caller(state: &State, authorization: Option<&str>) -> Option<Caller> {
    let (scheme, token) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (token, now) = (token.trim(), state.now());
    if state
        .access
        .pairs
        .iter()
        .any(|pair| pair.access == token && now < pair.access_until)
    {
        Some(Caller::App)
    } else if state
        .access
        .admins
        .iter()
        .any(|(admin, until)| admin == token && now < *until)
        || state.settings.api_token.as_deref() == Some(token)
    {
        Some(Caller::Admin)
    } else {
        None
    }
}

/// A fresh authorization code.
pub(super) fn new_code(state: &mut State) -> String {
    let code = random_hex(state);
    let until = later(state.now(), state.settings.code_lifetime);
    push(
        &mut state.access.codes,
        Code {
            code: code.clone(),
            until,
            spent: false,
        },
    );
    code
}

/// A fresh pair of tokens of the app.
pub(super) fn new_pair(state: &mut State) -> Tokens {
    let (now, access, refresh) = (state.now(), random_hex(state), random_hex(state));
    let pair = Tokens {
        access,
        access_until: later(now, state.settings.access_lifetime),
        refresh,
        refresh_until: later(now, REFRESH_LIFETIME),
    };
    push(&mut state.access.pairs, pair.clone());
    pair
}

/// Answers `POST oauth/token` in every form that official code uses (B.1).
pub(super) fn exchange(
    state: &mut State,
    query: &[(String, String)],
    body: &[u8],
    authorization: Option<&str>,
) -> Result<Vec<u8>, Refusal> {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let param = |name: &str| {
        let found = form.iter().chain(query).find(|(key, _)| key == name)?;
        Some(found.1.as_str())
    };
    let (id, secret) = basic(authorization).unwrap_or_else(|| {
        let text = |name| param(name).unwrap_or_default().to_owned();
        (text("client_id"), text("client_secret"))
    });
    if id != state.settings.app_id || secret != state.settings.app_secret {
        return Err(Refusal::Unauthorized);
    }
    let now = state.now();
    // The pair whose refresh token goes on working.
    let mut kept = None;
    match param("grant_type") {
        Some("authorization_code") => {
            let single_use = state.settings.code_single_use;
            let wanted = param("code").unwrap_or_default();
            let code = state.access.codes.iter_mut().find(|code| code.code == wanted);
            match code {
                Some(code) if now < code.until && !(code.spent && single_use) => code.spent = true,
                _ => {
                    return Err(invalid_grant(
                        "Authorization code doesn't exist or is invalid for the client",
                    ));
                }
            }
            state.access.pairs.clear();
        }
        Some("refresh_token") => {
            let wanted = param("refresh_token").unwrap_or_default();
            let valid = |pair: &Tokens| pair.refresh == wanted && now < pair.refresh_until;
            let Some(at) = state.access.pairs.iter().position(valid) else {
                return Err(invalid_grant("Invalid refresh token"));
            };
            kept = (state.access.pairs.remove(at)).filter(|_| state.settings.refresh_omits_token);
        }
        _ => {
            return Err(Refusal::Grant(
                "unsupported_grant_type",
                "Grant type is not supported",
            ));
        }
    }
    let mut pair = new_pair(state);
    if let (Some(kept), Some(newest)) = (&kept, state.access.pairs.back_mut()) {
        newest.refresh.clone_from(&kept.refresh);
        pair = newest.clone();
    }
    let settings = &state.settings;
    let mut json = Json::new(settings);
    json.object(None, |json| {
        json.text("access_token", &pair.access);
        if kept.is_none() {
            json.text("refresh_token", &pair.refresh);
        }
        let seconds = settings.access_lifetime.as_secs();
        if !settings.tells_lifetime {
            json.text("expires_in", "");
        } else if settings.expires_in_as_string {
            json.text("expires_in", &seconds.to_string());
        } else {
            json.number("expires_in", i64::try_from(seconds).unwrap_or(i64::MAX));
        }
        json.text("token_type", "bearer");
        if let Some(scope) = &settings.scope {
            json.text("scope", scope);
        }
    });
    Ok(json.into_bytes())
}

/// Answers `POST auth`: an administrator logs in (B.2).
pub(super) fn log_in(
    state: &mut State,
    query: &[(String, String)],
    authorization: Option<&str>,
) -> Result<Vec<u8>, Refusal> {
    let param = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let given = basic(authorization).or_else(|| Some((param("client_id")?, param("client_secret")?)));
    let settings = &state.settings;
    if given != Some((settings.admin_login.clone(), settings.admin_password.clone())) {
        return Err(Refusal::AuthFailure);
    }
    if let Some(why) = settings.admin_refused {
        return Err(Refusal::AdminRefused(why));
    }
    let (token, until) = (random_hex(state), later(state.now(), ADMIN_LIFETIME));
    push(&mut state.access.admins, (token.clone(), until));
    let mut json = Json::new(&state.settings);
    json.object(None, |json| {
        json.text("access_token", &token);
        json.number(
            "expires_in",
            i64::try_from(ADMIN_LIFETIME.as_secs()).unwrap_or(i64::MAX),
        );
        json.text("token_type", "bearer");
    });
    Ok(json.into_bytes())
}

fn invalid_grant(text: &'static str) -> Refusal {
    Refusal::Grant("invalid_grant", text)
}

fn basic(authorization: Option<&str>) -> Option<(String, String)> {
    let (scheme, encoded) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn random_hex(state: &mut State) -> String {
    hex::encode(state.rng.random::<[u8; 20]>())
}

fn later(now: Millis, by: Duration) -> Millis {
    now.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}
