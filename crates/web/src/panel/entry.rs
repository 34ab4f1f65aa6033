//! `GET /panel`: the signed address with which the shop opens the panel becomes a session of our own
//! (shoper-api.md C).
//!
//! Browsers may or may not let a framed page keep a cookie, so the first answer sets one and sends the browser to the
//! same address again; whether the cookie comes back decides what the session is tied to (`session.rs`).

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use shoper_api::IframeEntry;
use shoper_api::signature::verify_iframe;
use shoper_api::time::moment;
use store::{Shop, ShopState};

use super::closed::Closed;
use super::session::{self, Cookie};
use super::words::Words;
use crate::error::Error;
use crate::state::App;

/// Marks the second time round.
const TRIED: &str = "cookie-tried";
/// Parameters an address may have.
const MOST_PARAMETERS: usize = 50;
/// How far ahead of ours the shop's clock may be.
const AHEAD_MS: i64 = 5 * 60_000;

/// Opens the panel.
pub async fn enter(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Closed> {
    let query = query.unwrap_or_default();
    let params: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .take(MOST_PARAMETERS)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let locale = params
        .iter()
        .find(|(name, _)| name == "translations")
        .map(|(_, value)| value.as_str());
    let words = Words::of_locale(locale);
    let secret = app
        .settings
        .appstore_secret
        .as_ref()
        .ok_or_else(|| Closed::of(words, Error::SwitchedOff))?;
    let entry = verify_iframe(&params, secret).map_err(|error| {
        tracing::warn!(%error, "the panel's address is not believed");
        metrics::counter!("shoper_sare_panel_refused_total").increment(1);
        Closed::signature(words)
    })?;
    if is_old(&app, &entry) {
        return Err(Closed::old(words));
    }
    let shop = app
        .store
        .find_shop(&entry.shop)
        .await
        .map_err(|error| Closed::of(words, error.into()))?;
    // Found by the very licence that was signed, and not by a host that looks like it.
    let Some(shop) = shop.filter(|shop| shop.license == entry.shop) else {
        return Err(Closed::unknown(words));
    };
    if matches!(shop.state, ShopState::Uninstalling | ShopState::Removed) {
        return Err(Closed::removed(words));
    }
    match Cookie::of(&app, &headers) {
        None if !params.iter().any(|(name, _)| name == TRIED) => {
            let cookie = Cookie::new(&app).set(&app);
            let mut response = redirect(&format!("/panel?{query}&{TRIED}=1"));
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(response)
        }
        cookie => open(&app, &shop, &entry, words, cookie)
            .await
            .map_err(|error| Closed::of(words, error)),
    }
}

async fn open(
    app: &App,
    shop: &Shop,
    entry: &IframeEntry,
    words: Words,
    cookie: Option<Cookie>,
) -> Result<Response, Error> {
    let admin = entry.admin.as_ref().map(|admin| admin.id.as_str());
    let path = session::begin(app, shop.id, words, admin, cookie.as_ref()).await?;
    tracing::info!(shop = %shop.id, cookie = cookie.is_some(), "the panel is opened");
    Ok(redirect(&path))
}

/// Whether the address is older than the operator allows. Nobody has published how its time is written, so one that
/// cannot be read is let pass (shoper-api.md H.8).
fn is_old(app: &App, entry: &IframeEntry) -> bool {
    let Some(limit) = app.settings.panel_link_max_age else {
        return false;
    };
    let limit = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
    moment(&entry.timestamp).is_some_and(|made| {
        let age = app.now() - made;
        age > limit || age < -AHEAD_MS
    })
}

fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Error::NoSuchPage.into_response(),
    }
}
