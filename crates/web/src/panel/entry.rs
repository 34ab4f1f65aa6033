//! `GET` or `POST /panel`: the signed address with which the shop opens the panel becomes a session of our own
//! (shoper-api.md C).
//!
//! Browsers may or may not let a framed page keep a cookie, so the first answer sets one and sends the browser to the
//! same address again; whether the cookie comes back decides what the session is tied to (`session.rs`).

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use shoper_api::IframeEntry;
use shoper_api::signature::verify_iframe;
use shoper_api::time::moment;
use store::{Shop, ShopState};
use texts::Words;

use super::closed::Closed;
use super::session::{self, Cookie};
use crate::error::Error;
use crate::state::App;

/// Marks the second time round.
const TRIED: &str = "cookie-tried";
/// Parameters an address or a form may have.
const MOST_PARAMETERS: usize = 50;
/// Bytes of a form that are read.
const LONGEST_FORM: usize = 16 * 1024;
/// How far ahead of ours the shop's clock may be.
const AHEAD_MS: i64 = 5 * 60_000;

/// Opens the panel. Who only asks whether it is there begins no session.
pub async fn enter(
    State(app): State<App>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Closed> {
    if method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    let params = parameters(query.unwrap_or_default().as_bytes());
    begin(&app, params, &headers).await
}

/// Opens the panel for a shop that posts what others ask for in the address (shoper-api.md I). What proves the shop is
/// the same, and so is all that comes of it: a session, and nothing that is done.
pub async fn enter_by_form(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Closed> {
    let query = query.unwrap_or_default();
    let mut params = parameters(query.as_bytes());
    // What stands in both is said once.
    let posted = parameters(&body[..body.len().min(LONGEST_FORM)]);
    let more: Vec<_> = posted.into_iter().filter(|pair| !params.contains(pair)).collect();
    params.extend(more);
    begin(&app, params, &headers).await
}

fn parameters(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text)
        .take(MOST_PARAMETERS)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

async fn begin(app: &App, params: Vec<(String, String)>, headers: &HeaderMap) -> Result<Response, Closed> {
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
    let is_old = is_old(app, &shop, &entry).await;
    if is_old.map_err(|error| Closed::of(words, error))? {
        return Err(Closed::old(words));
    }
    match Cookie::of(app, headers) {
        None if !params.iter().any(|(name, _)| name == TRIED) => {
            let cookie = Cookie::new(app).set(app);
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&params)
                .append_pair(TRIED, "1")
                .finish();
            let mut response = redirect(&format!("{}/panel?{query}", app.settings.base_path()));
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(response)
        }
        cookie => open(app, &shop, &entry, words, cookie)
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
    let words = match app.store.chosen_language(shop.id, admin).await? {
        Some(chosen) => Words::of_locale(Some(&chosen)),
        None => words,
    };
    let path = session::begin(app, shop.id, words, admin, cookie.as_ref()).await?;
    tracing::info!(shop = %shop.id, cookie = cookie.is_some(), "the panel is opened");
    Ok(redirect(&path))
}

/// Whether the address is older than the operator allows. Nobody has published how its time is written (shoper-api.md
/// H.8): one that cannot be read counts as made when the address was used for the first time.
async fn is_old(app: &App, shop: &Shop, entry: &IframeEntry) -> Result<bool, Error> {
    let limit = ports::millis(app.settings.panel_link_max_age);
    let now = app.now();
    let made = match moment(&entry.timestamp) {
        Some(made) => made,
        None => {
            let link = format!("{}\n{}", entry.place, entry.timestamp);
            app.store.link_first_used(shop.id, &link, now).await?
        }
    };
    Ok(now - made > limit || made - now > AHEAD_MS)
}

fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Error::NoSuchPage.into_response(),
    }
}
