//! The connection: to which account, where SARE reports unsubscribes, and what support asks for.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use secrecy::ExposeSecret;
use store::HookKind;

use super::config_of;
use super::frame::{self, Part};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::session::Visit;
use crate::state::App;

/// What the page knows beside the shop.
struct PageData {
    /// Where SARE reports unsubscribes.
    sare_hook: Option<String>,
    /// When the shop last reported anything.
    shop_called: Option<i64>,
    /// When SARE last did.
    sare_called: Option<i64>,
}

impl PageData {
    async fn load(app: &App, visit: &Visit) -> Result<Self, Error> {
        let shop = visit.shop.id;
        let sare = app.store.hook_of(shop, HookKind::Sare).await?;
        let shoper = app.store.hook_of(shop, HookKind::Shoper).await?;
        let (sare_called, token) = sare.map(|(hook, token)| (hook.last_at, token)).unzip();
        let public = app.settings.public_url.as_ref();
        Ok(Self {
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
    let words = visit.words;
    let data = PageData::load(&app, &visit).await;
    let data = data.map_err(|error| visit.closed(error))?;
    let content = html! {
        section {
            h2 { (words.say("advanced.connection")) }
            (connected(&visit))
        }
        section {
            h2 { (words.say("advanced.hook")) }
            (hook(&visit, &data))
        }
        section {
            h2 { (words.say("advanced.technical")) }
            (technical(&visit, &data))
        }
    };
    frame::page(&app, &visit, Part::Connection, visit.done(), content).await
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
                        button.quiet.scripted type="button" data-copy="sare-hook" data-copied=(words.say("advanced.copied")) {
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

fn connected(visit: &Visit) -> Markup {
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
        div.actions { a.button href=(visit.link("connect")) { (words.say("advanced.change-key")) } }
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
