//! How the right to ask a shop is got and kept (shoper-api.md B).
//!
//! A refresh token works once, so whoever calls [`refresh`] must be alone in it and store the new pair
//! before using it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use ports::Transport;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::form_urlencoded;

use crate::answer::Answer;
use crate::client::{request, send};
use crate::error::Error;
use crate::shop_url::ShopUrl;
use crate::wire::lenient;

/// The app's OAuth identity, from the developer panel.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// The app's id, which lifecycle messages call `application_code`.
    pub app_id: String,
    /// The app's secret; not the AppStore secret that signs (shoper-api.md A.3).
    pub app_secret: SecretString,
}

/// The right to ask a shop.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Goes with every call.
    pub access_token: SecretString,
    /// Gets the next pair, once. Administrators have none.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lasts from now; `None` where the shop does not say.
    pub expires_in: Option<Duration>,
    /// What was granted, as far as the shop says; not to be depended on (shoper-api.md G).
    pub scope: Vec<String>,
}

/// Exchanges the code of an `install` message for tokens.
///
/// # Errors
/// [`Error::Invalid`] with `invalid_grant` for a code that is spent or unknown; any [`Error`].
pub async fn exchange_code(
    transport: &dyn Transport,
    url: &ShopUrl,
    app: &AppCredentials,
    code: &SecretString,
) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.expose_secret()),
    ];
    token(transport, url, app, &form).await
}

/// Exchanges a refresh token for a new pair; the old pair ends with it.
///
/// # Errors
/// [`Error::Invalid`] with `invalid_grant` for a token that is spent or unknown; any [`Error`].
pub async fn refresh(
    transport: &dyn Transport,
    url: &ShopUrl,
    app: &AppCredentials,
    refresh_token: &SecretString,
) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose_secret()),
    ];
    token(transport, url, app, &form).await
}

/// Logs an administrator in, who must be in a group with WebAPI access (shoper-api.md B.2).
///
/// # Errors
/// [`Error::Unauthorized`] with `auth_failure`, `auth_ip_not_allowed` or `auth_webapi_access_denied`; any
/// [`Error`].
pub async fn admin_login(
    transport: &dyn Transport,
    url: &ShopUrl,
    login: &str,
    password: &SecretString,
) -> Result<Tokens, Error> {
    let request = request(Method::POST, url, "auth")
        .header(header::AUTHORIZATION, basic(login, password))
        .header(header::CONTENT_LENGTH, 0);
    let answer = send(transport, url, "auth", request, Bytes::new(), None).await?;
    read(&answer)
}

async fn token(
    transport: &dyn Transport,
    url: &ShopUrl,
    app: &AppCredentials,
    form: &[(&str, &str)],
) -> Result<Tokens, Error> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = request(Method::POST, url, "oauth/token")
        .header(header::AUTHORIZATION, basic(&app.app_id, &app.app_secret))
        .header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
    let answer = send(transport, url, "oauth", request, body.into(), None).await?;
    read(&answer)
}

fn basic(name: &str, secret: &SecretString) -> HeaderValue {
    let pair = BASE64_STANDARD.encode(format!("{name}:{}", secret.expose_secret()));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).expect("Base64 fits into a header");
    value.set_sensitive(true);
    value
}

#[derive(Deserialize)]
struct Wire {
    #[serde(deserialize_with = "lenient::text")]
    access_token: String,
    #[serde(default, deserialize_with = "lenient::filled")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "lenient::texts")]
    scope: Vec<String>,
}

fn read(answer: &Answer) -> Result<Tokens, Error> {
    let wire: Wire = answer.decode("tokens")?;
    if wire.access_token.is_empty() {
        return Err(answer.not_understood("tokens"));
    }
    let names = wire
        .scope
        .iter()
        .flat_map(|scope| scope.split([',', ' ']))
        .map(str::trim);
    Ok(Tokens {
        scope: names.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        access_token: wire.access_token.into(),
        refresh_token: wire.refresh_token.map(SecretString::from),
        expires_in: wire
            .expires_in
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
    })
}
