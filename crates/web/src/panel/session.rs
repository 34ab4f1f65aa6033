//! Sessions of the panel: what a page needs to know of its visitor, and proof that a form is the visitor's own.
//!
//! Inside a frame a cookie may be kept from us, so a session is carried by the page's address:
//! `/panel/s/{session}/…`. Addresses can be overlooked and written to a proxy's log, so where the browser lets us keep
//! a cookie the session is tied to it as well, and the address alone opens nothing. Only a hash of both is stored.
//! Addresses leave the page neither by referrer (`Referrer-Policy`) nor by our own log (`layers.rs`). Every form
//! carries a token of its session, and the session ends with its time or with the app's removal.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use store::{RunKind, Session, Shop, ShopState};
use sync_core::config::Config;
use sync_core::{Healer, Lang, ProblemKind, ShopId};
use texts::Words;

use super::assets;
use super::closed::Closed;
use crate::bearer;
use crate::error::Error;
use crate::state::App;

/// Hexadecimal digits of a token.
const TOKEN_LEN: usize = 64;
/// How browsers tell a page's own requests from others' (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn token(app: &App) -> String {
    hex::encode((app.entropy)())
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LEN
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

/// The cookie that sessions of this browser are tied to.
pub struct Cookie(SecretString);

impl Cookie {
    /// A new one.
    pub fn new(app: &App) -> Self {
        Self(token(app).into())
    }

    /// The one the browser sent.
    pub fn of(app: &App, headers: &HeaderMap) -> Option<Self> {
        let name = Self::name(app);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, value)| *found == name && is_token(value))
            .map(|(_, value)| Self(value.into()))
    }

    /// Browsers take a name with `__Host-` only over HTTPS, for this very host and for all of its paths. Where we have
    /// but a path of the host, what else is served there is not sent our cookie.
    fn name(app: &App) -> &'static str {
        if app.settings.is_plain_http() {
            "panel"
        } else if app.settings.base_path().is_empty() {
            "__Host-panel"
        } else {
            "__Secure-panel"
        }
    }

    /// `Set-Cookie`. Framed by another site, a browser keeps it only when it is partitioned by that site.
    pub fn set(&self, app: &App) -> HeaderValue {
        let kind = if app.settings.is_plain_http() {
            "SameSite=Lax"
        } else {
            "SameSite=None; Secure; Partitioned"
        };
        let text = format!(
            "{}={}; Path={}/; HttpOnly; {kind}",
            Self::name(app),
            self.0.expose_secret(),
            app.settings.base_path()
        );
        let mut value = HeaderValue::try_from(text).expect("a token is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

/// What is hashed and stored: the address's token, and the cookie's where there is one.
fn stored(path: &str, cookie: Option<&Cookie>) -> SecretString {
    match cookie {
        Some(cookie) => format!("{path}.{}", cookie.0.expose_secret()).into(),
        None => path.into(),
    }
}

/// Begins a session and gives the address of its first page.
pub async fn begin(
    app: &App,
    shop: ShopId,
    words: Words,
    admin: Option<&str>,
    cookie: Option<&Cookie>,
) -> Result<String, Error> {
    let path = token(app);
    let now = app.now();
    let life = ports::millis(app.settings.session_life);
    let session = Session {
        shop,
        admin: admin.map(str::to_owned),
        csrf: token(app),
        locale: words.tag().to_owned(),
        expires_at: now + life,
    };
    app.store
        .put_session(stored(&path, cookie).expose_secret(), &session, now)
        .await?;
    Ok(address(app, &path))
}

/// Where the pages of a session are.
fn address(app: &App, path: &str) -> String {
    format!("{}/panel/s/{path}/", app.settings.base_path())
}

/// A person at a page: their shop, their language, and where they are.
pub struct Visit {
    pub shop: Shop,
    /// Their language.
    pub words: Words,
    /// The administrator's number in the shop, where the shop proved it.
    pub admin: Option<String>,
    token: SecretString,
    csrf: SecretString,
    base: SecretString,
    /// The path that every address of ours begins with.
    root: String,
    here: Option<String>,
    told: Option<String>,
    /// The first synchronisation is under way or over: the pages of every day are there.
    pub has_begun: bool,
    /// Causes of problems that somebody has to do something about.
    pub to_solve: usize,
}

impl Visit {
    /// The page's own address, where it has one: the answer to a form has none. What was just done is not told again.
    pub fn here(&self) -> Option<&str> {
        self.here.as_deref()
    }

    /// What was just done, by its word: what led here said so, and it is told once. An address alone says nothing.
    pub fn done(&self) -> &str {
        let word = self.told.as_deref().and_then(|told| told.split_once(' '));
        word.map_or("", |(_, word)| word)
    }

    /// Sends the browser to a page that tells what was done: `page` is its address with `done=` in it.
    pub async fn redirect_done(&self, app: &App, page: &str) -> Result<Response, Closed> {
        let (path, query) = page.split_once('?').unwrap_or((page, ""));
        if let Some(told) = told_in(path, query) {
            self.tell(app, &told).await?;
        }
        Ok(self.redirect(page))
    }

    /// This page leads to another one that tells what was done in its place.
    pub async fn tell_later(&self, app: &App) -> Result<(), Closed> {
        match &self.told {
            Some(told) => self.tell(app, told).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, app: &App, told: &str) -> Result<(), Closed> {
        let kept = app.store.put_told(self.token.expose_secret(), told).await;
        kept.map_err(|error| self.closed(error))
    }

    /// Who this is, for the history of configurations.
    pub fn who(&self) -> String {
        match &self.admin {
            Some(admin) => format!("admin {admin}"),
            None => "panel".to_owned(),
        }
    }

    /// What the session is stored under.
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// The address of a page, such as `overview/live`; the empty one is the first page.
    pub fn link(&self, page: &str) -> String {
        format!("{}{page}", self.base.expose_secret())
    }

    /// The shop's configuration, where there is one that can be read.
    pub fn config(&self) -> Option<Config> {
        let text = self.shop.config.as_deref()?;
        Config::parse(text).ok().map(|parsed| parsed.config)
    }

    /// The address of a file of the panel.
    pub fn asset(&self, file: &str) -> String {
        assets::address(&self.root, file)
    }

    /// A form that posts to `page`.
    pub fn form(&self, page: &str, content: Markup) -> Markup {
        html! {
            form method="post" action=(self.link(page)) {
                input type="hidden" name="csrf" value=(self.csrf.expose_secret());
                (content)
            }
        }
    }

    /// A form whose changes are not left unsaved by mistake. `unsaved`: it comes back with some already.
    pub fn guarded_form(&self, page: &str, unsaved: bool, content: Markup) -> Markup {
        html! {
            form method="post" action=(self.link(page)) data-guard data-unsaved[unsaved] novalidate {
                input type="hidden" name="csrf" value=(self.csrf.expose_secret());
                (content)
            }
        }
    }

    /// Sends the browser to a page, after a form was dealt with.
    pub fn redirect(&self, page: &str) -> Response {
        Redirect::to(&self.link(page)).into_response()
    }

    /// What went wrong, told to this person.
    pub fn closed(&self, error: impl Into<Error>) -> Closed {
        Closed::of(self.words, error.into())
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Closed> {
        let unknown = Words::of_locale(None);
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Closed::session(unknown))?;
        let path = params
            .iter()
            .find(|(name, _)| *name == "session")
            .map(|(_, value)| value.to_owned());
        let path = path
            .filter(|path| is_token(path))
            .ok_or_else(|| Closed::session(unknown))?;
        let cookie = Cookie::of(app, &parts.headers);
        let found = find(app, &path, cookie.as_ref())
            .await
            .map_err(|error| Closed::of(unknown, error))?;
        let Some((session, token)) = found else {
            return Err(Closed::session(unknown));
        };
        let words = Words(if session.locale == "en" {
            Lang::En
        } else {
            Lang::Pl
        });
        let shop = app
            .store
            .shop(session.shop)
            .await
            .map_err(|error| Closed::of(words, error.into()))?;
        let shop = shop.filter(|shop| !matches!(shop.state, ShopState::Uninstalling | ShopState::Removed));
        let shop = shop.ok_or_else(|| Closed::removed(words))?;
        note_watched(app, &shop).await;
        let told = match told_at(parts) {
            Some(told) => {
                let taken = app.store.take_told(token.expose_secret(), &told).await;
                taken
                    .map_err(|error| Closed::of(words, error.into()))?
                    .then_some(told)
            }
            None => None,
        };
        let failed = |error: store::Error| Closed::of(words, error.into());
        let (lane, active, kinds) = tokio::try_join!(
            engine::standing(&app.store, shop.id),
            app.store.active_run(shop.id),
            app.store.kinds_of_problems(shop.id)
        )
        .map_err(failed)?;
        let needs_somebody = |kind: &&ProblemKind| kind.healer() != Healer::Itself;
        Ok(Self {
            told,
            has_begun: lane.first_done || active.is_some_and(|run| run.kind == RunKind::First),
            to_solve: kinds.iter().filter(needs_somebody).count(),
            shop,
            words,
            admin: session.admin,
            token,
            csrf: session.csrf.into(),
            here: (parts.method == Method::GET).then(|| here(&parts.uri)).flatten(),
            base: address(app, &path).into(),
            root: app.settings.base_path().to_owned(),
        })
    }
}

/// What is kept of something done: the page that tells it, and its word.
fn told_in(page: &str, query: &str) -> Option<String> {
    let word = query.split('&').find_map(|pair| pair.strip_prefix("done="))?;
    Some(format!("{page} {word}"))
}

/// What the address of a page that is opened wants to tell.
fn told_at(parts: &Parts) -> Option<String> {
    if parts.method != Method::GET {
        return None;
    }
    told_in(parts.uri.path().splitn(5, '/').nth(4)?, parts.uri.query()?)
}

/// What of a page's address follows the session.
fn here(uri: &Uri) -> Option<String> {
    let page = uri.path().splitn(5, '/').nth(4)?;
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("done="))
        .collect();
    Some(match kept.as_slice() {
        [] => page.to_owned(),
        kept => format!("{page}?{}", kept.join("&")),
    })
}

/// Whoever looks gets to see what is true now: the shop and SARE are asked at once. A ledger that cannot be written keeps
/// nobody from looking.
async fn note_watched(app: &App, shop: &Shop) {
    let now = app.now();
    if shop.watched_at.is_some_and(|at| at <= now && at + 60_000 > now) {
        return;
    }
    match app.store.watched(shop.id, now).await {
        Ok(true) => app.wake.notify_one(),
        Ok(false) => {}
        Err(error) => tracing::warn!(shop = %shop.id, %error, "a visit cannot be noted"),
    }
}

/// Finds the session by address and cookie, or by the address alone where it was begun without a cookie.
async fn find(
    app: &App,
    path: &str,
    cookie: Option<&Cookie>,
) -> Result<Option<(Session, SecretString)>, Error> {
    let now = app.now();
    if cookie.is_some() {
        let token = stored(path, cookie);
        if let Some(session) = app.store.session(token.expose_secret(), now).await? {
            return Ok(Some((session, token)));
        }
    }
    let session = app.store.session(path, now).await?;
    Ok(session.map(|session| (session, path.into())))
}

/// Says that the server is there and the session is not over: the page's script asks before it leaves the page.
pub async fn alive(_: Visit) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// A form that was posted from a page of this very session.
pub struct Posted {
    /// Who posted it.
    pub visit: Visit,
    /// What it says.
    pub fields: Fields,
}

/// A form's fields, in their order; a name may come more than once, as in the rows of a table.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(body: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first value under `name`, without white space around it; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// All values under `name`, in their order, without white space around them: one for each row of a table.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value.trim())
            .collect()
    }

    /// Whether a box under `name` is ticked.
    pub fn is_on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }
}

impl FromRequest<App> for Posted {
    type Rejection = Closed;

    async fn from_request(request: Request, app: &App) -> Result<Self, Closed> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let forged = || Closed::forged(visit.words);
        let site = parts.headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
        if site.is_some_and(|site| site != b"same-origin") {
            return Err(forged());
        }
        let body = Bytes::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|_| forged())?;
        let fields = Fields::parse(&body);
        if !bearer::same(fields.get("csrf"), visit.csrf.expose_secret()) {
            return Err(forged());
        }
        Ok(Self { visit, fields })
    }
}
