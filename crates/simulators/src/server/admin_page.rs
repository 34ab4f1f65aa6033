//! A page that plays the shop's administration with the app in a frame (shoper-api.md C), for browsers.
//!
//! The page, its own script and style, the script that plays Shoper's SDK, and the style sheets that the SDK names are
//! files in `admin_page/`. The app's frame stays hidden until the app asks to be shown; where the app's SDK cannot be
//! loaded, or is the real one, nobody asks, and the page shows the frame by itself after a while. The routes are listed
//! in [`crate::server`].

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use ports::Response;

use crate::shoper::{Admin, Shop, form};

const PAGE: &str = include_str!("admin_page/page.html");
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// What follows `/_sim/admin/`, its type and content.
const FILES: &[(&str, &str, &str)] = &[
    ("page.js", JS, include_str!("admin_page/page.js")),
    ("page.css", CSS, include_str!("admin_page/page.css")),
    ("sdk.js", JS, include_str!("admin_page/sdk.js")),
    ("styles.css", CSS, include_str!("admin_page/styles.css")),
    ("new-styles.css", CSS, include_str!("admin_page/new-styles.css")),
];

/// Milliseconds after which the frame is shown though nobody asked.
const SHOW_AFTER_MS: u32 = 4_000;

/// What the page's address says.
struct Options {
    /// `pl` or `en`.
    lang: &'static str,
    /// Scheme, host and port of the app.
    app: Option<String>,
    /// How the SDK's `init` ends: `ok`, `fail`, or `silent` (never).
    init: &'static str,
    /// Which style sheets it names: `both`, `old`, `none`, or `missing` (names that lead nowhere).
    styles: &'static str,
    show_after_ms: u32,
    /// The number of the administrator who looks.
    admin: i64,
}

impl Options {
    fn read(query: &str) -> Self {
        let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> =
            url::form_urlencoded::parse(query.as_bytes()).collect();
        let get = |name: &str| {
            pairs
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| &**value)
        };
        let one_of = |name: &str, words: &[&'static str]| {
            let given = get(name);
            words
                .iter()
                .copied()
                .find(|word| given == Some(*word))
                .unwrap_or(words[0])
        };
        Self {
            lang: one_of("lang", &["pl", "en"]),
            app: get("app").and_then(origin),
            init: one_of("init", &["ok", "fail", "silent"]),
            styles: one_of("styles", &["both", "old", "none", "missing"]),
            show_after_ms: get("show_after")
                .and_then(|ms| ms.parse().ok())
                .unwrap_or(SHOW_AFTER_MS),
            admin: get("admin").and_then(|id| id.parse().ok()).unwrap_or(1),
        }
    }
}

/// Answers `GET /_sim/admin` and what is below it; `None` when there is nothing under that name.
pub(super) fn answer(shop: &Shop, route: &str, query: &str) -> Option<Response> {
    let file = route.strip_prefix("admin")?;
    if file.is_empty() {
        return Some(page(shop, &Options::read(query)));
    }
    let file = file.strip_prefix('/')?;
    let (_, kind, content) = FILES.iter().find(|(name, ..)| *name == file)?;
    Some(response(kind, Bytes::from_static(content.as_bytes())))
}

fn page(shop: &Shop, options: &Options) -> Response {
    let polish = options.lang == "pl";
    let say = |pl: &'static str, en: &'static str| if polish { pl } else { en };
    let app = options.app.clone().or_else(|| app_of_webhooks(shop));
    let frame = app.map(|app| format!("{app}/panel?{}", query(shop, polish, options.admin)));
    let values: &[(&str, &str)] = &[
        ("lang", options.lang),
        ("shop", &shop.settings().shop_name),
        ("title", say("Panel administracyjny", "Administration")),
        ("menu", say("Menu sklepu", "Shop menu")),
        ("dashboard", say("Pulpit", "Dashboard")),
        ("orders", say("Zamówienia", "Orders")),
        ("products", say("Produkty", "Products")),
        ("clients", say("Klienci", "Customers")),
        ("extras", say("Dodatki i integracje", "Extras and integrations")),
        ("apps", say("Moje aplikacje", "My applications")),
        ("loading", say("Aplikacja się otwiera…", "The app is opening…")),
        (
            "nowhere",
            say(
                "Nie wiadomo, gdzie jest aplikacja: nie jest zainstalowana, a adresu nie podano (app=…).",
                "Nobody knows where the app is: it is not installed, and no address was given (app=…).",
            ),
        ),
        ("app", frame.as_deref().unwrap_or_default()),
        ("init", options.init),
        ("styles", options.styles),
        ("show-after", &options.show_after_ms.to_string()),
    ];
    let text = values.iter().fold(PAGE.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), &escape(value))
    });
    response(HTML, Bytes::from(text))
}

/// The signed query with which the shop opens the app's panel, in the page's language.
fn query(shop: &Shop, polish: bool, admin: i64) -> String {
    let admin = Admin {
        id: admin,
        name: "Administrator".to_owned(),
    };
    let mut params = shop.iframe_query("dashboard", Some(admin));
    for (name, value) in &mut params {
        // It is not signed (shoper-api.md C.2).
        if name == "translations" {
            *value = if polish { "pl_PL" } else { "en_US" }.to_owned();
        }
    }
    form(&params)
}

/// Where the app is, as its own webhooks tell.
fn app_of_webhooks(shop: &Shop) -> Option<String> {
    shop.webhooks()
        .iter()
        .filter(|webhook| webhook.by_app)
        .find_map(|webhook| origin(&webhook.url))
}

fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    url.origin()
        .is_tuple()
        .then(|| url.origin().ascii_serialization())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn response(kind: &'static str, body: Bytes) -> Response {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::OK;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // The query in it is signed anew each time.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
