//! The page: everything that is needed seldom, one section each.

use axum::extract::State;
use axum::response::Response;
use engine::RunObstacle;
use maud::{Markup, html};
use secrecy::ExposeSecret;
use store::HookKind;

use super::file::Draft;
use super::force::Runs;
use super::rules::Choice;
use super::{config_of, file, force, rules};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// The page's parts: a word and where it begins.
const PARTS: [(&str, &str); 5] = [
    ("force", "force"),
    ("unsubscribes", "rules"),
    ("file", "config"),
    ("connection", "connection"),
    ("danger", "danger"),
];

/// What the page knows beside the shop.
pub struct PageData {
    /// The first synchronisation is over.
    pub first_done: bool,
    /// What keeps any run from being asked for.
    pub obstacle: Option<RunObstacle>,
    /// The runs that the page tells of.
    pub runs: Runs,
    /// Where SARE reports unsubscribes.
    sare_hook: Option<String>,
    /// When the shop last reported anything.
    shop_called: Option<i64>,
    /// When SARE last did.
    sare_called: Option<i64>,
}

impl PageData {
    /// Reads it.
    pub async fn load(app: &App, visit: &Visit) -> Result<Self, Error> {
        let shop = visit.shop.id;
        let first_done = engine::standing(&app.store, shop).await?.first_done;
        let sare = app.store.hook_of(shop, HookKind::Sare).await?;
        let shoper = app.store.hook_of(shop, HookKind::Shoper).await?;
        let (sare_called, token) = sare.map(|(hook, token)| (hook.last_at, token)).unzip();
        let public = app.settings.public_url.as_ref();
        Ok(Self {
            first_done,
            obstacle: app.engine.run_obstacle(&visit.shop).await?,
            runs: Runs::load(app, shop).await?,
            sare_hook: public
                .zip(token)
                .map(|(public, token)| public.sare_hook(token.expose_secret())),
            shop_called: shoper.and_then(|(hook, _)| hook.last_at),
            sare_called: sare_called.flatten(),
        })
    }
}

/// The page.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let choice = config_of(&visit.shop).map(|config| Choice::of(&config));
    page(&app, &visit, visit.done(), choice, None).await
}

/// The page with a form as somebody left it.
pub async fn page(
    app: &App,
    visit: &Visit,
    done: &str,
    choice: Option<Choice>,
    draft: Option<Draft>,
) -> Result<Response, Closed> {
    let data = PageData::load(app, visit)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let content = html! {
        @if let Some(text) = told(visit, done) { (parts::notice(Tone::Good, html! { p { (text) } })) }
        @if matches!(data.obstacle, Some(RunObstacle::NotConnected)) {
            (parts::notice(Tone::Warn, html! {
                p { (words.say("advanced.no-key")) }
                p { a href=(visit.link("connect")) { (words.say("advanced.connect")) } }
            }))
        }
        nav.lists aria-label=(words.say("advanced.parts")) {
            ul {
                @for (part, address) in PARTS {
                    li { a href={ "#" (address) } { (words.say_word("advanced-part", part)) } }
                }
            }
        }
        section #force {
            h2 { (words.say("advanced.force")) }
            (force::section(visit, &data))
        }
        @if let Some(choice) = &choice {
            section #rules {
                h2 { (words.say("advanced.rules")) }
                (rules::form(visit, choice))
            }
        }
        section #hook {
            h2 { (words.say("advanced.hook")) }
            (hook(visit, &data))
        }
        section #config {
            h2 { (words.say("advanced.config")) }
            (file::section(visit, draft.as_ref()))
        }
        div.columns {
            section #connection {
                h2 { (words.say("advanced.connection")) }
                (connection(visit))
            }
            section #technical {
                h2 { (words.say("advanced.technical")) }
                (technical(visit, &data))
            }
        }
        section.danger #danger {
            h2 { (words.say("advanced.danger")) }
            @if visit.shop.config.is_some() {
                p { (words.say("advanced.danger-disconnect")) }
                p { a.button.quiet href=(visit.link("advanced/disconnect")) { (words.say("advanced.disconnect")) } }
            }
            p { (words.say("advanced.danger-erase")) }
            p { a.button.quiet href=(visit.link("advanced/erase")) { (words.say("advanced.erase")) } }
        }
    };
    let title = words.say("advanced.title");
    Ok(layout::page(visit, Head::new("advanced", title), content))
}

fn told(visit: &Visit, done: &str) -> Option<&'static str> {
    let words = visit.words;
    Some(match done {
        "forced" => words.say("advanced.done-forced"),
        "rules" => words.say("advanced.done-rules"),
        "imported" => words.say("advanced.done-imported"),
        "restored" => words.say("advanced.done-restored"),
        "disconnected" => words.say("advanced.done-disconnected"),
        _ => return None,
    })
}

/// The address at which SARE reports unsubscribes, and what to do with it.
fn hook(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    html! {
        p { (words.say("advanced.hook-what")) }
        @match &data.sare_hook {
            Some(address) => {
                div.field {
                    label for="sare-hook" { (words.say("advanced.hook-address")) }
                    div.copied {
                        input id="sare-hook" type="text" readonly value=(address);
                        button.quiet type="button" hidden data-copy="sare-hook" data-copied=(words.say("advanced.copied")) {
                            (words.say("advanced.copy"))
                        }
                    }
                }
                ol {
                    li { (words.say("advanced.hook-step-1")) }
                    li { (words.say("advanced.hook-step-2")) }
                    li { (words.say("advanced.hook-step-3")) }
                }
                p.soft { (words.say("advanced.hook-secret")) }
            },
            None => p { (words.say("advanced.hook-none")) },
        }
    }
}

fn connection(visit: &Visit) -> Markup {
    let words = visit.words;
    let uid = config_of(&visit.shop).map(|config| config.sare.uid);
    html! {
        dl {
            dt { (words.say("advanced.shop")) }
            dd { (visit.shop.host) }
            @if let Some(uid) = uid {
                dt { (words.say("advanced.uid")) }
                dd { (uid) }
            }
        }
        div.actions {
            a.button.quiet href=(visit.link("connect")) { (words.say("advanced.change-key")) }
            a.button.quiet href=(visit.link("advanced/history")) { (words.say("advanced.history")) }
        }
    }
}

fn technical(visit: &Visit, data: &PageData) -> Markup {
    let (words, shop) = (visit.words, &visit.shop);
    let moment = |at: Option<i64>| match at {
        Some(at) => words.moment(at),
        None => words.say("advanced.never").to_owned(),
    };
    let unknown = || words.say("advanced.unknown").to_owned();
    let scopes = shop.scopes.as_deref().filter(|scopes| !scopes.is_empty());
    let scopes = scopes.map(|scopes| scopes.replace(',', ", "));
    html! {
        dl {
            dt { (words.say("advanced.version")) }
            dd { (env!("CARGO_PKG_VERSION")) }
            dt { (words.say("advanced.app-version")) }
            dd { (shop.app_version.map_or_else(unknown, |version| version.to_string())) }
            dt { (words.say("advanced.scopes")) }
            dd { (scopes.unwrap_or_else(unknown)) }
            dt { (words.say("advanced.shop-called")) }
            dd { (moment(data.shop_called)) }
            dt { (words.say("advanced.sare-called")) }
            dd { (moment(data.sare_called)) }
            dt { (words.say("advanced.config-version")) }
            dd { (shop.config_version) }
            dt { (words.say("advanced.shop-id")) }
            dd { (shop.id.0) }
        }
    }
}
